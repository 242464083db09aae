//! The native generator: from a seed and an index a machine and operations that meet one another.
//!
//! Each execution enables a random part of the operations with random weights (swarm testing: Groce and others, 2012),
//! prefers small machines where everything collides, and takes most of its operands from those used recently. It knows
//! the table's fields and acts, and no operation in particular. Seldom, an execution is a [large world](crate::large_world).

mod huge;

use std::ops::Range;

use stalemap_operations::{Act, Dialect, Field, Kind, KindSet, LARGE_FOLIOS, Machine, Program, Row, Subject as _};

use crate::build::Build;
use crate::generator_state::GeneratorState;
use crate::huge_orders::HugeOrders;
use crate::large_world::{self, LargeWorld};
use crate::random::Random;
use crate::sample::{Given, idle, operation};
use crate::some_subject::some_subject;

/// What a campaign generates.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The most operations in an execution, at least 1.
    pub operations: usize,
    /// The operations that may occur.
    pub kinds: KindSet,
    /// The machine of every execution; small ones of all sorts where none is given.
    pub machine: Option<Machine>,
    /// A machine that none is larger than in anything; any size may occur where none is given.
    pub largest: Option<Machine>,
    /// The orders of huge pages that machines may have, if any may have some. They are drawn only where an operation of large folios
    /// may occur ([`LARGE_FOLIOS`]).
    pub huge: Option<HugeOrders>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { operations: 64, kinds: KindSet::ALL, machine: None, largest: None, huge: Some(HugeOrders::ALL) }
    }
}

impl Settings {
    /// The default, with no machine that this cannot build: with huge pages only where its subjects do something about them.
    pub fn of(build: &impl Build) -> Settings {
        let settings = Settings { largest: build.largest(), ..Settings::default() };
        let has_folios = || some_subject(build).is_ok_and(|subject| subject.capabilities().has_folios());
        let able = build.huge().filter(|_| has_folios());
        let huge = settings.huge.zip(able).and_then(|(mine, able)| mine.and(able));
        Settings { huge, ..settings }
    }

    /// A machine in which everything collides; seldom one that has more of something than a word has bits, and now and then one with
    /// huge pages.
    pub(crate) fn draw_machine(&self, random: &mut Random) -> Machine {
        let is_huge = self.draws_huge() && (self.has_huge_always() || random.chance(1, huge::SHARE));
        let huge = if is_huge { huge::machine(self, random) } else { None };
        huge.unwrap_or_else(|| self.draw_without_huge(random))
    }

    fn draw_without_huge(&self, random: &mut Random) -> Machine {
        self.bounded(small_machine(random))
    }

    /// Whether machines with huge pages are drawn.
    #[must_use]
    pub fn draws_huge(&self) -> bool {
        self.machine.is_none() && self.huge.is_some() && self.kinds.iter().any(|kind| kind.row().level == LARGE_FOLIOS)
    }

    /// Whether a machine may be as large as one can be.
    fn limits_no_machine(&self) -> bool {
        self.machine.is_none() && self.largest.is_none()
    }

    /// Whether every machine that is drawn has huge pages.
    pub(crate) fn has_huge_always(&self) -> bool {
        self.huge.is_some_and(|orders| orders.always)
    }

    /// Whether a machine may have huge pages of its order.
    pub(crate) fn permits_huge(&self, machine: &Machine) -> bool {
        machine.huge().is_none_or(|order| self.huge.is_some_and(|orders| orders.contain(order.0)))
    }

    /// The machine with no more of anything than the largest one has.
    pub(crate) fn bounded(&self, machine: Machine) -> Machine {
        let Some(largest) = &self.largest else {
            return machine;
        };
        let (mut sizes, most) = (machine.sizes(), largest.sizes());
        sizes.iter_mut().zip(most).for_each(|(size, most)| *size = most.min(*size));
        let bounded = machine.resized(sizes).expect("no larger than either");
        if self.permits_huge(&bounded) { bounded } else { bounded.without_huge() }
    }
}

/// How often a kind is drawn at the most until it has something to do.
const TRIES: u32 = 3;
/// On a machine with more spaces half of the executions fill them.
const FEW_SPACES: u32 = 8;
/// How often of 65,536 times the next phase follows.
const GO_ON: u64 = 1 << 14;

/// How often of 65,536 times an operation is done again at the place where it was done last, with other values.
const AGAIN: u64 = 3 << 12;

/// One of four times, where nothing is to be set back, a property is set at a special place.
const BEGIN_TO_SET: u64 = 0x300;

/// The low 16 bits as a choice among so many.
#[inline]
fn pick(bits: u64, choices: usize) -> usize {
    ((bits & 0xffff) as usize * choices) >> 16
}

/// Makes executions.
#[derive(Clone, Debug)]
pub struct Generator {
    settings: Settings,
    /// Whether the settings draw machines with huge pages.
    draws_huge: bool,
    /// The kinds of the settings that map places.
    openers: Vec<Kind>,
    /// The kinds that exist on machines without and with a device, and the same on those that have huge pages.
    kinds: [[KindSet; 2]; 2],
    /// The rows of the enabled kinds of the current execution, each as often as its weight.
    weighted: Vec<&'static Row>,
    /// The same as a set.
    enabled: KindSet,
    /// The enabled row that sets a property of places.
    setter: Option<&'static Row>,
}

impl Generator {
    /// A generator with these settings.
    #[must_use]
    pub fn new(settings: Settings) -> Generator {
        let openers = settings.kinds.iter().filter(|kind| kind.row().act == Act::Opens).collect();
        let draws_huge = settings.draws_huge();
        let on = |devices, huge| {
            let machine = Machine::new([2, devices, 0], 1, 2, Dialect::default()).expect("small sizes");
            let machine = machine.with_huge(huge).unwrap_or(machine);
            settings.kinds.iter().filter(|kind| kind.exists_on(&machine)).collect()
        };
        let kinds = [0, 1].map(|huge| [0, 1].map(|devices| on(devices, huge)));
        Generator { settings, draws_huge, openers, kinds, weighted: Vec::new(), enabled: KindSet::NONE, setter: None }
    }

    /// The executions with these indices, for a subject that is told ahead.
    pub fn executions(&mut self, seed: u64, indices: Range<u64>) -> Vec<Program> {
        let execution = |index| {
            let mut program = Program::default();
            self.execution(seed, index, &mut program);
            program
        };
        indices.map(execution).collect()
    }

    /// Makes the execution with this index: puts it into `program`, which keeps its memory. A pure function
    /// of settings, seed and index.
    pub fn execution(&mut self, seed: u64, index: u64, program: &mut Program) {
        if let Some(drawn) = huge::draw(&self.settings, self.draws_huge, seed, index) {
            return self.huge_execution(drawn, program);
        }
        let Program { machine: made, operations } = program;
        let mut random = Random::new(seed, index);
        let large = self.large_world(&mut random);
        let machine = match (large, self.settings.machine) {
            (Some(large), _) => large.machine,
            (None, Some(machine)) => machine,
            (None, None) => self.settings.draw_without_huge(&mut random),
        };
        *made = machine;
        self.choose_swarm(&machine, &mut random);
        operations.clear();
        if self.weighted.is_empty() {
            return;
        }
        let most = u32::try_from(self.settings.operations.max(1)).unwrap_or(u32::MAX);
        let mut count = if random.chance(3, 4) { most as usize } else { 1 + random.below(most) as usize };
        let mut state = GeneratorState::new();
        // A machine with nothing mapped refuses nearly everything.
        for opener in &self.openers {
            if large.is_some() || random.chance(7, 8) {
                let given = if large.is_some_and(|large| large.is_wide) { Given::Whole(0) } else { Given::Nothing };
                operations.push(operation(opener.row(), given, &machine, &mut state, &mut random));
            }
        }
        if let Some(large) = large {
            for (row, given) in large.opening(self.settings.kinds) {
                operations.push(operation(row, given, &machine, &mut state, &mut random));
            }
            count = operations.len() + count * large.times;
        }
        while operations.len() < count {
            let (mut row, mut given) = self.choose(&machine, &state, random.bits());
            if large.is_some_and(|large| large.goes_wide(&mut random)) {
                (row, given) = self.whole_space(&machine, &mut random);
            }
            operations.push(operation(row, given, &machine, &mut state, &mut random));
        }
        for row in large.iter().flat_map(|large| large.closing(self.settings.kinds)) {
            operations.push(operation(row, Given::Whole(0), &machine, &mut state, &mut random));
        }
    }

    /// Now and then a large world, where nothing limits the machine.
    fn large_world(&self, random: &mut Random) -> Option<LargeWorld> {
        (random.chance(1, large_world::SHARE) && self.settings.limits_no_machine())
            .then(|| LargeWorld::sample(rules(random), random))
    }

    /// A whole space, and a row of whatever sort: what a whole space is too large for answers so.
    fn whole_space(&self, machine: &Machine, random: &mut Random) -> (&'static Row, Given) {
        (self.weighted[random.index(self.weighted.len())], Given::Whole(random.below(machine.spaces())))
    }

    /// The row of the next operation, and what is known of it, by these bits: now and then the next phase of what is under
    /// way, most often any one that has something to do.
    #[inline(always)]
    fn choose(&self, machine: &Machine, state: &GeneratorState, mut bits: u64) -> (&'static Row, Given) {
        let turn = bits >> 48;
        if turn < GO_ON {
            if let Some((kind, slot)) = state.next_phase()
                && self.enabled.contains(kind)
            {
                return (kind.row(), Given::Slot(slot));
            }
        } else if turn < GO_ON + AGAIN {
            if let Some((kind, place)) = state.set_back() {
                return (kind.row(), Given::Place(place));
            }
            // A page that has more than its mappings shows only when its entry is changed and changed back what is stored of it.
            if bits & BEGIN_TO_SET == 0
                && let (Some(row), Some(place)) = (self.setter, state.special())
            {
                return (row, Given::Place(place));
            }
            if let Some((kind, place)) = state.again() {
                return (kind.row(), Given::Place(place));
            }
        }
        // What would be refused is worth little: each 16 bits choose another kind, whose last three let it pass all the same.
        let mut row = self.weighted[pick(bits, self.weighted.len())];
        for _ in 1..TRIES {
            if bits & 7 == 0 || !idle(row, machine, state) {
                break;
            }
            bits >>= 16;
            row = self.weighted[pick(bits, self.weighted.len())];
        }
        (row, Given::Nothing)
    }

    /// Draws a weight for each kind: most are enabled, and some much more likely than others.
    fn choose_swarm(&mut self, machine: &Machine, random: &mut Random) {
        const WEIGHTS: [usize; 8] = [0, 0, 1, 1, 2, 2, 4, 8];
        const HIGHEST: usize = WEIGHTS[WEIGHTS.len() - 1];
        const FAVOURED: usize = 4;
        const BITS: u32 = WEIGHTS.len().ilog2();
        let all_alike = random.chance(1, 4);
        // One of four executions has much to do with slots of one sort.
        let favoured = [Field::Transaction, Field::Pin, Field::Hold, Field::Block].get(random.index(16)).copied();
        let kinds = self.kinds[usize::from(machine.huge().is_some())][usize::from(machine.devices() > 0)];
        self.weighted.clear();
        (self.enabled, self.setter) = (KindSet::NONE, None);
        let (mut bits, mut left) = (0, 0);
        for kind in kinds.iter() {
            if left < BITS {
                (bits, left) = (random.bits(), u64::BITS);
            }
            let weight = if all_alike { 1 } else { WEIGHTS[(bits & 7) as usize] };
            let weight = if favoured.is_some() && kind.row().slot == favoured { weight.max(FAVOURED) } else { weight };
            (bits, left) = (bits >> BITS, left - BITS);
            let count = self.weighted.len() + weight;
            // Written at once and cut, which is cheaper than one after the other.
            self.weighted.extend_from_slice(&[kind.row(); HIGHEST]);
            self.weighted.truncate(count);
            if weight > 0 {
                self.enable(kind.row());
            }
        }
        let is_crowd = machine.spaces() > FEW_SPACES && random.chance(1, 2);
        if is_crowd {
            self.crowd();
        }
        if self.weighted.is_empty() {
            self.weighted.extend(kinds.iter().map(Kind::row));
        } else if !is_crowd {
            return;
        }
        (self.enabled, self.setter) = (KindSet::NONE, None);
        for index in 0..self.weighted.len() {
            self.enable(self.weighted[index]);
        }
    }

    /// Counts a row as enabled.
    #[inline]
    fn enable(&mut self, row: &'static Row) {
        self.enabled = self.enabled.with(row.kind);
        if row.act == Act::Sets && row.has(Field::Access) && self.setter.is_none() {
            self.setter = Some(row);
        }
    }
}

impl Generator {
    /// No space or place ends, and spaces are filled much more often than anything else is done: pages get as many mappings
    /// as the machine lets them.
    fn crowd(&mut self) {
        self.weighted.retain(|row| row.slot.is_some() || !matches!(row.act, Act::Ends | Act::Closes | Act::Moves));
        if let Some(&row) = self.weighted.iter().find(|row| row.act == Act::Fills && row.slot.is_none()) {
            self.weighted.resize(self.weighted.len() * 8, row);
        }
    }
}

/// Dialect 6.1 differs from the others in many executions, 6.12 and 7.3 differ from each other where RAM is short.
fn rules(random: &mut Random) -> Dialect {
    match random.below(4) {
        0 | 1 => Dialect::Linux6_1,
        2 => Dialect::Linux6_12,
        _ => Dialect::Linux7_3,
    }
}

fn small_machine(random: &mut Random) -> Machine {
    let rules = rules(random);
    if random.chance(1, 4) {
        let default = Machine::DEFAULT;
        return Machine::from_sizes(default.sizes(), rules).expect("the default's sizes");
    }
    let ram = match random.below(24) {
        0 => 64 + random.below(193),
        1..=8 => 1 + random.below(4),
        9..=16 => 2 + random.below(7),
        _ => 4 + random.below(13),
    };
    let device = |random: &mut Random| match random.below(32) {
        0 => 64 + random.below(33),
        1..=2 => 7 + random.below(10),
        3..=17 => 1 + random.below(3),
        _ => 1 + random.below(6),
    };
    let frames = match random.below(8) {
        0 => [ram, 0, 0],
        1..=3 => [ram, device(random), 0],
        _ => [ram, device(random), device(random)],
    };
    let spaces = match random.below(32) {
        0 if random.chance(1, 2) => Machine::BYTES_SPACES,
        0 => 9 + random.below(56),
        1..=2 => 5 + random.below(4),
        _ => [1, 2, 2, 2, 3, 3, 3, 4][random.below(8) as usize],
    };
    let pages = match random.below(32) {
        0 => 64 + random.below(65),
        1..=2 => 11 + random.below(14),
        3..=12 => 1 + random.below(3),
        13..=22 => 2 + random.below(5),
        _ => 4 + random.below(7),
    };
    Machine::new(frames, spaces, pages, rules).expect("small sizes")
}
