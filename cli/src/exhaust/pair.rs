//! Both sides in one state: its digest, and the operations that are worth trying there.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use stalemap_implementation::Implementation;
use stalemap_operations::{Field, Home, Kind, Machine, Operation, Slot, Subject};
use stalemap_reference::Model;

/// What is the same for two states that differ in names only.
pub(super) type StateDigest = [u8; 16];

/// Both sides in one state.
pub(super) struct Pair {
    implementation: Implementation,
    reference: Model,
}

impl Pair {
    pub(super) fn new(machine: &Machine) -> Pair {
        let capacity = Home::ALL.map(|home| machine.frames(home));
        Pair { implementation: Implementation::new(machine), reference: Model::new(*machine, capacity) }
    }

    pub(super) fn replay(&mut self, operations: &[Operation]) {
        self.implementation.reset();
        self.reference.reset();
        for &operation in operations {
            let claimed = self.implementation.apply(operation);
            self.reference.apply_after(operation, Some(claimed));
        }
    }

    /// The digest of the state. Slots of one sort have no names: what they hold is sorted. What the reference shows
    /// follows from what the implementation shows, with which it agrees.
    pub(super) fn digest(&self) -> StateDigest {
        let state = self.implementation.complete_state();
        let hidden = self.reference.hidden_state();
        let of_reference: BTreeMap<Slot, Vec<u64>> = hidden.transactions.into_iter().collect();
        let sort = |slot: &Slot| match slot {
            Slot::Transaction(_) => 0,
            Slot::Pin(_) => 1,
            Slot::Hold(_) => 2,
            Slot::Block(_) => 3,
        };
        let mut slots: Vec<(u64, &[u64], &[u64])> = state
            .slots
            .iter()
            .map(|(slot, held)| (sort(slot), held.as_slice(), of_reference.get(slot).map_or(&[][..], Vec::as_slice)))
            .collect();
        slots.sort_unstable();
        let mut bytes = Sha256::new();
        let mut add = |numbers: &[u64]| {
            bytes.update((numbers.len() as u64).to_le_bytes());
            numbers.iter().for_each(|number| bytes.update(number.to_le_bytes()));
        };
        add(&state.world);
        add(&hidden.dirty.iter().map(|&dirty| u64::from(dirty)).collect::<Vec<u64>>());
        for (sort, held, hidden) in slots {
            add(&[sort]);
            add(held);
            add(hidden);
        }
        let mut digest = [0; 16];
        digest.copy_from_slice(&bytes.finalize()[..16]);
        digest
    }

    /// Every operation that is worth trying here: of the slots those that hold something and the first empty one of each
    /// sort, of the stamps one that nothing holds, of the masks those that differ within a range.
    pub(super) fn operations(&self) -> Vec<Operation> {
        let machine = *self.implementation.machine();
        let choices = Choices::new(&self.implementation);
        let kinds = Kind::ALL.iter().filter(|kind| kind.exists_on(&machine));
        kinds.flat_map(|&kind| all_of(kind, &machine, &choices)).collect()
    }
}

/// What may be chosen in fields whose numbers are only names.
struct Choices {
    slots: BTreeMap<Field, Vec<u32>>,
    masks: Vec<u32>,
    stamp: u32,
}

impl Choices {
    fn new(implementation: &Implementation) -> Choices {
        let mut slots: BTreeMap<Field, Vec<u32>> = BTreeMap::new();
        for (slot, _) in implementation.complete_state().slots {
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
        let pages = implementation.machine().pages().min(3);
        let masks = (0..1 << pages).chain([255]).collect();
        Choices { slots, masks, stamp: implementation.unused_stamp().0.into() }
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
            | Field::Order => (0..choices).collect(),
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
