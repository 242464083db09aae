//! What pages show: home, exclusivity, content, counts and reverse maps.

use stalemap_operations::{Device, Home, Stamp};

use super::{BOTH, CROWD, Row, S0_V0, S0_V1, S1_V5, SHARED, SLOTS, WRITTEN, allowed, once, page};
use crate::liar::Lie;

pub(super) const ROWS: &[Row] = &[
    // Pages.
    once("mapping.home", "another home", WRITTEN, 2, &[Lie::Shows(|it, _| page(it).home = Home::Device(Device(0)))]),
    once("mapping.exclusive", "exclusive and not", WRITTEN, 2, &[Lie::Shows(|it, _| page(it).exclusive ^= true)]),
    once("mapping.exclusive", "not exclusive and yet", SHARED, 2, &[Lie::Shows(|it, _| page(it).exclusive ^= true)]),
    once("content.stamp", "another content", WRITTEN, 2, &[Lie::Shows(|it, _| page(it).stamp = Stamp(3))]),
    once("content.stamp", "content of the second page", BOTH, 3, &[Lie::Shows(|it, _| it.pages[1].stamp = Stamp(1))]),
    once("mapcount.count", "a map too many", WRITTEN, 2, &[Lie::Shows(|it, _| page(it).mapcount += 1)]),
    once("mapcount.count", "a map too few", SHARED, 2, &[Lie::Shows(|it, _| page(it).mapcount -= 1)]),
    once("refcount.count", "a reference too many", WRITTEN, 2, &[Lie::Shows(|it, _| page(it).refcount += 1)]),
    once("refcount.count", "a reference too few", SLOTS, 3, &[Lie::Shows(|it, _| page(it).refcount -= 1)]),
    // Reverse maps.
    once("rmap.places", "nothing is found", WRITTEN, 2, &[Lie::Shows(|it, _| page(it).rmap = 0..0)]),
    once("rmap.places", "one of two is not found", SHARED, 2, &[Lie::Shows(|it, _| page(it).rmap.end -= 1)]),
    once(
        "rmap.places",
        "a place too many is found",
        WRITTEN,
        2,
        &[Lie::Shows(|it, _| {
            it.rmaps = vec![S0_V0, S0_V1];
            page(it).rmap = 0..2;
        })],
    ),
    once(
        "rmap.places",
        "a place is found twice",
        WRITTEN,
        2,
        &[Lie::Shows(|it, _| {
            it.rmaps = vec![S0_V0, S0_V0];
            page(it).rmap = 0..2;
        })],
    ),
    once("rmap.places", "one is found twice and the other not", SHARED, 2, &[Lie::Shows(|it, _| it.rmaps.fill(S0_V0))]),
    once("rmap.places", "another place is found", SHARED, 2, &[Lie::Shows(|it, _| it.rmaps[0] = S1_V5)]),
    once("rmap.places", "one of ten is found twice", CROWD, 10, &[Lie::Shows(|it, _| it.rmaps[0] = it.rmaps[9])]),
    allowed("a reverse map finds two in another order", SHARED, &[Lie::Shows(|it, _| it.rmaps.reverse())]),
    allowed("a reverse map finds ten in another order", CROWD, &[Lie::Shows(|it, _| it.rmaps.reverse())]),
];
