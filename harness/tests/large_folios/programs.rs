//! Programs that meet large folios often: advised groups, parts of them, forks, scarce devices, and migrations in phases.

use stalemap_harness::Random;
use stalemap_operations::{Dialect, Field, Kind, Machine, Operation, Program};

/// How often each word is drawn.
const WEIGHTS: &[(&str, u32)] = &[
    ("map", 4),
    ("unmap", 3),
    ("discard", 4),
    ("protect", 5),
    ("move", 5),
    ("fork", 6),
    ("exit", 3),
    ("read", 6),
    ("write", 16),
    ("device_read", 3),
    ("device_write", 4),
    ("setup", 8),
    ("copy", 10),
    ("pages", 10),
    ("finalize", 10),
    ("collect", 4),
    ("migrate", 12),
    ("evict", 4),
    ("pin", 3),
    ("unpin", 4),
    ("pin_read", 1),
    ("pin_write", 1),
    ("hold", 3),
    ("release", 4),
    ("peek", 1),
    ("alloc", 6),
    ("free", 4),
    ("split", 3),
    ("advise", 4),
    ("collapse", 6),
    ("split_folio", 4),
];

/// The program with this index, which is always the same.
pub(crate) fn program(rules: Dialect, index: u64) -> Program {
    let mut random = Random::new(7, index);
    let machine = machine(rules, &mut random);
    let mut operations = start(&machine, &mut random);
    let count = 10 + random.below(50);
    while operations.len() < count as usize {
        operations.extend(operation(&machine, &mut random));
    }
    Program { machine, operations }
}

fn machine(rules: Dialect, random: &mut Random) -> Machine {
    let huge = [1, 1, 1, 2, 2, 2, 3][random.index(7)];
    let pages = 1 << huge;
    let some = |random: &mut Random, most: u32| pages + random.below(pages * most);
    let ram = some(random, 4);
    let (first, second) = (random.below(pages * 3 + 1), random.below(pages * 2));
    let second = if first == 0 { 0 } else { second };
    let spaces = if random.chance(1, 6) { 7 } else { 1 + random.below(3) };
    let places = some(random, 3);
    let plain = Machine::new([ram, first, second], spaces, places, rules).expect("sizes within limits");
    plain.with_huge(huge).expect("a huge page fits")
}

/// Most programs begin with a mapping that is advised to have huge pages; in some of them RAM then has single free frames.
fn start(machine: &Machine, random: &mut Random) -> Vec<Operation> {
    let mut operations = Vec::new();
    if random.chance(7, 8) {
        let pages = machine.pages();
        let count = if random.chance(3, 4) { pages } else { 1 + random.below(pages) };
        operations.extend(Operation::new(Kind::Map, &[0, 0, count, 2], machine));
        operations.extend(Operation::new(Kind::Advise, &[0, 0, count, 0], machine));
        operations.extend(Operation::new(Kind::Write, &[0, random.below(count), 1 + random.below(3)], machine));
        if random.chance(1, 2) {
            operations.extend(Operation::new(Kind::Migrate, &[0, 0, count, 0, 0], machine));
        }
    }
    if random.chance(1, 5) {
        let blocks = 0..machine.ram().min(8);
        operations.extend(blocks.clone().filter_map(|block| Operation::new(Kind::Alloc, &[block, 0], machine)));
        let freed = blocks.filter(|_| random.chance(1, 2));
        operations.extend(freed.filter_map(|block| Operation::new(Kind::Free, &[block], machine)));
    }
    operations
}

fn operation(machine: &Machine, random: &mut Random) -> Option<Operation> {
    let mut drawn = random.below(WEIGHTS.iter().map(|(_, weight)| weight).sum());
    let (word, _) = WEIGHTS.iter().find(|(_, weight)| {
        let is_it = drawn < *weight;
        drawn = drawn.saturating_sub(*weight);
        is_it
    })?;
    let group = machine.huge_pages();
    // Whole groups and places at the borders of groups are likely.
    let is_aligned = random.chance(3, 5);
    Operation::chosen(Kind::by_word(word)?, machine, |field, choices, values| match field {
        Field::Page if is_aligned => (random.below(choices.div_ceil(group)) * group).min(choices - 1),
        Field::Count if is_aligned && choices >= group => group - 1,
        Field::Destination if is_aligned => (random.below(choices.div_ceil(group)) * group).min(choices - 1),
        Field::Count => random.below(choices.min(group + 2)),
        Field::Transaction | Field::Pin | Field::Hold => random.below(choices.min(2)),
        Field::Block => random.below(choices.min(6)),
        Field::Access if random.chance(1, 2) => choices - 1,
        Field::Advice if random.chance(3, 4) => 0,
        Field::Mask if random.chance(3, 4) => 0,
        Field::Stamp => random.below(choices.min(4)),
        Field::Order if random.chance(1, 2) => random.below(choices.min(2)),
        Field::Space if values.as_slice().is_empty() && random.chance(1, 3) => 0,
        Field::Space
        | Field::Page
        | Field::Destination
        | Field::Access
        | Field::Device
        | Field::Direction
        | Field::Order
        | Field::Mask
        | Field::Advice => random.below(choices),
    })
}
