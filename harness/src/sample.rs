//! Draws single operations that are likely to meet those before them; generator and mutator share it.
//!
//! Most operands are taken from those used recently, and few operations would be refused. It knows what follows from the
//! table's rows, and no operation in particular.

use stalemap_operations::{Access, Act, Field, FieldValues, Kind, Machine, Operation, Row};

use crate::generator_state::GeneratorState;
use crate::random::{Odds, Random};

/// Whether an operation of this kind has hardly anything to do: what it would fill is full, or what it would use is empty.
pub(crate) fn idle(kind: Kind, machine: &Machine, state: &GeneratorState) -> bool {
    let row = kind.row();
    match row.slot {
        Some(slot) if row.act == Act::Fills => state.is_full(slot, slot.choices(machine, &FieldValues::of(&[]))),
        Some(slot) => state.is_empty(slot),
        None if row.names_place => row.act != Act::Opens && state.is_nothing_mapped(),
        None if row.act == Act::Ends => state.is_empty(Field::Space),
        None => row.act == Act::Fills && state.is_full(Field::Space, machine.spaces()),
    }
}

/// An operation of this kind, with operands that are likely to meet those before.
pub(crate) fn operation(
    kind: Kind,
    machine: &Machine,
    state: &mut GeneratorState,
    random: &mut Random,
) -> Option<Operation> {
    let row = kind.row();
    let mut odds = random.odds();
    let (space, page) = place(row, machine, state, &mut odds, random);
    // Only a few ranges reach over what cannot be used.
    let run = if odds.mostly() { state.run(space, page, row.act != Act::Opens).max(1) } else { u32::MAX };
    let mut first_space = true;
    let operation = Operation::chosen(kind, machine, |field, choices, _| match field {
        Field::Space if std::mem::take(&mut first_space) => space,
        Field::Page => page,
        Field::Count if row.act == Act::Opens => random.below(choices.min(run)).max(random.below(choices.min(run))),
        Field::Count if odds.half() => 0,
        // All that is alike from there on.
        Field::Count if !odds.mostly() => choices.min(run) - 1,
        Field::Count => random.below(choices.min(run).min(if odds.mostly() { 4 } else { u32::MAX })),
        Field::Access if row.act == Act::Opens && odds.often() => Access::ReadWrite as u32,
        Field::Order if odds.mostly() => random.below(choices.min(machine.highest_order().0 + 1)),
        Field::Mask if odds.half() => 0,
        Field::Mask if odds.half() => choices - 1,
        Field::Space | Field::Transaction | Field::Pin | Field::Hold | Field::Block if odds.mostly() => {
            let fitting =
                if row.act == Act::Fills { state.unused(field, choices, random) } else { state.used(field, 0, random) };
            fitting.unwrap_or_else(|| random.below(choices))
        }
        Field::Space
        | Field::Destination
        | Field::Access
        | Field::Stamp
        | Field::Device
        | Field::Direction
        | Field::Order
        | Field::Mask
        | Field::Transaction
        | Field::Pin
        | Field::Hold
        | Field::Block => random.below(choices),
    })?;
    state.note(&operation);
    Some(operation)
}

/// The place where an operation happens: most often one that was named recently and that it can use.
fn place(row: &Row, machine: &Machine, state: &GeneratorState, odds: &mut Odds, random: &mut Random) -> (u32, u32) {
    let is_mapped = row.act != Act::Opens;
    let named = if row.names_place && odds.often() { state.named(random) } else { None };
    if let Some((space, page)) = named
        && (state.run(space, page, is_mapped) > 0 || !odds.mostly())
    {
        return (space, page);
    }
    // The first space cannot end.
    let space = if odds.mostly() { state.used(Field::Space, u32::from(row.act == Act::Ends), random) } else { None };
    let space = space.unwrap_or_else(|| random.below(machine.spaces()));
    // The same page in another space is often the same memory.
    if let Some((_, page)) = named
        && odds.half()
    {
        return (space, page);
    }
    if !row.names_place || !is_mapped && odds.half() && state.run(space, 0, false) > 0 {
        return (space, 0);
    }
    let page = if odds.mostly() { state.page(space, machine.pages(), is_mapped, random) } else { None };
    (space, page.unwrap_or_else(|| random.below(machine.pages())))
}

/// The operation of this kind with these values, each folded into what its field allows; `None` where the machine
/// cannot have it.
pub(crate) fn folded(kind: Kind, values: &FieldValues, machine: &Machine) -> Option<Operation> {
    Operation::folded(kind, values.iter().map(|(field, value)| value - field.lowest()), machine)
}
