//! What places show, and which page is at each.

use stalemap_operations::{Access, Entry, PageToken, PlaceState, PlaceView, SlotState};

use super::{HOLE, PAGE, Row, S0_V0, SLOTS, TRANSACTION, TWO, WRITTEN, entry, once, page, place, slot};
use crate::liar::Lie;

pub(super) const ROWS: &[Row] = &[
    // Places.
    once(
        "mapping.place",
        "a mapped hole is unmapped",
        PAGE,
        0,
        &[Lie::Shows(|it, _| *place(it) = PlaceState::Unmapped)],
    ),
    once(
        "mapping.place",
        "a mapped page is unmapped",
        PAGE,
        2,
        &[Lie::Shows(|it, _| *place(it) = PlaceState::Unmapped)],
    ),
    once(
        "mapping.place",
        "an unmapped place is mapped",
        "map s0 v0+1 rw; unmap s0 v0+1; map s0 v1+1 r",
        1,
        &[Lie::Shows(|it, _| {
            let state = PlaceState::Mapped { access: Access::ReadWrite, entry: Entry::Hole };
            it.places = vec![PlaceView { place: S0_V0, state }];
        })],
    ),
    once(
        "mapping.access",
        "another access",
        PAGE,
        2,
        &[Lie::Shows(|it, _| {
            let PlaceState::Mapped { access, .. } = place(it) else { panic!("it is mapped") };
            *access = Access::ReadWrite;
        })],
    ),
    once("mapping.entry", "a page is a hole", PAGE, 2, &[Lie::Shows(|it, _| *entry(it, 0) = Entry::Hole)]),
    once("mapping.entry", "a hole is a page", HOLE, 2, &[Lie::Shows(|it, _| *entry(it, 1) = *entry(it, 0))]),
    once(
        "mapping.entry",
        "a page is being migrated",
        PAGE,
        2,
        &[Lie::Shows(|it, whole| {
            *entry(it, 0) = Entry::Migrating { page: whole.pages[0].token, writable: false, huge: false };
        })],
    ),
    once(
        "mapping.entry",
        "a migrated page is mapped",
        TRANSACTION,
        3,
        &[Lie::Shows(|it, whole| {
            *entry(it, 0) = Entry::Maps { page: whole.pages[0].token, writable: true, huge: false };
        })],
    ),
    once(
        "mapping.writable",
        "the writable bit of a page",
        PAGE,
        2,
        &[Lie::Shows(|it, _| {
            let Entry::Maps { writable, .. } = entry(it, 0) else { panic!("it maps a page") };
            *writable ^= true;
        })],
    ),
    once(
        "mapping.writable",
        "the writable bit of a migration entry",
        TRANSACTION,
        3,
        &[Lie::Shows(|it, _| {
            let Entry::Migrating { writable, .. } = entry(it, 0) else { panic!("it is a migration entry") };
            *writable ^= true;
        })],
    ),
    // Which page.
    once(
        "identity.page",
        "two pages change places",
        TWO,
        3,
        &[Lie::Shows(|it, _| {
            let (first, second) = (*entry(it, 0), *entry(it, 1));
            (*entry(it, 0), *entry(it, 1)) = (second, first);
        })],
    ),
    once(
        "identity.page",
        "a place maps a page of no name",
        PAGE,
        2,
        &[Lie::Shows(|it, _| {
            *entry(it, 0) = Entry::Maps { page: PageToken(77), writable: false, huge: false };
        })],
    ),
    once(
        "identity.page",
        "two places map one page",
        TWO,
        2,
        &[Lie::Shows(|it, whole| {
            it.places = whole.places.clone();
            *entry(it, 1) = *entry(it, 0);
        })],
    ),
    once(
        "identity.page",
        "a pin is of another page",
        SLOTS,
        2,
        &[Lie::Shows(|it, _| *slot(it) = SlotState::Pin(PageToken(77)))],
    ),
    once(
        "identity.page",
        "a hold is of another page",
        SLOTS,
        3,
        &[Lie::Shows(|it, _| *slot(it) = SlotState::Hold(PageToken(77)))],
    ),
    once("identity.live", "a page is missing", WRITTEN, 2, &[Lie::Shows(|it, _| it.pages.clear())]),
    once(
        "identity.live",
        "a page too many",
        WRITTEN,
        2,
        &[Lie::Shows(|it, _| {
            let mut extra = page(it).clone();
            extra.token = PageToken(77);
            it.pages.push(extra);
        })],
    ),
];
