//! The recount, panics, and what the subject says that it touched.

use stalemap_operations::{Entry, Observation, PageToken, PinSlot, PlaceState, Slot, SlotState, Stamp};

use super::{PAGE, Row, S0_V0, SECOND, SLOTS, TRANSACTION, allowed, lasting, once};
use crate::liar::{Call, Lie};

pub(super) const ROWS: &[Row] = &[
    // The recount, and panics.
    lasting(
        "validity.a_count_is_wrong",
        "the recount does not balance at the end",
        PAGE,
        3,
        &[Lie::Recounts("a count is wrong")],
    ),
    lasting(
        "validity.a_count_is_wrong",
        "the recount does not balance from a step on",
        PAGE,
        1,
        &[Lie::Recounts("a count is wrong")],
    ),
    once("panic.subject_the_liar_panics_in_reset", "a panic while it is reset", PAGE, 0, &[Lie::Panics(Call::Reset)]),
    once("panic.subject_the_liar_panics_in_apply", "a panic in an operation", PAGE, 2, &[Lie::Panics(Call::Apply)]),
    once(
        "panic.subject_the_liar_panics_in_observe",
        "a panic while it is looked at",
        PAGE,
        2,
        &[Lie::Panics(Call::Observe)],
    ),
    once(
        "panic.subject_the_liar_panics_in_validate",
        "a panic in the recount",
        PAGE,
        3,
        &[Lie::Panics(Call::Validate)],
    ),
    // What was touched.
    lasting("mapping.writable", "another entry is written, and it is not said", SECOND, 2, &[Lie::Shows(spoil)]),
    once(
        "mapping.writable",
        "another entry is written, and it is said",
        SECOND,
        2,
        &[
            Lie::Shows(spoil),
            Lie::Touches(|touched| {
                touched.places.push(S0_V0);
                true
            }),
        ],
    ),
    once(
        "mapping.writable",
        "another entry is written, and the subject cannot tell",
        SECOND,
        2,
        &[Lie::Shows(spoil), Lie::Touches(|_| false)],
    ),
    lasting("content.stamp", "another page is written, and it is not said", SECOND, 2, &[Lie::Shows(spoil_page)]),
    once(
        "content.stamp",
        "another page is written, and it is said",
        SECOND,
        2,
        &[
            Lie::Shows(spoil_page),
            Lie::Touches(|touched| {
                // The first page of the program.
                touched.pages.push(PageToken(0));
                true
            }),
        ],
    ),
    lasting("mapping.slot", "another slot is emptied, and it is not said", SLOTS, 3, &[Lie::Shows(spoil_slot)]),
    once(
        "mapping.slot",
        "another slot is emptied, and it is said",
        SLOTS,
        3,
        &[
            Lie::Shows(spoil_slot),
            Lie::Touches(|touched| {
                touched.slots.push(Slot::Pin(PinSlot(0)));
                true
            }),
        ],
    ),
    once(
        "mapping.writable",
        "an operation does not say what it touched",
        PAGE,
        2,
        &[
            Lie::Shows(spoil),
            Lie::Touches(|touched| {
                touched.clear();
                true
            }),
        ],
    ),
    allowed("the subject never can tell", TRANSACTION, &[Lie::Touches(|_| false)]),
    once(
        "content.stamp",
        "an operation does not say which page it touched",
        "map s0 v0+1 rw; write s0 v0 #1; write s0 v0 #2; read s0 v0",
        2,
        &[
            Lie::Shows(spoil_page),
            Lie::Touches(|touched| {
                touched.clear();
                true
            }),
        ],
    ),
    // Names without meaning.
    allowed("other tokens in another order", TRANSACTION, &[Lie::Renames(50)]),
    allowed("large tokens", TRANSACTION, &[Lie::Renames(70_000)]),
    allowed("tokens on both sides of a border", TRANSACTION, &[Lie::Renames((1 << 16) + 1)]),
];

/// Turns the writable bit of s0 v0, where it is shown.
fn spoil(seen: &mut Observation, _: &Observation) {
    let view = seen.places.iter_mut().find(|view| view.place == S0_V0);
    if let Some(PlaceState::Mapped { entry: Entry::Maps { writable, .. }, .. }) = view.map(|view| &mut view.state) {
        *writable ^= true;
    }
}

/// Changes what is in the page of s0 v0, where it is shown.
fn spoil_page(seen: &mut Observation, whole: &Observation) {
    let token = whole.places[0].state.page().expect("a page");
    if let Some(page) = seen.pages.iter_mut().find(|page| page.token == token) {
        page.stamp = Stamp(9);
    }
}

/// Empties the first pin, where it is shown.
fn spoil_slot(seen: &mut Observation, _: &Observation) {
    seen.slots
        .iter_mut()
        .filter(|(_, state)| matches!(state, SlotState::Pin(_)))
        .for_each(|(_, it)| *it = SlotState::Empty);
}
