//! What the recount counts.

use alloc::vec::Vec;

/// What the recount counts of a frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// Entries of any size that map it.
    pub(super) maps: u32,
    /// Huge ones among them.
    pub(super) huge_maps: u32,
    /// Pins.
    pub(super) pins: u32,
    /// Pins, holds, blocks and transactions.
    pub(super) references: u32,
    /// Whether a transaction has it.
    pub(super) locked: bool,
    /// Whether a block has it, with a reference or as the tail of one that was not split.
    pub(super) in_block: bool,
    /// Whether it is free, and how often the free sets name it.
    pub(super) free: u32,
}

impl Count {
    /// Whether it is what is counted of a frame that is free, and nothing else.
    #[inline]
    pub(super) fn is_of_free_frame(&self) -> bool {
        let Count { maps, huge_maps, pins, references, locked, in_block, free } = *self;
        (maps | huge_maps | pins | references) == 0 && !(locked | in_block) && free == 1
    }
}

/// What is counted, kept for the memory from recount to recount.
#[derive(Debug, Default)]
pub(crate) struct Recount {
    /// Of each frame.
    pub(super) counts: Vec<Count>,
    /// How many places belong to each region, by number.
    pub(super) places: Vec<u32>,
    /// Which places the reverse map walk of a frame found, by space × pages + page.
    pub(super) walked: Vec<bool>,
    /// How many frames are tagged with each anon_vma, and whether a chain leads to it, by number.
    pub(super) anon_vmas: Vec<(u32, bool)>,
    /// How many transactions lock each space.
    pub(super) locks: Vec<u32>,
}

impl Recount {
    pub(super) fn clear(&mut self) {
        let Recount { counts, places, walked, anon_vmas, locks } = self;
        counts.clear();
        places.clear();
        walked.clear();
        anon_vmas.clear();
        locks.clear();
    }
}
