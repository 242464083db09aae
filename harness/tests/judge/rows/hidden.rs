//! Pages that no place shows: of a pin, of a hold, of a transaction alone, and of nothing.

use stalemap_operations::{Home, PageToken, Stamp};

use super::{Row, S1_V5, WRITTEN, allowed, once, page};
use crate::liar::Lie;

/// From step 3 on the page is shown by a pin alone.
const PINNED: &str = "map s0 v0+1 rw; write s0 v0 #1; pin k0 s0 v0; unmap s0 v0; unpin k0";
/// From step 3 on the page is shown by a hold alone.
const HELD: &str = "map s0 v0+1 rw; write s0 v0 #1; hold h0 s0 v0; unmap s0 v0; release h0";
/// From step 6 on two pages of a device are a transaction's alone.
const COLLECTED: &str = "map s0 v0+3 rw; write s0 v0 #1; write s0 v1 #2; write s0 v2 #3; migrate s0 v0+3 to d0; \
                         collect t0 d0; unmap s0 v0+2; copy t0 0; pages t0; finalize t0; read s0 v2";

pub(super) const ROWS: &[Row] = &[
    once("content.stamp", "what a pin has", PINNED, 3, &[Lie::Shows(|it, _| page(it).stamp = Stamp(9))]),
    once("content.stamp", "what a hold has", HELD, 3, &[Lie::Shows(|it, _| page(it).stamp = Stamp(9))]),
    once("refcount.count", "references of a pin", PINNED, 3, &[Lie::Shows(|it, _| page(it).refcount += 1)]),
    once("identity.live", "a page that a pin has has ended", PINNED, 3, &[Lie::Shows(|it, _| it.pages.clear())]),
    once("content.stamp", "what a transaction has", COLLECTED, 6, &[Lie::Shows(|it, _| page(it).stamp = Stamp(9))]),
    once("mapping.home", "where a transaction has it", COLLECTED, 6, &[Lie::Shows(|it, _| page(it).home = Home::Ram)]),
    once(
        "identity.live",
        "a page that a transaction has has ended",
        COLLECTED,
        6,
        &[Lie::Shows(|it, whole| {
            let token = whole.pages[1].token;
            it.pages.retain(|page| page.token != token);
        })],
    ),
    once(
        "identity.live",
        "a page too many, which a reverse map finds",
        WRITTEN,
        2,
        &[Lie::Shows(|it, _| {
            let mut extra = page(it).clone();
            extra.token = PageToken(77);
            extra.rmap = it.rmaps.len()..it.rmaps.len() + 1;
            it.rmaps.push(S1_V5);
            it.pages.push(extra);
        })],
    ),
    once(
        "identity.live",
        "a page too many, which nothing finds",
        WRITTEN,
        2,
        &[Lie::Shows(|it, _| {
            let mut extra = page(it).clone();
            extra.token = PageToken(77);
            extra.rmap = 0..0;
            it.pages.push(extra);
        })],
    ),
    once(
        "identity.live",
        "a page too many before all others",
        WRITTEN,
        2,
        &[
            Lie::Renames(50),
            Lie::Shows(|it, _| {
                let mut extra = page(it).clone();
                extra.token = PageToken(3);
                extra.rmap = 0..0;
                it.pages.insert(0, extra);
            }),
        ],
    ),
    once(
        "content.stamp",
        "what a fresh page has",
        "map s0 v0+1 rw; migrate s0 v0 to d0; device_read d0 s0 v0",
        1,
        &[Lie::Shows(|it, _| page(it).stamp = Stamp(9))],
    ),
    allowed(
        "tokens of pages that have ended are used again in another order",
        "map s0 v0+4 rw; write s0 v0 #1; write s0 v1 #2; unmap s0 v0+2; write s0 v2 #3; write s0 v3 #4; read s0 v2",
        &[],
    ),
    allowed("two pages that a transaction has", COLLECTED, &[]),
    allowed("two pages that a transaction has, by other tokens", COLLECTED, &[Lie::Renames(50)]),
];
