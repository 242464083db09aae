//! The lies, a row each: what is falsified at which step of which program, and what is to be said of it.

use std::ops::RangeInclusive;

use stalemap_operations::{
    Access, BlockSlot, Device, Effect, Entry, Errno, FrameToken, HoldSlot, Home, Observation, Order, Outcome,
    PageToken, PageView, Phase, PinSlot, Place, PlaceState, PlaceView, Slot, SlotState, Space, Stamp, VirtualPage,
};

use crate::liar::{Call, Liars, Lie};

/// A row of the table.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) program: &'static str,
    /// What is falsified.
    lies: &'static [Lie],
    /// At which steps.
    steps: RangeInclusive<usize>,
    /// `oracle.fact` of the first of these steps; none where the subject is as good as an honest one.
    pub(crate) expected: Option<&'static str>,
    /// Whether only a comparison of everything sees it, so that a second run finds the step.
    pub(crate) only_at_the_end: bool,
}

impl Row {
    /// Subjects that lie as the row says.
    pub(crate) fn liars(&self) -> Liars {
        self.lies.iter().fold(Liars::honest(), |liars, &lie| liars.and(lie, self.steps.clone()))
    }

    /// The step that is to be named.
    pub(crate) fn found_at(&self) -> usize {
        *self.steps.start()
    }
}

/// A lie at one step, which that step's own comparison must see: the steps behind it are honest again.
const fn once(fact: &'static str, name: &'static str, program: &'static str, step: usize, lies: &'static [Lie]) -> Row {
    Row { name, program, lies, steps: step..=step, expected: Some(fact), only_at_the_end: false }
}

/// A lie from a step on about what neither side touches there: it shows at the end, and belongs to its step.
const fn hidden(
    fact: &'static str,
    name: &'static str,
    program: &'static str,
    step: usize,
    lies: &'static [Lie],
) -> Row {
    Row { name, program, lies, steps: step..=usize::MAX, expected: Some(fact), only_at_the_end: true }
}

/// A lie at one step that is as good as the truth.
const fn just(name: &'static str, program: &'static str, step: usize, lies: &'static [Lie]) -> Row {
    Row { name, program, lies, steps: step..=step, expected: None, only_at_the_end: false }
}

/// What a subject may do: other names, other orders, other frames.
const fn allowed(name: &'static str, program: &'static str, lies: &'static [Lie]) -> Row {
    Row { name, program, lies, steps: 0..=usize::MAX, expected: None, only_at_the_end: false }
}

/// Step 2 writes the entry of s0 v0, which maps the only page, in RAM.
const PAGE: &str = "map s0 v0+2 rw; write s0 v0 #1; protect s0 v0+1 r; read s0 v0";
/// Step 2 writes the entries of a page and of a hole.
const HOLE: &str = "map s0 v0+2 rw; write s0 v0 #1; protect s0 v0+2 r; read s0 v0";
/// Step 2 makes the second page, and nothing is written behind it.
const SECOND: &str = "map s0 v0+2 rw; write s0 v0 #1; write s0 v1 #2; read s0 v0";
/// Step 2 makes the second page, and step 3 writes the entries of both.
const TWO: &str = "map s0 v0+2 rw; write s0 v0 #1; write s0 v1 #2; protect s0 v0+2 r; read s0 v0";
/// Step 2 maps the only page at s1 v0 too.
const SHARED: &str = "map s0 v0+1 rw; write s0 v0 #1; fork s0 s1; read s0 v0";
/// Step 3 maps the only page at a tenth place.
const CROWD: &str = "machine ram=4 spaces=10 pages=1; map s0 v0+1 rw; write s0 v0 #1; fork s0 s1; fork s0 s2; fork s0 s3; \
                     fork s0 s4; fork s0 s5; fork s0 s6; fork s0 s7; fork s0 s8; fork s0 s9; read s0 v0";
/// Step 2 moves the only page to a device.
const DEVICE: &str = "map s0 v0+1 rw; write s0 v0 #1; migrate s0 v0 to d0; device_read d0 s0 v0";
/// Step 3 collects both pages, and step 4 gives each a frame on the device.
const TRANSACTION: &str =
    "map s0 v0+2 rw; write s0 v0 #1; write s0 v1 #2; setup t0 s0 v0+2 to d0; copy t0 0; pages t0; finalize t0";
/// Step 0 takes a block, and step 2 makes a page.
const BLOCK: &str = "alloc b0 1; map s0 v0+1 rw; write s0 v0 #1; read s0 v0";
/// Step 2 takes a block beside a page.
const BLOCK_LAST: &str = "map s0 v0+1 rw; write s0 v0 #1; alloc b0 1; read s0 v0";
/// Step 1 splits the block, step 2 gives its lowest frame back, and step 4 makes a page.
const SPLIT: &str = "alloc b0 1; split b0; free b0; map s0 v0+1 rw; write s0 v0 #1; read s0 v0";
/// Step 2 pins the page, and step 3 holds it.
const SLOTS: &str = "map s0 v0+1 rw; write s0 v0 #1; pin k0 s0 v0; hold h0 s0 v0; read s0 v0";
/// Step 1 is refused and touches nothing.
const REFUSED: &str = "map s0 v0+1 rw; map s0 v0+1 rw; read s0 v0";
/// Step 3 asks for half of RAM beside two pages.
const HALF: &str = "map s0 v0+2 rw; write s0 v0 #1; write s0 v1 #2; alloc b0 2; read s0 v0";
/// Step 2 asks for half of RAM beside two blocks.
const HALF_BLOCKS: &str = "alloc b0 0; alloc b1 0; alloc b2 2; read s0 v0";
/// Step 7 asks for two of four frames; of a block of four the highest is held, and there is a page.
const HELD: &str = "machine ram=4 spaces=1 pages=1; alloc b0 2; split b0; free b0; free b0; free b0; \
                    map s0 v0+1 rw; write s0 v0 #1; alloc b1 1; read s0 v0";
/// Step 6 asks for two of four frames beside a page and a frame that a transaction has.
const BARE: &str = "machine ram=4 device=2 spaces=1 pages=2; map s0 v0+2 rw; write s0 v0 #1; migrate s0 v0 to d0; \
                    write s0 v1 #2; collect t0 d0; copy t0 0; alloc b0 1; read s0 v1";

const S0_V0: Place = Place { space: Space(0), page: VirtualPage(0) };
const S0_V1: Place = Place { space: Space(0), page: VirtualPage(1) };
const S1_V5: Place = Place { space: Space(1), page: VirtualPage(5) };

/// The state of the first place that is shown.
fn place(seen: &mut Observation) -> &mut PlaceState {
    &mut seen.places[0].state
}

/// The entry of the nth place that is shown.
fn entry(seen: &mut Observation, index: usize) -> &mut Entry {
    match &mut seen.places[index].state {
        PlaceState::Mapped { entry, .. } => entry,
        PlaceState::Unmapped => panic!("the place is mapped"),
    }
}

/// The first page that is shown.
fn page(seen: &mut Observation) -> &mut PageView {
    &mut seen.pages[0]
}

/// The frame of the last page that is shown.
fn frame(seen: &mut Observation) -> &mut FrameToken {
    seen.pages.last_mut().and_then(|page| page.frame.as_mut()).expect("frames are shown")
}

/// The last slot that is shown.
fn slot(seen: &mut Observation) -> &mut SlotState {
    &mut seen.slots.last_mut().expect("a slot is shown").1
}

/// The lowest frame of the last slot, which is a block.
fn base(seen: &mut Observation) -> &mut FrameToken {
    match slot(seen) {
        SlotState::Block { base: Some(base), .. } => base,
        other => panic!("{other:?} is no block with a frame"),
    }
}

/// Lays the pages in RAM and the blocks out: each page and each block begins at the frame of its number.
fn lay_out(seen: &mut Observation, whole: &Observation, pages: &[u32], blocks: &[u32]) {
    for page in &mut seen.pages {
        let index = whole.position(page.token).expect("it lives");
        if let Some(frame) = page.frame.as_mut().filter(|frame| frame.home == Home::Ram) {
            frame.offset = pages[index];
        }
    }
    for (slot, state) in &mut seen.slots {
        if let (Slot::Block(slot), SlotState::Block { base: Some(base), .. }) = (slot, state) {
            base.offset = blocks[slot.index()];
        }
    }
}

pub(crate) const ROWS: &[Row] = &[
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
            *entry(it, 0) = Entry::Migrating { page: whole.pages[0].token, writable: false };
        })],
    ),
    once(
        "mapping.entry",
        "a migrated page is mapped",
        TRANSACTION,
        3,
        &[Lie::Shows(|it, whole| {
            *entry(it, 0) = Entry::Maps { page: whole.pages[0].token, writable: true };
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
        "mapping.page",
        "two pages change places",
        TWO,
        3,
        &[Lie::Shows(|it, _| {
            let (first, second) = (*entry(it, 0), *entry(it, 1));
            (*entry(it, 0), *entry(it, 1)) = (second, first);
        })],
    ),
    once(
        "mapping.page",
        "a place maps a page of no name",
        PAGE,
        2,
        &[Lie::Shows(|it, _| {
            *entry(it, 0) = Entry::Maps { page: PageToken(77), writable: false };
        })],
    ),
    once(
        "mapping.page",
        "two places map one page",
        TWO,
        2,
        &[Lie::Shows(|it, whole| {
            it.places = whole.places.clone();
            *entry(it, 1) = *entry(it, 0);
        })],
    ),
    once(
        "mapping.page",
        "a pin is of another page",
        SLOTS,
        2,
        &[Lie::Shows(|it, _| *slot(it) = SlotState::Pin(PageToken(77)))],
    ),
    once(
        "mapping.page",
        "a hold is of another page",
        SLOTS,
        3,
        &[Lie::Shows(|it, _| *slot(it) = SlotState::Hold(PageToken(77)))],
    ),
    once("mapping.lives", "a page is missing", PAGE, 2, &[Lie::Shows(|it, _| it.pages.clear())]),
    once(
        "mapping.lives",
        "a page too many",
        PAGE,
        2,
        &[Lie::Shows(|it, _| {
            let mut extra = page(it).clone();
            extra.token = PageToken(77);
            it.pages.push(extra);
        })],
    ),
    // Pages.
    once("mapping.home", "another home", PAGE, 2, &[Lie::Shows(|it, _| page(it).home = Home::Device(Device(0)))]),
    once("mapping.exclusive", "exclusive and not", PAGE, 2, &[Lie::Shows(|it, _| page(it).exclusive ^= true)]),
    once("mapping.exclusive", "not exclusive and yet", SHARED, 2, &[Lie::Shows(|it, _| page(it).exclusive ^= true)]),
    once("content.stamp", "another content", PAGE, 2, &[Lie::Shows(|it, _| page(it).stamp = Stamp(2))]),
    once("content.stamp", "content of the second page", TWO, 3, &[Lie::Shows(|it, _| it.pages[1].stamp = Stamp(1))]),
    once("mapcount.count", "a map too many", PAGE, 2, &[Lie::Shows(|it, _| page(it).mapcount += 1)]),
    once("mapcount.count", "a map too few", SHARED, 2, &[Lie::Shows(|it, _| page(it).mapcount -= 1)]),
    once("refcount.count", "a reference too many", PAGE, 2, &[Lie::Shows(|it, _| page(it).refcount += 1)]),
    once("refcount.count", "a reference too few", SLOTS, 3, &[Lie::Shows(|it, _| page(it).refcount -= 1)]),
    // Reverse maps.
    once("rmap.places", "nothing is found", PAGE, 2, &[Lie::Shows(|it, _| page(it).rmap = 0..0)]),
    once("rmap.places", "one of two is not found", SHARED, 2, &[Lie::Shows(|it, _| page(it).rmap.end -= 1)]),
    once(
        "rmap.places",
        "a place too many is found",
        PAGE,
        2,
        &[Lie::Shows(|it, _| {
            it.rmaps = vec![S0_V0, S0_V1];
            page(it).rmap = 0..2;
        })],
    ),
    once(
        "rmap.places",
        "a place is found twice",
        PAGE,
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
    // Frames of pages.
    once(
        "placement.home",
        "a page in RAM is in a frame of a device",
        PAGE,
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
    once("placement.range", "a frame behind the end of RAM", PAGE, 2, &[Lie::Shows(|it, _| frame(it).offset = 8)]),
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
        TWO,
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
    // Slots.
    once("mapping.slot", "a full slot is empty", SLOTS, 2, &[Lie::Shows(|it, _| *slot(it) = SlotState::Empty)]),
    once("mapping.slot", "a full slot is not shown", BLOCK, 0, &[Lie::Shows(|it, _| it.slots.clear())]),
    once(
        "mapping.slot",
        "an empty slot is full",
        PAGE,
        2,
        &[Lie::Shows(|it, _| {
            let block = SlotState::Block { order: Order(0), split: false, held: 0, base: None };
            it.slots.push((Slot::Hold(HoldSlot(0)), block));
        })],
    ),
    once(
        "mapping.slot",
        "an emptied slot is full",
        "alloc b0 0; free b0; read s0 v0",
        1,
        &[Lie::Shows(|it, _| {
            let block = SlotState::Block { order: Order(0), split: false, held: 0, base: None };
            it.slots = vec![(Slot::Block(BlockSlot(0)), block)];
        })],
    ),
    once(
        "mapping.slot",
        "a pin is a hold",
        SLOTS,
        2,
        &[Lie::Shows(|it, whole| *slot(it) = SlotState::Hold(whole.pages[0].token))],
    ),
    once(
        "mapping.slot",
        "a hold is a pin",
        SLOTS,
        3,
        &[Lie::Shows(|it, whole| *slot(it) = SlotState::Pin(whole.pages[0].token))],
    ),
    once(
        "mapping.slot",
        "another phase",
        TRANSACTION,
        4,
        &[Lie::Shows(|it, _| {
            let SlotState::Transaction { phase, .. } = slot(it) else { panic!("it is a transaction") };
            *phase = Phase::Collected;
        })],
    ),
    once(
        "mapping.slot",
        "another number of candidates",
        TRANSACTION,
        3,
        &[Lie::Shows(|it, _| {
            let SlotState::Transaction { candidates, .. } = slot(it) else { panic!("it is a transaction") };
            *candidates += 1;
        })],
    ),
    once(
        "mapping.slot",
        "another order",
        BLOCK,
        0,
        &[Lie::Shows(|it, _| {
            let SlotState::Block { order, .. } = slot(it) else { panic!("it is a block") };
            *order = Order(2);
        })],
    ),
    once(
        "mapping.slot",
        "split and not",
        SPLIT,
        1,
        &[Lie::Shows(|it, _| {
            let SlotState::Block { split, .. } = slot(it) else { panic!("it is a block") };
            *split ^= true;
        })],
    ),
    once(
        "mapping.slot",
        "more frames held",
        SPLIT,
        2,
        &[Lie::Shows(|it, _| {
            let SlotState::Block { held, .. } = slot(it) else { panic!("it is a block") };
            *held += 1;
        })],
    ),
    // The whole machine.
    once("mapping.alive", "a dead space is alive", PAGE, 2, &[Lie::Shows(|it, _| it.alive |= 1 << 2)]),
    once("mapping.alive", "a living space is dead", SHARED, 2, &[Lie::Shows(|it, _| it.alive &= !2)]),
    once("mapping.locked", "an unlocked space is locked", PAGE, 2, &[Lie::Shows(|it, _| it.locked |= 1)]),
    once("mapping.locked", "a locked space is unlocked", TRANSACTION, 3, &[Lie::Shows(|it, _| it.locked = 0)]),
    once("conservation.free", "free frames of RAM", PAGE, 2, &[Lie::Shows(|it, _| it.free[0] -= 1)]),
    once("conservation.free", "free frames of the first device", PAGE, 2, &[Lie::Shows(|it, _| it.free[1] += 1)]),
    once("conservation.free", "free frames of the second device", PAGE, 2, &[Lie::Shows(|it, _| it.free[2] -= 1)]),
    // Answers.
    once("outcome.errno", "another errno", REFUSED, 1, &[Lie::Answers(|_| Outcome::Refused(Errno::EINVAL))]),
    once("outcome.errno", "done instead of refused", REFUSED, 1, &[Lie::Answers(|_| Outcome::Done(Effect::Nothing))]),
    once("outcome.errno", "refused instead of done", REFUSED, 0, &[Lie::Answers(|_| Outcome::Refused(Errno::EEXIST))]),
    once("outcome.errno", "refused and not done", REFUSED, 0, &[Lie::Refuses(Errno::EEXIST)]),
    once("outcome.effect", "another value", PAGE, 3, &[Lie::Answers(|_| Outcome::Done(Effect::Value(Stamp(2))))]),
    once(
        "outcome.effect",
        "an effect of another shape",
        REFUSED,
        0,
        &[Lie::Answers(|_| Outcome::Done(Effect::Freed(0)))],
    ),
    once(
        "outcome.effect",
        "another number of pages",
        TRANSACTION,
        5,
        &[Lie::Answers(|_| Outcome::Done(Effect::Pages(1)))],
    ),
    once("termination.fuel", "an operation does not end", PAGE, 2, &[Lie::Answers(|_| Outcome::Stuck)]),
    once("termination.fuel", "a refused operation does not end", REFUSED, 1, &[Lie::Answers(|_| Outcome::Stuck)]),
    // Blocks that are refused.
    once("outcome.errno", "a frame is refused", "alloc b0 0; read s0 v0", 0, &[Lie::Refuses(Errno::ENOMEM)]),
    once(
        "refusal.unjust",
        "a block is refused beside a page of a device",
        "map s0 v0+1 rw; migrate s0 v0 to d0; alloc b0 3; read s0 v0",
        2,
        &[Lie::Refuses(Errno::ENOMEM)],
    ),
    once(
        "refusal.unjust",
        "two pages leave the upper half free",
        HALF,
        3,
        &[Lie::Refuses(Errno::ENOMEM), Lie::Shows(|it, whole| lay_out(it, whole, &[1, 2], &[]))],
    ),
    once(
        "refusal.unjust",
        "two pages leave the lower half free",
        HALF,
        3,
        &[Lie::Refuses(Errno::ENOMEM), Lie::Shows(|it, whole| lay_out(it, whole, &[4, 7], &[]))],
    ),
    once(
        "refusal.unjust",
        "two blocks leave the upper half free",
        HALF_BLOCKS,
        2,
        &[Lie::Refuses(Errno::ENOMEM), Lie::Shows(|it, whole| lay_out(it, whole, &[], &[0, 3]))],
    ),
    once(
        "refusal.unjust",
        "a page beside the held frame of a block",
        HELD,
        7,
        &[Lie::Refuses(Errno::ENOMEM), Lie::Shows(|it, whole| lay_out(it, whole, &[2], &[0]))],
    ),
    once(
        "refusal.unjust",
        "a page beside a bare frame",
        BARE,
        6,
        &[
            Lie::Refuses(Errno::ENOMEM),
            Lie::Shows(|it, whole| {
                lay_out(it, whole, &[0, 2], &[]);
                it.frames.fill(FrameToken { home: Home::Ram, offset: 3 });
            }),
        ],
    ),
    just(
        "two pages are in the way",
        HALF,
        3,
        &[Lie::Refuses(Errno::ENOMEM), Lie::Shows(|it, whole| lay_out(it, whole, &[0, 7], &[]))],
    ),
    just(
        "two blocks are in the way",
        HALF_BLOCKS,
        2,
        &[Lie::Refuses(Errno::ENOMEM), Lie::Shows(|it, whole| lay_out(it, whole, &[], &[3, 4]))],
    ),
    just(
        "a page and the held frame of a block are in the way",
        HELD,
        7,
        &[Lie::Refuses(Errno::ENOMEM), Lie::Shows(|it, whole| lay_out(it, whole, &[1], &[0]))],
    ),
    just(
        "a page and a bare frame are in the way",
        BARE,
        6,
        &[
            Lie::Refuses(Errno::ENOMEM),
            Lie::Shows(|it, whole| {
                lay_out(it, whole, &[0, 1], &[]);
                it.frames.fill(FrameToken { home: Home::Ram, offset: 3 });
            }),
        ],
    ),
    // The recount, and panics.
    hidden(
        "validity.balance",
        "the recount does not balance at the end",
        PAGE,
        3,
        &[Lie::Recounts("a count is wrong")],
    ),
    hidden(
        "validity.balance",
        "the recount does not balance from a step on",
        PAGE,
        1,
        &[Lie::Recounts("a count is wrong")],
    ),
    once("panic.subject", "a panic while it is reset", PAGE, 0, &[Lie::Panics(Call::Reset)]),
    once("panic.subject", "a panic in an operation", PAGE, 2, &[Lie::Panics(Call::Apply)]),
    once("panic.subject", "a panic while it tells what it touched", PAGE, 2, &[Lie::Panics(Call::Touched)]),
    once("panic.subject", "a panic while it is looked at", PAGE, 2, &[Lie::Panics(Call::Observe)]),
    once("panic.subject", "a panic in the recount", PAGE, 3, &[Lie::Panics(Call::Validate)]),
    // What was touched.
    hidden(
        "mapping.writable",
        "another entry is written, and it is not said",
        SECOND,
        2,
        &[Lie::Shows(|it, whole| spoil(it, whole))],
    ),
    once(
        "mapping.writable",
        "another entry is written, and it is said",
        SECOND,
        2,
        &[
            Lie::Shows(|it, whole| spoil(it, whole)),
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
        &[Lie::Shows(|it, whole| spoil(it, whole)), Lie::Touches(|_| false)],
    ),
    hidden("content.stamp", "another page is written, and it is not said", SECOND, 2, &[Lie::Shows(spoil_page)]),
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
    hidden("mapping.slot", "another slot is emptied, and it is not said", SLOTS, 3, &[Lie::Shows(spoil_slot)]),
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
            Lie::Shows(|it, whole| spoil(it, whole)),
            Lie::Touches(|touched| {
                touched.clear();
                true
            }),
        ],
    ),
    allowed("the subject never can tell", TRANSACTION, &[Lie::Touches(|_| false)]),
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
