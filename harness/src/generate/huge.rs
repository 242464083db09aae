//! Executions on machines with huge pages: whole groups and parts of them, advised early, with scarce runs of frames.

use stalemap_operations::{Act, Dialect, Field, Machine, Program};

use super::{Generator, Settings};
use crate::generator_state::GeneratorState;
use crate::large_world::{self, LargeWorld};
use crate::random::Random;
use crate::sample::{Given, operation};

/// One execution of so many is on a machine with huge pages.
pub(super) const SHARE: u32 = 6;

/// What decides it is another sequence than that of the execution, so that all others are what they were without such machines.
const STREAM: u64 = 0x6875_6765;

/// The same for those that are large worlds.
const LARGE_STREAM: u64 = 0x6C61_7267;

/// One execution with huge pages of so many is a large world.
const LARGE_SHARE: u32 = large_world::SHARE / 8;

/// The machine with huge pages of an execution, and the sequence that makes it.
pub(super) struct Drawn {
    machine: Machine,
    large: Option<LargeWorld>,
    random: Random,
}

/// What the execution with this index is made of, if it is one on a machine with huge pages.
pub(super) fn draw(settings: &Settings, draws_huge: bool, seed: u64, index: u64) -> Option<Drawn> {
    if let Some(machine) = settings.machine {
        return machine.huge().is_some().then(|| Drawn { machine, large: None, random: Random::new(seed, index) });
    }
    if !draws_huge {
        return None;
    }
    let mut random = Random::new(seed ^ STREAM, index);
    let is_huge = settings.has_huge_always() || random.chance(1, SHARE);
    let machine = if is_huge { machine(settings, &mut random) } else { None };
    let machine = machine?;
    let large = large(settings, machine.rules(), Random::new(seed ^ LARGE_STREAM, index));
    Some(Drawn { machine: large.map_or(machine, |large| large.machine), large, random })
}

/// Now and then a large world, where nothing limits the machine.
fn large(settings: &Settings, rules: Dialect, mut random: Random) -> Option<LargeWorld> {
    let orders = settings.huge.filter(|_| settings.limits_no_machine())?;
    random.chance(1, LARGE_SHARE).then(|| LargeWorld::sample_huge(orders, rules, &mut random))
}

/// A machine of a few groups, most often under the rules of the kernel that migrates large folios as a whole. None where the
/// largest one that may be drawn has no huge pages.
pub(super) fn machine(settings: &Settings, random: &mut Random) -> Option<Machine> {
    let orders = settings.huge?;
    let order = match random.below(8) {
        0..=4 => 1,
        5..=6 => 2,
        _ => 3,
    };
    let order = order.clamp(orders.lowest, orders.highest);
    let rules = match random.below(12) {
        0 => Dialect::Linux6_1,
        1 => Dialect::Linux6_12,
        _ => Dialect::Linux7_3,
    };
    let group = 1 << order;
    // So few that runs are wanting, and frames beside the last run.
    let ram = group * (1 + random.below(5)) + random.below(group + 4);
    let device = |random: &mut Random| match random.below(4) {
        0 => 1 + random.below(group),
        1 => group + random.below(group),
        _ => group * (1 + random.below(3)) + random.below(2),
    };
    let frames = match random.below(8) {
        0 => [ram, 0, 0],
        1..=4 => [ram, device(random), 0],
        _ => [ram, device(random), device(random)],
    };
    let spaces = [1, 2, 2, 2, 3, 3, 3, 4][random.below(8) as usize];
    let pages = group * (1 + random.below(3)) + random.below(group);
    let machine = Machine::new(frames, spaces, pages, rules).expect("small sizes");
    let machine = machine.with_huge(order).expect("a group fits");
    Some(settings.bounded(machine)).filter(|machine| machine.huge().is_some())
}

impl Generator {
    /// Makes an execution of what was drawn for it.
    pub(super) fn huge_execution(&mut self, drawn: Drawn, program: &mut Program) {
        let Drawn { machine, large, mut random } = drawn;
        let Program { machine: made, operations } = program;
        *made = machine;
        operations.clear();
        self.choose_swarm(&machine, &mut random);
        if self.weighted.is_empty() {
            return;
        }
        let most = u32::try_from(self.settings.operations.max(1)).unwrap_or(u32::MAX);
        let mut count = if random.chance(3, 4) { most as usize } else { 1 + random.below(most) as usize };
        let mut state = GeneratorState::new();
        let mut add = |row, given, state: &mut GeneratorState, random: &mut Random| {
            operations.push(operation(row, given, &machine, state, random));
        };
        // What is not mapped and advised has no large folio.
        let advisers = self.settings.kinds.iter().map(|kind| kind.row()).filter(|row| row.has(Field::Advice));
        let whole = |random: &mut Random| {
            if random.chance(3, 4) || large.is_some() { Given::Whole(0) } else { Given::Nothing }
        };
        for opener in self.openers.iter().map(|kind| kind.row()) {
            let given = whole(&mut random);
            add(opener, given, &mut state, &mut random);
        }
        for adviser in advisers {
            if random.chance(7, 8) || large.is_some() {
                let given = whole(&mut random);
                add(adviser, given, &mut state, &mut random);
            }
        }
        if let Some(large) = large {
            for (row, given) in large.opening(self.settings.kinds) {
                add(row, given, &mut state, &mut random);
            }
            count = operations.len() + count * large.times;
        }
        let fork = self.weighted.iter().find(|row| row.act == Act::Fills && row.slot.is_none()).copied();
        while operations.len() < count {
            let (row, given) = match fork {
                _ if large.is_some_and(|large| large.goes_wide(&mut random)) => self.whole_space(&machine, &mut random),
                // Between the phases of a migration what is collected gets more entries.
                Some(fork) if state.next_phase().is_some() && random.chance(1, 16) => (fork, Given::Nothing),
                Some(_) | None => self.choose(&machine, &state, random.bits()),
            };
            operations.push(operation(row, given, &machine, &mut state, &mut random));
        }
        for row in large.iter().flat_map(|large| large.closing(self.settings.kinds)) {
            operations.push(operation(row, Given::Whole(0), &machine, &mut state, &mut random));
        }
    }
}
