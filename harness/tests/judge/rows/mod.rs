//! The lies, a row each: what is falsified at which step of which program, and what is to be said of it.

mod answers;
mod calls;
mod folios;
mod frames;
mod hidden;
mod last;
mod pages;
mod places;
mod quiet;
mod slots;

use std::ops::RangeInclusive;

use stalemap_operations::{
    Entry, FrameToken, Home, Observation, PageView, Place, PlaceState, Slot, SlotState, Space, VirtualPage,
};

use crate::liar::{Liars, Lie};

/// All rows.
pub(crate) fn rows() -> impl Iterator<Item = &'static Row> {
    let of_facts = [places::ROWS, pages::ROWS, slots::ROWS, frames::ROWS, hidden::ROWS, last::ROWS];
    of_facts.into_iter().chain([answers::ROWS, calls::ROWS, quiet::ROWS, folios::ROWS]).flatten()
}

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
    Row { name, program, lies, steps: step..=step, expected: Some(fact) }
}

/// A lie from a step on, which may be about what neither side touches there: it is seen later, and belongs to its step.
const fn lasting(
    fact: &'static str,
    name: &'static str,
    program: &'static str,
    step: usize,
    lies: &'static [Lie],
) -> Row {
    Row { name, program, lies, steps: step..=usize::MAX, expected: Some(fact) }
}

/// A lie at one step that is as good as the truth.
const fn just(name: &'static str, program: &'static str, step: usize, lies: &'static [Lie]) -> Row {
    Row { name, program, lies, steps: step..=step, expected: None }
}

/// What a subject may do: other names, other orders, other frames.
const fn allowed(name: &'static str, program: &'static str, lies: &'static [Lie]) -> Row {
    Row { name, program, lies, steps: 0..=usize::MAX, expected: None }
}

/// Step 2 writes the entry of s0 v0, which maps the only page, in RAM.
const PAGE: &str = "map s0 v0+2 rw; write s0 v0 #1; protect s0 v0+1 r; read s0 v0";
/// Step 2 writes to the only page, which is in RAM.
const WRITTEN: &str = "map s0 v0+2 rw; write s0 v0 #1; write s0 v0 #2; read s0 v0";
/// Step 3 changes the counts of both pages.
const BOTH: &str = "map s0 v0+2 rw; write s0 v0 #1; write s0 v1 #2; fork s0 s1; read s0 v0";
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
    let SlotState::Block { base: Some(base), .. } = slot(seen) else { panic!("the slot is no block with a frame") };
    base
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
