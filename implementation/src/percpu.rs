//! The order-0 cache: a small stack of free frames in front of the buddy allocator (Linux: per-CPU page lists).

use stalemap_operations::{Machine, Order};

use crate::buddy::Buddy;
use crate::bug::Bug;
use crate::memmap::Frame;

const CAPACITY: usize = 64;

/// A stack of free frames. They count as free; the buddy allocator does not know them.
#[derive(Debug)]
pub(crate) struct Cache {
    frames: [Frame; CAPACITY],
    count: usize,
    /// The most that the cache holds, 2 to [`CAPACITY`]; small machines have a small one, so that it fills and spills.
    high: usize,
    /// How many frames go from or to the buddy allocator at once.
    batch: usize,
}

impl Cache {
    pub(crate) fn new(machine: &Machine) -> Self {
        let high = (machine.ram() as usize / 2).clamp(2, CAPACITY);
        Cache { frames: [Frame::NONE; CAPACITY], count: 0, high, batch: high / 2 }
    }

    /// Back to the start.
    pub(crate) fn reset(&mut self) {
        self.count = 0;
    }

    /// The cached frames.
    #[inline]
    pub(crate) fn frames(&self) -> &[Frame] {
        &self.frames[..self.count]
    }

    /// Takes a frame, the one that came last; fills up from the buddy allocator when empty.
    #[inline]
    pub(crate) fn allocate(&mut self, buddy: &mut Buddy) -> Option<Frame> {
        if self.count == 0 {
            self.refill(buddy);
        }
        self.count = self.count.checked_sub(1)?;
        Some(self.frames[self.count])
    }

    /// Gives a frame back; spills to the buddy allocator when full.
    #[inline]
    pub(crate) fn free(&mut self, frame: Frame, buddy: &mut Buddy) {
        if self.count == self.high {
            self.spill(self.batch, buddy);
        }
        self.frames[self.count] = frame;
        self.count += 1;
    }

    /// Gives everything to the buddy allocator, before it refuses a block.
    pub(crate) fn drain(&mut self, buddy: &mut Buddy) {
        self.spill(self.count, buddy);
    }

    #[cold]
    #[inline(never)]
    fn refill(&mut self, buddy: &mut Buddy) {
        let mut taken = 0;
        while self.count < self.batch
            && let Some(frame) = buddy.take(Order(0))
        {
            self.frames[self.count] = frame;
            self.count += 1;
            taken += 1;
        }
        // Counted for all at once, as `rmqueue_bulk` does (mm/page_alloc.c).
        if !buddy.bugs.skips(Bug::RefillNotCounted, taken > 0) {
            buddy.count_taken(taken);
        }
        // The lowest frame came first and is to go first.
        self.frames[..self.count].reverse();
    }

    #[cold]
    #[inline(never)]
    fn spill(&mut self, frames: usize, buddy: &mut Buddy) {
        for &frame in self.frames[self.count - frames..self.count].iter().rev() {
            buddy.free(frame, Order(0));
        }
        self.count -= buddy.bugs.choose(Bug::PercpuListMiscount, frames, || frames / 2);
    }
}
