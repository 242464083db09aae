//! The last of several, and the one before the last.

use stalemap_operations::{
    Access, BlockSlot, Device, Entry, Home, Order, Place, PlaceState, PlaceView, Slot, SlotState, VirtualPage,
};

use super::{BOTH, CROWD, Row, S0_V0, S0_V1, S1_V5, TRANSACTION, TWO, allowed, entry, once};
use crate::liar::Lie;

/// Step 3 takes the last of three blocks, and step 4 the last pin of two.
const MANY: &str = "map s0 v0+1 rw; write s0 v0 #1; alloc b0 0; alloc b7 1; pin k0 s0 v0; pin k3 s0 v0; read s0 v0";
/// Step 1 gives two pages frames of a device.
const ON_DEVICE: &str = "map s0 v0+2 rw; migrate s0 v0+2 to d1; read s0 v0";

pub(super) const ROWS: &[Row] = &[
    once(
        "mapping.home",
        "home of the second page",
        BOTH,
        3,
        &[Lie::Shows(|it, _| it.pages[1].home = Home::Device(Device(1)))],
    ),
    once(
        "mapping.exclusive",
        "exclusivity of the second page",
        BOTH,
        3,
        &[Lie::Shows(|it, _| it.pages[1].exclusive ^= true)],
    ),
    once("mapcount.count", "mapcount of the second page", BOTH, 3, &[Lie::Shows(|it, _| it.pages[1].mapcount -= 1)]),
    once("refcount.count", "refcount of the second page", BOTH, 3, &[Lie::Shows(|it, _| it.pages[1].refcount += 1)]),
    once("rmap.places", "reverse map of the second page", BOTH, 3, &[Lie::Shows(|it, _| it.pages[1].rmap.end -= 1)]),
    once(
        "mapping.writable",
        "writable bit of the second place",
        TWO,
        3,
        &[Lie::Shows(|it, _| {
            let Entry::Maps { writable, .. } = entry(it, 1) else { panic!("it maps a page") };
            *writable ^= true;
        })],
    ),
    once(
        "mapping.access",
        "access of the second place",
        TWO,
        3,
        &[Lie::Shows(|it, _| {
            let PlaceState::Mapped { access, .. } = &mut it.places[1].state else { panic!("it is mapped") };
            *access = Access::None;
        })],
    ),
    once(
        "mapping.place",
        "a place behind the last",
        TWO,
        3,
        &[Lie::Shows(|it, _| {
            let state = PlaceState::Mapped { access: Access::None, entry: Entry::Hole };
            it.places.push(PlaceView { place: S1_V5, state });
        })],
    ),
    once(
        "mapping.place",
        "the first of two places is not shown",
        TWO,
        3,
        &[Lie::Shows(|it, _| {
            it.places.remove(0);
        })],
    ),
    once(
        "mapping.place",
        "the last of two places is not shown",
        TWO,
        3,
        &[Lie::Shows(|it, _| {
            it.places.pop();
        })],
    ),
    once(
        "mapping.place",
        "a place before all others",
        "map s0 v1+2 rw; write s0 v1 #1; protect s0 v1+2 r; read s0 v1",
        2,
        &[Lie::Shows(|it, _| {
            let state = PlaceState::Mapped { access: Access::None, entry: Entry::Hole };
            it.places.insert(0, PlaceView { place: S0_V0, state });
        })],
    ),
    allowed(
        "unmapped places are shown before, between and behind the others",
        "map s0 v1+1 rw; map s0 v3+1 r; write s0 v1 #1; protect s0 v3+1 rw; write s0 v3 #2; read s0 v1",
        &[Lie::Shows(|it, _| {
            for page in [0, 2, 4].map(VirtualPage) {
                let place = Place { page, ..S0_V0 };
                if let Err(at) = it.places.binary_search_by_key(&place, |view| view.place) {
                    it.places.insert(at, PlaceView { place, state: PlaceState::Unmapped });
                }
            }
        })],
    ),
    once(
        "rmap.places",
        "another place first of ten",
        CROWD,
        10,
        &[Lie::Shows(|it, _| {
            it.rmaps.iter_mut().filter(|place| **place == S0_V0).for_each(|place| *place = S0_V1);
        })],
    ),
    once(
        "mapping.slot",
        "the last block is empty",
        MANY,
        3,
        &[Lie::Shows(|it, _| {
            it.slots
                .iter_mut()
                .filter(|(slot, _)| *slot == Slot::Block(BlockSlot(7)))
                .for_each(|it| it.1 = SlotState::Empty);
        })],
    ),
    once(
        "mapping.slot",
        "the last pin is not shown",
        MANY,
        5,
        &[Lie::Shows(|it, _| it.slots.retain(|(slot, _)| !matches!(slot, Slot::Pin(pin) if pin.0 == 3)))],
    ),
    once(
        "mapping.slot",
        "an order above the right one",
        MANY,
        3,
        &[Lie::Shows(|it, _| {
            it.slots.iter_mut().filter(|(slot, _)| *slot == Slot::Block(BlockSlot(7))).for_each(|it| {
                let SlotState::Block { order, .. } = &mut it.1 else { panic!("it is a block") };
                *order = Order(2);
            });
        })],
    ),
    once(
        "placement.owner",
        "two pages in one frame of the last device",
        ON_DEVICE,
        1,
        &[Lie::Shows(|it, _| {
            let first = it.pages[0].frame;
            it.pages[1].frame = first;
        })],
    ),
    once(
        "placement.range",
        "a frame far behind the end of the last device",
        ON_DEVICE,
        1,
        &[Lie::Shows(|it, _| it.pages[1].frame.as_mut().expect("frames are shown").offset = 7)],
    ),
    once(
        "placement.owner",
        "the second frame of a transaction is the first page's",
        TRANSACTION,
        4,
        &[Lie::Shows(|it, whole| it.frames[1] = whole.pages[0].frame.expect("a frame"))],
    ),
    allowed("tokens on both sides of the end of the tables", TRANSACTION, &[Lie::Renames((1 << 20) + 1)]),
    once(
        "content.stamp",
        "another content of a page with a token behind the end of the tables",
        BOTH,
        3,
        &[Lie::Renames((1 << 20) + 40), Lie::Shows(|it, _| it.pages[0].stamp.0 = 9)],
    ),
];
