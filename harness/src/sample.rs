//! Samples single operations that are likely to meet those before them; generator and mutator share it.
//!
//! Most operands are taken from those used recently, and few operations would be refused. It knows what the columns of
//! the table say, and no operation in particular.

use stalemap_operations::{
    Access, Act, Advice, BlockSlot, Field, FieldValues, HoldSlot, Kind, Machine, Operation, Order, PinSlot, Row,
    TransactionSlot, VirtualPage,
};

use crate::generator_state::{GeneratorState, Named, Position, Want};
use crate::random::{Odds, Random};

/// Whether an operation of this row has hardly anything to do: what it would fill is full, or what it would use is empty.
#[inline]
pub(crate) fn idle(row: &Row, machine: &Machine, state: &GeneratorState) -> bool {
    if row.names_place && state.has_none(Want::of(row)) {
        return true;
    }
    match row.slot {
        Some(slot) if row.act == Act::Fills => state.is_full(slot, slots(slot)),
        Some(slot) => state.is_empty(slot),
        None if row.act == Act::Ends => state.is_empty(Field::Space),
        None => row.act == Act::Fills && !row.names_place && state.is_full(Field::Space, machine.spaces()),
    }
}

/// How many slots of this sort there are.
#[inline]
pub(crate) const fn slots(sort: Field) -> u32 {
    match sort {
        Field::Transaction => TransactionSlot::LIMIT,
        Field::Pin => PinSlot::LIMIT,
        Field::Hold => HoldSlot::LIMIT,
        Field::Block
        | Field::Space
        | Field::Page
        | Field::Count
        | Field::Destination
        | Field::Access
        | Field::Stamp
        | Field::Device
        | Field::Direction
        | Field::Order
        | Field::Mask
        | Field::Advice => BlockSlot::LIMIT,
    }
}

/// What is decided already about an operation that is to be sampled.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Given {
    Nothing,
    /// The slot that it names.
    Slot(u32),
    /// The place that it names, where an operation like it was before.
    Place(Position),
    /// The space of which it takes every place.
    Whole(u32),
}

/// An operation of this row, which must [exist](Kind::exists_on) on the machine, with operands that are likely to meet
/// those before.
pub(crate) fn operation(
    row: &'static Row,
    given: Given,
    machine: &Machine,
    state: &mut GeneratorState,
    random: &mut Random,
) -> Operation {
    let mut odds = random.odds();
    let named = names(row, given, machine, state, &mut odds, random);
    let mut values = by_field(&named);
    if row.has_one_of(OF_NO_NAME) {
        sample_others(row, machine, &mut odds, &mut values);
    }
    state.note_named(row, &named);
    row.kind.with_fields(&values, named.child)
}

/// The fields whose values nothing is remembered of, in the order in which they are sampled.
const OF_NO_NAME: &[Field] = &[Field::Direction, Field::Device, Field::Stamp, Field::Order, Field::Advice, Field::Mask];

/// The values of the fields that name something.
#[inline]
fn by_field(named: &Named) -> [u32; Field::KINDS] {
    let mut values = [0; Field::KINDS];
    values[Field::Space as usize] = named.place.0;
    values[Field::Page as usize] = named.place.1;
    values[Field::Count as usize] = named.count;
    values[Field::Destination as usize] = named.destination;
    values[Field::Access as usize] = named.access;
    for slot in [Field::Transaction, Field::Pin, Field::Hold, Field::Block] {
        values[slot as usize] = named.slot;
    }
    values
}

/// Samples the values of the other fields of a row, in their order.
#[inline]
fn sample_others(row: &Row, machine: &Machine, odds: &mut Odds, values: &mut [u32; Field::KINDS]) {
    if row.has(Field::Direction) {
        values[Field::Direction as usize] = u32::from(odds.half());
    }
    if row.has(Field::Device) {
        values[Field::Device as usize] = u32::from(odds.half() && machine.devices() > 1);
    }
    if row.has(Field::Stamp) {
        values[Field::Stamp as usize] = odds.byte();
    }
    if row.has_one_of(&[Field::Order, Field::Advice, Field::Mask]) {
        sample_seldom(row, machine, odds, values);
    }
}

/// The same for fields that few rows have.
fn sample_seldom(row: &Row, machine: &Machine, odds: &mut Odds, values: &mut [u32; Field::KINDS]) {
    if row.has(Field::Order) {
        let orders = if odds.mostly() { machine.highest_order().0 + 1 } else { Order::LIMIT };
        values[Field::Order as usize] = odds.below(orders);
    }
    if row.has(Field::Advice) {
        values[Field::Advice as usize] = if odds.mostly() { Advice::Huge as u32 } else { Advice::NoHuge as u32 };
    }
    if row.has(Field::Mask) {
        let is_none = odds.half();
        values[Field::Mask as usize] = if is_none {
            0
        } else if odds.half() {
            255
        } else {
            odds.byte()
        };
    }
}

/// What an operation of this row names.
#[inline]
fn names(
    row: &Row,
    given: Given,
    machine: &Machine,
    state: &GeneratorState,
    odds: &mut Odds,
    random: &mut Random,
) -> Named {
    let mut named = Named::default();
    if row.names_place {
        named.place = match given {
            Given::Place(place) => place,
            Given::Whole(space) => (space, 0),
            Given::Nothing | Given::Slot(_) => place(Want::of(row), machine, state, odds, random),
        };
        if row.has(Field::Count) {
            named.count = if let Given::Whole(_) = given {
                machine.pages()
            } else {
                count(row, named.place, machine, state, odds, random)
            };
        }
        if row.has(Field::Destination) {
            named.destination = destination(&named, machine, random);
        }
        if row.has(Field::Access) {
            let is_back = row.act == Act::Opens || row.act == Act::Sets && state.set_back().is_some();
            named.access = if is_back && odds.often() { Access::ReadWrite as u32 } else { odds.below(3) };
        }
        if machine.huge().is_some() && matches!(given, Given::Nothing) {
            align(row, &mut named, machine, state, random);
        }
    } else if row.has(Field::Space) {
        named.place.0 = whole_space(row, machine, state, odds, random);
        if row.act == Act::Fills {
            let unused = if odds.mostly() { state.unused(Field::Space, machine.spaces(), random) } else { None };
            named.child = unused.unwrap_or_else(|| random.below(machine.spaces()));
        }
    }
    if let Some(sort) = row.slot {
        named.slot = match given {
            Given::Slot(slot) => slot,
            Given::Nothing | Given::Place(_) | Given::Whole(_) => slot(row, sort, state, odds),
        };
    }
    named
}

/// On a machine with huge pages half of the ranges are whole groups, and are moved to groups.
fn align(row: &Row, named: &mut Named, machine: &Machine, state: &GeneratorState, random: &mut Random) {
    if !row.has(Field::Count) || random.chance(1, 2) {
        return;
    }
    let (group, (space, page)) = (machine.huge_pages(), named.place);
    let VirtualPage(first) = machine.group(VirtualPage(page));
    let rest = machine.pages() - first;
    if rest < group || row.act == Act::Opens && state.run((space, first), Want::Unmapped) < group {
        return;
    }
    named.place = (space, first);
    named.count = if random.chance(3, 4) { group } else { rest / group * group };
    if row.has(Field::Destination) {
        let groups = (machine.pages() - named.count) / group + 1;
        named.destination = random.below(groups) * group;
        if named.destination == first {
            named.destination = random.below(groups) * group;
        }
    }
}

/// A slot of this sort, most often one that the operation can use.
#[inline]
fn slot(row: &Row, sort: Field, state: &GeneratorState, odds: &mut Odds) -> u32 {
    let choices = slots(sort);
    let any = odds.below(choices);
    if !odds.mostly() {
        return any;
    }
    // The next one from there on.
    let fitting =
        if row.act == Act::Fills { state.unused_from(sort, choices, any) } else { state.used_from(sort, any) };
    fitting.unwrap_or(any)
}

/// How many pages an operation takes from a place on: only a few ranges reach over what cannot be used.
#[inline]
fn count(
    row: &Row,
    place: Position,
    machine: &Machine,
    state: &GeneratorState,
    odds: &mut Odds,
    random: &mut Random,
) -> u32 {
    let opens = row.act == Act::Opens;
    if !opens && odds.half() {
        return 1;
    }
    let rest = machine.pages() - place.1;
    let most = if odds.mostly() { rest.min(state.reach(place, Want::of(row))) } else { rest };
    if opens {
        return 1 + random.below(most).max(random.below(most));
    }
    // All that is alike from there on.
    if !odds.mostly() {
        return most;
    }
    if odds.mostly() { 1 + odds.below(most.min(4)) } else { 1 + random.below(most) }
}

/// Where a moved range begins afterwards: a second choice where it would overlap itself.
#[inline]
fn destination(named: &Named, machine: &Machine, random: &mut Random) -> u32 {
    let choices = machine.pages() - named.count + 1;
    let first = random.below(choices);
    if first.abs_diff(named.place.1) < named.count { random.below(choices) } else { first }
}

/// A space for an operation on the whole of it: most often the one where something happened last.
#[inline]
fn whole_space(row: &Row, machine: &Machine, state: &GeneratorState, odds: &mut Odds, random: &mut Random) -> u32 {
    // The first space cannot end.
    let lowest = u32::from(row.act == Act::Ends);
    if odds.half()
        && let Some((space, _)) = state.named(0)
        && space >= lowest
    {
        return space;
    }
    let used = if odds.mostly() { state.used(Field::Space, lowest, random) } else { None };
    used.unwrap_or_else(|| random.below(machine.spaces()))
}

/// The place where an operation happens: most often one that was named recently, or where a slot was filled, and that it
/// can use.
#[inline]
fn place(want: Want, machine: &Machine, state: &GeneratorState, odds: &mut Odds, random: &mut Random) -> Position {
    // Only a few places cannot be used.
    let any = odds.seldom();
    let recent = if odds.half() { state.named(odds.falling()) } else { state.special() };
    let fits = |place: Position| any || state.run(place, want) > 0;
    if let Some(place) = recent
        && odds.often()
        && fits(place)
    {
        return place;
    }
    let space = if odds.mostly() { state.used(Field::Space, 0, random) } else { None };
    let space = space.unwrap_or_else(|| random.below(machine.spaces()));
    // The same page in another space is often the same memory.
    if let Some((_, page)) = recent
        && odds.half()
        && fits((space, page))
    {
        return (space, page);
    }
    if want == Want::Unmapped && odds.half() && state.run((space, 0), want) > 0 {
        return (space, 0);
    }
    if let Some(page) = state.page(space, machine.pages(), want, random) {
        return (space, page);
    }
    match recent {
        Some(place) if fits(place) => place,
        _ => (space, random.below(machine.pages())),
    }
}

/// The operation of this kind with these values, each folded into what its field allows; `None` where the machine
/// cannot have it.
pub(crate) fn folded(kind: Kind, values: &FieldValues, machine: &Machine) -> Option<Operation> {
    Operation::folded(kind, values.iter().map(|(field, value)| value - field.lowest()), machine)
}
