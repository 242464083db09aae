//! Executions on machines with huge pages: whole groups and parts of them, advised early, with scarce runs of frames.

use stalemap_operations::{Act, Dialect, Field, Machine, Program};

use super::{Generator, Settings};
use crate::generator_state::GeneratorState;
use crate::random::Random;
use crate::sample::{Given, operation};

/// One execution of so many is on a machine with huge pages.
pub(super) const SHARE: u32 = 6;

/// What decides it is another sequence than that of the execution, so that all others are what they were without such machines.
const STREAM: u64 = 0x6875_6765;

/// The machine with huge pages of the execution with this index, and the sequence that makes it, if it is on one.
pub(super) fn draw(settings: &Settings, draws_huge: bool, seed: u64, index: u64) -> Option<(Machine, Random)> {
    if let Some(machine) = settings.machine {
        return machine.huge().is_some().then(|| (machine, Random::new(seed, index)));
    }
    if !draws_huge {
        return None;
    }
    let mut random = Random::new(seed ^ STREAM, index);
    let is_huge = settings.has_huge_always() || random.chance(1, SHARE);
    let machine = if is_huge { machine(settings, &mut random) } else { None };
    machine.map(|machine| (machine, random))
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
    /// Makes an execution on this machine, which has huge pages.
    pub(super) fn huge_execution(&mut self, machine: Machine, mut random: Random, program: &mut Program) {
        let Program { machine: made, operations } = program;
        *made = machine;
        operations.clear();
        self.choose_swarm(&machine, &mut random);
        if self.weighted.is_empty() {
            return;
        }
        let most = u32::try_from(self.settings.operations.max(1)).unwrap_or(u32::MAX);
        let count = if random.chance(3, 4) { most as usize } else { 1 + random.below(most) as usize };
        let mut state = GeneratorState::new();
        let mut add = |row, given, state: &mut GeneratorState, random: &mut Random| {
            operations.push(operation(row, given, &machine, state, random));
        };
        // What is not mapped and advised has no large folio.
        let advisers = self.settings.kinds.iter().map(|kind| kind.row()).filter(|row| row.has(Field::Advice));
        for opener in self.openers.iter().map(|kind| kind.row()) {
            let given = if random.chance(3, 4) { Given::Whole(0) } else { Given::Nothing };
            add(opener, given, &mut state, &mut random);
        }
        for adviser in advisers {
            if random.chance(7, 8) {
                let given = if random.chance(3, 4) { Given::Whole(0) } else { Given::Nothing };
                add(adviser, given, &mut state, &mut random);
            }
        }
        let fork = self.weighted.iter().find(|row| row.act == Act::Fills && row.slot.is_none()).copied();
        while operations.len() < count {
            let (row, given) = match fork {
                // Between the phases of a migration what is collected gets more entries.
                Some(fork) if state.next_phase().is_some() && random.chance(1, 16) => (fork, Given::Nothing),
                Some(_) | None => self.choose(&machine, &state, random.bits()),
            };
            operations.push(operation(row, given, &machine, &mut state, &mut random));
        }
    }
}
