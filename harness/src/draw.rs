//! Draws single operations that are likely to meet those before them; generator and mutator share it.
//!
//! Most operands are taken from those used recently. It knows the table's fields and refusals, and no operation
//! in particular.

use stalemap_operations::{Access, Errno, Field, FieldValues, Kind, KindSet, Machine, Operation};

use crate::random::Random;
use crate::recent::Recent;

/// Operations that fill what they name: they are refused where that is in use.
const FILLING: KindSet = refused_by(Errno::EBUSY);
/// Operations that make room: they are refused where there is some already.
const OPENING: KindSet = refused_by(Errno::EEXIST);

/// The operations that may be refused with this errno.
const fn refused_by(errno: Errno) -> KindSet {
    let mut kinds = KindSet::NONE;
    let mut i = 0;
    while i < Kind::COUNT {
        let refusals = Kind::ALL[i].row().refusals;
        let mut j = 0;
        while j < refusals.len() {
            if refusals[j] as u8 == errno as u8 {
                kinds = kinds.with(Kind::ALL[i]);
            }
            j += 1;
        }
        i += 1;
    }
    kinds
}

/// An operation of this kind, with operands that are likely to meet those before.
pub(crate) fn operation(kind: Kind, machine: &Machine, recent: &mut Recent, random: &mut Random) -> Option<Operation> {
    let fills = fills(kind);
    let opens = OPENING.contains(kind);
    let place = if random.chance(3, 4) { recent.place(random) } else { None };
    // The same page in another space that was filled is often the same memory.
    let space = match place {
        Some((space, _)) if random.chance(7, 8) => space,
        Some(_) | None if random.chance(7, 8) => recent.slot(Field::Space, random).unwrap_or(0),
        Some(_) | None => random.below(machine.spaces()),
    };
    let mut first_space = true;
    let operation = Operation::chosen(kind, machine, |field, choices, _| match field {
        Field::Space if std::mem::take(&mut first_space) => space,
        Field::Page => match place {
            Some((_, page)) => page,
            None if opens && random.chance(1, 2) => 0,
            None => random.below(choices),
        },
        Field::Count if opens => random.below(choices).max(random.below(choices)),
        Field::Count if random.chance(1, 2) => 0,
        Field::Count => random.below(choices.min(4)),
        Field::Access if random.chance(3, 4) => Access::ReadWrite as u32,
        Field::Order if random.chance(3, 4) => random.below(choices.min(4)),
        Field::Mask => match random.below(8) {
            0..=4 => 0,
            5 => choices - 1,
            _ => random.below(choices),
        },
        Field::Transaction | Field::Pin | Field::Hold | Field::Block if !fills && random.chance(7, 8) => {
            recent.slot(field, random).unwrap_or_else(|| random.below(choices))
        }
        Field::Space
        | Field::Destination
        | Field::Access
        | Field::Stamp
        | Field::Device
        | Field::Direction
        | Field::Order
        | Field::Transaction
        | Field::Pin
        | Field::Hold
        | Field::Block => random.below(choices),
    })?;
    remember(&operation, recent);
    Some(operation)
}

/// Notes what an operation names.
pub(crate) fn remember(operation: &Operation, recent: &mut Recent) {
    if let Some((space, page)) = operation.first_place() {
        recent.remember_place((space.0, page.0));
    }
    if !fills(operation.kind()) {
        return;
    }
    let mut spaces = 0;
    for (field, value) in operation.values().iter() {
        spaces += u32::from(field == Field::Space);
        // A space that is not the one where it happens is filled as a slot is.
        let other_space = field == Field::Space && spaces > 1;
        if other_space || is_slot(field) {
            recent.remember_slot(field, value);
        }
    }
}

/// Whether an operation of this kind fills what it names: it is refused where that is in use.
pub(crate) fn fills(kind: Kind) -> bool {
    FILLING.contains(kind)
}

/// The sort of slot that an operation of this kind names.
pub(crate) fn slot_field(kind: Kind) -> Option<Field> {
    kind.row().fields.iter().copied().find(|&field| is_slot(field))
}

/// Whether the field names a slot.
pub(crate) fn is_slot(field: Field) -> bool {
    matches!(field, Field::Transaction | Field::Pin | Field::Hold | Field::Block)
}

/// The operation of this kind with these values, each folded into what its field allows; `None` where the machine
/// cannot have it.
pub(crate) fn folded(kind: Kind, values: &FieldValues, machine: &Machine) -> Option<Operation> {
    Operation::folded(kind, values.iter().map(|(field, value)| value - field.lowest()), machine)
}
