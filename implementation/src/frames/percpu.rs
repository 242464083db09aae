//! The order-0 cache: a small stack of free frames in front of the buddy allocator (Linux: per-CPU page lists).

use alloc::boxed::Box;
use alloc::vec;

use stalemap_operations::{Machine, Order};

use super::buddy::Buddy;
use super::frame::Frame;
use crate::seeded::Bug;

/// The most that the cache of a large machine holds; small machines have a small one, so that it fills and spills.
const CAPACITY: u32 = 64;

/// A stack of free frames. They count as free; the buddy allocator does not know them.
#[derive(Debug)]
pub(super) struct Cache {
    /// A place for each frame that it can hold, at least 2; half of it goes from or to the buddy allocator at once.
    frames: Box<[Frame]>,
    count: usize,
}

impl Cache {
    pub(super) fn new(machine: &Machine) -> Self {
        Cache { frames: vec![Frame::NONE; Self::capacity(machine.ram())].into(), count: 0 }
    }

    const fn capacity(ram: u32) -> usize {
        let half = ram / 2;
        (if half < 2 {
            2
        } else if half < CAPACITY {
            half
        } else {
            CAPACITY
        }) as usize
    }

    /// Bytes of the stack, whatever is in it.
    pub(super) const fn bytes(ram: u32) -> usize {
        Self::capacity(ram) * size_of::<Frame>()
    }

    /// Back to the start.
    pub(super) fn reset(&mut self) {
        self.count = 0;
    }

    /// The cached frames.
    #[inline]
    pub(super) fn frames(&self) -> &[Frame] {
        &self.frames[..self.count]
    }

    /// How many they are.
    #[inline]
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.count).unwrap_or(CAPACITY)
    }

    /// Takes a frame, the one that came last; fills up from the buddy allocator when empty.
    #[inline]
    pub(super) fn allocate(&mut self, buddy: &mut Buddy) -> Option<Frame> {
        let last = self.count.wrapping_sub(1);
        match self.frames.get(last) {
            Some(&frame) => {
                self.count = last;
                Some(frame)
            }
            None => self.refill(buddy),
        }
    }

    /// Gives a frame back; spills to the buddy allocator when full.
    #[inline]
    pub(super) fn free(&mut self, frame: Frame, buddy: &mut Buddy) {
        match self.frames.get_mut(self.count) {
            Some(place) => {
                *place = frame;
                self.count += 1;
            }
            None => self.spill_for(frame, buddy),
        }
    }

    /// Gives everything to the buddy allocator, before it refuses a block.
    pub(super) fn drain(&mut self, buddy: &mut Buddy) {
        self.spill(self.count, buddy);
    }

    #[cold]
    #[inline(never)]
    fn refill(&mut self, buddy: &mut Buddy) -> Option<Frame> {
        let batch = self.frames.len() / 2;
        self.count = buddy.take_singles(&mut self.frames[..batch]);
        // Counted for all at once, as `rmqueue_bulk` does (mm/page_alloc.c).
        if !buddy.bugs.skips(Bug::RefillNotCounted, self.count > 0) {
            buddy.count_taken(u32::try_from(self.count).unwrap_or(CAPACITY));
        }
        // The lowest frame came first and is to go first.
        self.frames[..self.count].reverse();
        self.count = self.count.checked_sub(1)?;
        Some(self.frames[self.count])
    }

    #[cold]
    #[inline(never)]
    fn spill_for(&mut self, frame: Frame, buddy: &mut Buddy) {
        self.spill(self.frames.len() / 2, buddy);
        self.frames[self.count] = frame;
        self.count += 1;
    }

    fn spill(&mut self, frames: usize, buddy: &mut Buddy) {
        for &frame in self.frames[self.count - frames..self.count].iter().rev() {
            buddy.free(frame, Order(0));
        }
        self.count -= buddy.bugs.choose(Bug::PercpuListMiscount, frames, || frames / 2);
    }
}
