//! Which frames pages, blocks and transactions are in.

use stalemap_operations::{Device, Home, SlotState};

use super::{
    BLOCK, BLOCK_LAST, BOTH, DEVICE, PAGE, Row, SPLIT, TRANSACTION, TWO, WRITTEN, allowed, base, frame, lay_out, once,
};
use crate::liar::Lie;

pub(super) const ROWS: &[Row] = &[
    // Frames of pages.
    once(
        "placement.home",
        "a page in RAM is in a frame of a device",
        WRITTEN,
        2,
        &[Lie::Shows(|it, _| frame(it).home = Home::Device(Device(0)))],
    ),
    once(
        "placement.home",
        "a page of a device is in a frame of another",
        DEVICE,
        2,
        &[Lie::Shows(|it, _| frame(it).home = Home::Device(Device(1)))],
    ),
    once("placement.range", "a frame behind the end of RAM", WRITTEN, 2, &[Lie::Shows(|it, _| frame(it).offset = 8)]),
    once(
        "placement.range",
        "a frame behind the end of a device",
        DEVICE,
        2,
        &[Lie::Shows(|it, _| frame(it).offset = 4)],
    ),
    once(
        "placement.owner",
        "two pages in one frame, both shown",
        BOTH,
        3,
        &[Lie::Shows(|it, whole| *frame(it) = whole.pages[0].frame.expect("a frame"))],
    ),
    once(
        "placement.owner",
        "two pages in one frame, one shown",
        TWO,
        2,
        &[Lie::Shows(|it, whole| *frame(it) = whole.pages[0].frame.expect("a frame"))],
    ),
    once(
        "placement.owner",
        "a page in the first frame of a block",
        BLOCK,
        2,
        &[Lie::Shows(|it, whole| *frame(it) = *base(&mut whole.clone()))],
    ),
    once(
        "placement.owner",
        "a page in the last frame of a block",
        BLOCK,
        2,
        &[Lie::Shows(|it, whole| {
            *frame(it) = *base(&mut whole.clone());
            frame(it).offset += 1;
        })],
    ),
    once(
        "placement.owner",
        "a page in the frame that a split block still has",
        SPLIT,
        4,
        &[Lie::Shows(|it, whole| {
            *frame(it) = *base(&mut whole.clone());
            frame(it).offset += 1;
        })],
    ),
    allowed("the last frame of RAM", PAGE, &[Lie::Shows(|it, whole| lay_out(it, whole, &[7], &[]))]),
    allowed(
        "the last frame of a device",
        DEVICE,
        &[Lie::Shows(|it, _| {
            if let Some(frame) = it.pages.last_mut().and_then(|page| page.frame.as_mut()) {
                frame.offset = 3;
            }
        })],
    ),
    allowed(
        "a page behind the other",
        "map s0 v0+2 rw; write s0 v0 #1; unmap s0 v0; write s0 v1 #2; read s0 v1",
        &[Lie::Shows(|it, whole| lay_out(it, whole, &[3], &[3]))],
    ),
    allowed(
        "a page behind a block",
        "map s0 v0+1 rw; alloc b0 0; free b0; write s0 v0 #1; read s0 v0",
        &[Lie::Shows(|it, whole| lay_out(it, whole, &[3], &[3]))],
    ),
    allowed(
        "a page in the frame that a split block gave back",
        SPLIT,
        &[Lie::Shows(|it, whole| lay_out(it, whole, &[2], &[2]))],
    ),
    allowed(
        "a block behind a page",
        "map s0 v0+1 rw; write s0 v0 #1; unmap s0 v0; alloc b0 0; read s0 v0",
        &[Lie::Shows(|it, whole| lay_out(it, whole, &[3], &[3]))],
    ),
    // Frames of slots.
    once(
        "placement.owner",
        "a block over a page",
        BLOCK_LAST,
        2,
        &[Lie::Shows(|it, whole| {
            let offset = whole.pages[0].frame.expect("a frame").offset;
            base(it).offset = offset & !1;
        })],
    ),
    once(
        "placement.owner",
        "two blocks in one",
        "alloc b0 1; alloc b1 1; read s0 v0",
        1,
        &[Lie::Shows(|it, whole| {
            let SlotState::Block { base: Some(first), .. } = whole.slots[0].1 else { panic!("it is a block") };
            *base(it) = first;
        })],
    ),
    once("placement.alignment", "a block that is not aligned", BLOCK, 0, &[Lie::Shows(|it, _| base(it).offset = 1)]),
    once(
        "placement.home",
        "a block on a device",
        BLOCK,
        0,
        &[Lie::Shows(|it, _| base(it).home = Home::Device(Device(0)))],
    ),
    once("placement.range", "a block behind the end of RAM", BLOCK, 0, &[Lie::Shows(|it, _| base(it).offset = 8)]),
    once(
        "placement.range",
        "a bare frame behind the end of a device",
        TRANSACTION,
        4,
        &[Lie::Shows(|it, _| it.frames[1].offset = 4)],
    ),
    once(
        "placement.owner",
        "a transaction has the frame of a page",
        TRANSACTION,
        4,
        &[Lie::Shows(|it, whole| {
            it.frames[0] = whole.pages[0].frame.expect("a frame");
        })],
    ),
    once(
        "placement.owner",
        "a transaction gives one frame to two candidates",
        TRANSACTION,
        4,
        &[Lie::Shows(|it, _| {
            it.frames[1] = it.frames[0];
        })],
    ),
    allowed("the last two frames of RAM as a block", BLOCK, &[Lie::Shows(|it, whole| lay_out(it, whole, &[0], &[6]))]),
];
