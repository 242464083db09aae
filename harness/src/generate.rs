//! The native generator: from a seed and an index a machine and operations that meet one another.
//!
//! Each execution enables a random part of the operations with random weights (swarm testing: Groce and others, 2012),
//! prefers small machines where everything collides, and takes most of its operands from those used recently. It knows
//! the table's fields and acts, and no operation in particular.

use stalemap_operations::{Act, Dialect, Kind, KindSet, Machine, Program};

use crate::generator_state::GeneratorState;
use crate::random::Random;
use crate::sample::{idle, operation};

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
}

impl Default for Settings {
    fn default() -> Self {
        Settings { operations: 64, kinds: KindSet::ALL, machine: None, largest: None }
    }
}

impl Settings {
    /// A machine in which everything collides; seldom one that has more of something than a word has bits.
    pub(crate) fn draw_machine(&self, random: &mut Random) -> Machine {
        self.bounded(small_machine(random))
    }

    /// The machine with no more of anything than the largest one has.
    pub(crate) fn bounded(&self, machine: Machine) -> Machine {
        let Some(largest) = &self.largest else {
            return machine;
        };
        let (mut sizes, most) = (machine.sizes(), largest.sizes());
        sizes.iter_mut().zip(most).for_each(|(size, most)| *size = most.min(*size));
        Machine::from_sizes(sizes, machine.rules()).expect("no larger than either")
    }
}

/// How often another kind is drawn for one that has nothing to do.
const OTHERS: u32 = 3;

/// Makes executions.
#[derive(Clone, Debug)]
pub struct Generator {
    settings: Settings,
    /// The enabled kinds of the current execution, each as often as its weight.
    weighted: Vec<Kind>,
}

impl Generator {
    /// A generator with these settings.
    #[must_use]
    pub fn new(settings: Settings) -> Generator {
        Generator { settings, weighted: Vec::new() }
    }

    /// Makes the execution with this index: puts it into `program`, which keeps its memory. A pure function
    /// of settings, seed and index.
    pub fn execution(&mut self, seed: u64, index: u64, program: &mut Program) {
        let Program { machine: made, operations } = program;
        let mut random = Random::new(seed, index);
        let machine = self.settings.machine.unwrap_or_else(|| self.settings.draw_machine(&mut random));
        *made = machine;
        self.choose_swarm(&machine, &mut random);
        operations.clear();
        if self.weighted.is_empty() {
            return;
        }
        let most = u32::try_from(self.settings.operations.max(1)).unwrap_or(u32::MAX);
        let count = if random.chance(3, 4) { most } else { 1 + random.below(most) };
        let mut state = GeneratorState::new();
        // A machine with nothing mapped refuses nearly everything.
        for opener in self.settings.kinds.iter().filter(|kind| kind.row().act == Act::Opens) {
            if random.chance(7, 8) {
                operations.extend(operation(opener, &machine, &mut state, &mut random));
            }
        }
        let weighted = u32::try_from(self.weighted.len()).expect("a few hundred at the most");
        for _ in operations.len()..count as usize {
            let mut kind = self.weighted[random.below(weighted) as usize];
            // What would be refused is worth little.
            for _ in 0..OTHERS {
                if !idle(kind, &machine, &state) || random.chance(1, 8) {
                    break;
                }
                kind = self.weighted[random.below(weighted) as usize];
            }
            operations.extend(operation(kind, &machine, &mut state, &mut random));
        }
    }

    /// Draws a weight for each kind: most are enabled, and some much more likely than others.
    fn choose_swarm(&mut self, machine: &Machine, random: &mut Random) {
        const WEIGHTS: [usize; 8] = [0, 0, 1, 1, 2, 2, 4, 8];
        let all_alike = random.chance(1, 4);
        self.weighted.clear();
        for kind in self.settings.kinds.iter().filter(|kind| kind.exists_on(machine)) {
            let weight = if all_alike { 1 } else { WEIGHTS[random.below(8) as usize] };
            self.weighted.extend(std::iter::repeat_n(kind, weight));
        }
        if self.weighted.is_empty() {
            self.weighted.extend(self.settings.kinds.iter().filter(|kind| kind.exists_on(machine)));
        }
    }
}

fn small_machine(random: &mut Random) -> Machine {
    let rules = if random.chance(1, 4) { Dialect::Linux6_1 } else { Dialect::Linux6_12 };
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
