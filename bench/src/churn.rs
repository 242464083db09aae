//! Churn: an allocator that is nearly full, random blocks freed and blocks of random orders allocated.
//!
//! The steps are found by doing them once, since who is refused goes another way than who is served. Then they are done
//! again, and nothing but the allocator is at work while they are counted.

use stalemap_harness::Random;

use crate::callgrind::count;
use crate::frames::{Frames, SEED};

/// What churn is made of.
#[derive(Clone, Copy)]
pub(crate) struct Churn {
    pub(crate) frames: u32,
    /// Half of the requests are for single frames, a quarter for pairs, and so on up to this order.
    pub(crate) highest: u32,
    /// How many hundredths of the frames are used.
    pub(crate) full: u32,
}

/// Steps after the allocator was filled.
const STEPS: usize = 100_000;

/// Counts the steps.
pub(crate) fn churn<F: Frames>(name: &str, churn: Churn) {
    let plan = Planner::<F>::new(churn, false).make();
    let mut allocator = F::new(churn.frames);
    let mut slots = vec![None; plan.slots as usize];
    let (before, counted) = plan.steps.split_at(plan.filling);
    replay(&mut allocator, before, &mut slots);
    count(name, || {
        replay(&mut allocator, counted, &mut slots);
        let steps = u64::try_from(counted.len()).expect("a few steps");
        (steps, if plan.refused > 0 { format!("{} refused", plan.refused) } else { String::new() })
    });
}

/// How many requests were refused in all steps, and how many of them although a run of free frames was there.
pub(crate) fn refusals<F: Frames>(churn: Churn) -> [u32; 2] {
    let plan = Planner::<F>::new(churn, true).make();
    [plan.refused, plan.unjust]
}

#[derive(Clone, Copy)]
enum Step {
    Allocate { slot: u32, order: u8 },
    Free { slot: u32, order: u8 },
}

fn replay<F: Frames>(allocator: &mut F, steps: &[Step], slots: &mut [Option<F::Block>]) {
    for &step in steps {
        match step {
            Step::Allocate { slot, order } => slots[slot as usize] = allocate(allocator, order),
            Step::Free { slot, order } => {
                free(allocator, slots[slot as usize].expect("the same steps have the same result"), order);
            }
        }
    }
}

#[inline]
fn allocate<F: Frames>(allocator: &mut F, order: u8) -> Option<F::Block> {
    if order == 0 { allocator.allocate_one() } else { allocator.allocate(order.into()) }
}

#[inline]
fn free<F: Frames>(allocator: &mut F, block: F::Block, order: u8) {
    if order == 0 { allocator.free_one(block) } else { allocator.free(block, order.into()) }
}

#[derive(Default)]
struct Plan {
    steps: Vec<Step>,
    /// How many of them fill the allocator before the churn.
    filling: usize,
    slots: u32,
    refused: u32,
    /// Refused although a run of free frames was there; 0 where nobody looks.
    unjust: u32,
}

/// Does the steps for the first time.
struct Planner<F: Frames> {
    churn: Churn,
    allocator: F,
    random: Random,
    plan: Plan,
    used: u64,
    held: Vec<(u32, u8, F::Block)>,
    free_slots: Vec<u32>,
    map: Option<Map>,
}

impl<F: Frames> Planner<F> {
    fn new(churn: Churn, checked: bool) -> Self {
        Planner {
            churn,
            allocator: F::new(churn.frames),
            random: Random::new(SEED, 0),
            plan: Plan::default(),
            used: 0,
            held: Vec::new(),
            free_slots: Vec::new(),
            map: checked.then(|| Map::of::<F>(churn.frames)),
        }
    }

    fn make(mut self) -> Plan {
        let full = u64::from(self.churn.frames) * u64::from(self.churn.full) / 100;
        while self.used < full {
            self.allocate();
        }
        self.plan.filling = self.plan.steps.len();
        while self.plan.steps.len() < self.plan.filling + STEPS {
            if self.used < full { self.allocate() } else { self.free() }
        }
        self.plan
    }

    fn allocate(&mut self) {
        let order = self.random.bits().trailing_zeros().min(self.churn.highest).to_le_bytes()[0];
        let slot = self.free_slots.pop().unwrap_or_else(|| {
            self.plan.slots += 1;
            self.plan.slots - 1
        });
        self.plan.steps.push(Step::Allocate { slot, order });
        let Some(block) = allocate(&mut self.allocator, order) else {
            self.plan.refused += 1;
            self.plan.unjust += u32::from(self.map.as_ref().is_some_and(|map| map.has_run(order)));
            self.free_slots.push(slot);
            return;
        };
        self.used += 1 << order;
        if let Some(map) = &mut self.map {
            map.set(self.allocator.number(block), order, true);
        }
        self.held.push((slot, order, block));
    }

    fn free(&mut self) {
        let chosen = self.random.below(u32::try_from(self.held.len()).expect("fewer blocks than frames"));
        let (slot, order, block) = self.held.swap_remove(chosen as usize);
        if let Some(map) = &mut self.map {
            map.set(self.allocator.number(block), order, false);
        }
        free(&mut self.allocator, block, order);
        self.used -= 1 << order;
        self.free_slots.push(slot);
        self.plan.steps.push(Step::Free { slot, order });
    }
}

/// Which frames are used, to judge refusals by.
struct Map {
    used: Vec<bool>,
}

impl Map {
    /// The frames that an allocator of this size hands out when it is asked for one after the other, all free.
    fn of<F: Frames>(frames: u32) -> Map {
        let mut allocator = F::new(frames);
        let mut map = Map { used: Vec::new() };
        while let Some(block) = allocator.allocate_one() {
            let frame = allocator.number(block) as usize;
            if map.used.len() <= frame {
                map.used.resize(frame + 1, true);
            }
            assert!(map.used[frame], "a frame is handed out once");
            map.used[frame] = false;
        }
        map
    }

    fn set(&mut self, frame: u32, order: u8, used: bool) {
        let run = &mut self.used[frame as usize..frame as usize + (1 << order)];
        assert!(run.iter().all(|&was| was != used), "a frame has one owner");
        run.fill(used);
    }

    /// Whether 2^order frames that lie together, aligned, are free.
    fn has_run(&self, order: u8) -> bool {
        self.used.chunks_exact(1 << order).any(|run| !run.contains(&true))
    }
}
