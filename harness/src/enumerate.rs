//! All operations that are worth trying in a state, one by one, where drawing some is not enough.

use std::collections::BTreeMap;

use stalemap_operations::{Field, Kind, Machine, Operation, Slot, Stamp};

/// Every operation on a machine that differs from the others by more than a name: of the slots those that are filled and
/// the first empty one of each sort, of the stamps this one, of the masks those that differ within a range.
#[must_use]
pub fn enumerate_operations(machine: &Machine, filled: impl IntoIterator<Item = Slot>, stamp: Stamp) -> Vec<Operation> {
    let choices = Choices::new(machine, filled, stamp);
    kinds_on(machine).flat_map(|kind| all_of(kind, machine, &choices)).collect()
}

/// The same, but so many at the most: a large machine has more than memory holds. Where there are more, each kind has an even share.
#[must_use]
pub fn enumerate_some(
    machine: &Machine,
    filled: impl IntoIterator<Item = Slot>,
    stamp: Stamp,
    most: usize,
) -> Vec<Operation> {
    let choices = Choices::new(machine, filled, stamp);
    let of = |kind| all_of(kind, machine, &choices);
    let all: Vec<Operation> = kinds_on(machine).flat_map(of).take(most.saturating_add(1)).collect();
    if all.len() <= most {
        return all;
    }
    let share = most / kinds_on(machine).count();
    kinds_on(machine).flat_map(|kind| of(kind).take(share)).collect()
}

fn kinds_on(machine: &Machine) -> impl Iterator<Item = Kind> {
    Kind::ALL.iter().copied().filter(|kind| kind.exists_on(machine))
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

    /// How many of the choices of a field are tried, and the one at this place among them.
    fn of(&self, field: Field, choices: u32, place: usize) -> (usize, Option<u32>) {
        let known: &[u32] = match field {
            Field::Transaction | Field::Pin | Field::Hold | Field::Block => &self.slots[&field],
            Field::Mask => &self.masks,
            Field::Stamp => std::slice::from_ref(&self.stamp),
            Field::Space
            | Field::Page
            | Field::Count
            | Field::Destination
            | Field::Access
            | Field::Device
            | Field::Direction
            | Field::Order
            | Field::Advice => {
                let number = u32::try_from(place).ok().filter(|number| *number < choices);
                return (choices as usize, number);
            }
        };
        let mut fitting = known.iter().copied().filter(|&number| number < choices);
        (fitting.clone().count(), fitting.nth(place))
    }
}

/// All operations of a kind, each made when it is asked for.
fn all_of(kind: Kind, machine: &Machine, choices: &Choices) -> impl Iterator<Item = Operation> {
    // Which of its choices each field takes, as an odometer; none behind the last.
    let mut next: Option<Vec<usize>> = Some(Vec::new());
    std::iter::from_fn(move || {
        let mut digits = next.take()?;
        let mut turns = Vec::new();
        let operation = Operation::chosen(kind, machine, |field, most, _| {
            let digit = digits.get(turns.len()).copied().unwrap_or(0);
            let (count, number) = choices.of(field, most, digit);
            turns.push(count);
            number.expect("a field has a choice")
        });
        digits.resize(turns.len(), 0);
        if let Some(last) = (0..turns.len()).rev().find(|&index| digits[index] + 1 < turns[index]) {
            digits.truncate(last + 1);
            digits[last] += 1;
            next = Some(digits);
        }
        operation
    })
}
