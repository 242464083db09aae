//! All operations that are worth trying in a state, one by one, where drawing some is not enough.

use std::collections::BTreeMap;

use stalemap_operations::{Field, Kind, Machine, Operation, Slot, Stamp};

/// Every operation on a machine that differs from the others by more than a name: of the slots those that are filled and
/// the first empty one of each sort, of the stamps this one, of the masks those that differ within a range.
#[must_use]
pub fn enumerate_operations(machine: &Machine, filled: impl IntoIterator<Item = Slot>, stamp: Stamp) -> Vec<Operation> {
    let choices = Choices::new(machine, filled, stamp);
    let kinds = Kind::ALL.iter().filter(|kind| kind.exists_on(machine));
    kinds.flat_map(|&kind| all_of(kind, machine, &choices)).collect()
}

/// What may be chosen in fields whose numbers are only names.
struct Choices {
    slots: BTreeMap<Field, Vec<u32>>,
    masks: Vec<u32>,
    stamp: u32,
}

impl Choices {
    fn new(machine: &Machine, filled: impl IntoIterator<Item = Slot>, stamp: Stamp) -> Choices {
        let mut slots: BTreeMap<Field, Vec<u32>> = BTreeMap::new();
        for slot in filled {
            let (field, number) = match slot {
                Slot::Transaction(slot) => (Field::Transaction, slot.0),
                Slot::Pin(slot) => (Field::Pin, slot.0),
                Slot::Hold(slot) => (Field::Hold, slot.0),
                Slot::Block(slot) => (Field::Block, slot.0),
            };
            slots.entry(field).or_default().push(number);
        }
        for field in [Field::Transaction, Field::Pin, Field::Hold, Field::Block] {
            let filled = slots.entry(field).or_default();
            let empty = (0..).find(|number| !filled.contains(number));
            filled.extend(empty);
        }
        let pages = machine.pages().min(3);
        let masks = (0..1 << pages).chain([255]).collect();
        Choices { slots, masks, stamp: stamp.0.into() }
    }

    /// The numbers that are tried in a field with so many choices.
    fn of(&self, field: Field, choices: u32) -> Vec<u32> {
        let known = match field {
            Field::Transaction | Field::Pin | Field::Hold | Field::Block => self.slots[&field].clone(),
            Field::Mask => self.masks.clone(),
            Field::Stamp => vec![self.stamp],
            Field::Space
            | Field::Page
            | Field::Count
            | Field::Destination
            | Field::Access
            | Field::Device
            | Field::Direction
            | Field::Order
            | Field::Advice => (0..choices).collect(),
        };
        known.into_iter().filter(|&number| number < choices).collect()
    }
}

/// All operations of a kind.
fn all_of(kind: Kind, machine: &Machine, choices: &Choices) -> Vec<Operation> {
    let mut made = Vec::new();
    // Which of its choices each field takes, as an odometer; and how many it has.
    let mut digits: Vec<usize> = Vec::new();
    loop {
        let mut turns = Vec::new();
        let operation = Operation::chosen(kind, machine, |field, most, _| {
            let numbers = choices.of(field, most);
            let digit = digits.get(turns.len()).copied().unwrap_or(0);
            turns.push(numbers.len());
            numbers[digit]
        });
        made.extend(operation);
        digits.resize(turns.len(), 0);
        let Some(last) = (0..turns.len()).rev().find(|&index| digits[index] + 1 < turns[index]) else {
            return made;
        };
        digits.truncate(last + 1);
        digits[last] += 1;
    }
}
