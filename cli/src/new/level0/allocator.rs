//! A buddy allocator: blocks of 2^n frames, each aligned to its size. It knows nothing of Stalemap.

use std::collections::BTreeSet;

use super::FAULT;

/// Frames from 0, in free blocks of each order.
pub struct Allocator {
    free: Vec<BTreeSet<u32>>,
}

impl Allocator {
    /// This many frames, all free.
    pub fn new(frames: u32) -> Allocator {
        let orders = frames.checked_ilog2().map_or(1, |highest| highest as usize + 1);
        let mut free = vec![BTreeSet::new(); orders];
        let mut first = 0;
        // The largest block that is aligned and has room, again and again.
        while first < frames {
            let room = (frames - first).ilog2();
            let order = if first == 0 { room } else { room.min(first.trailing_zeros()) };
            free[order as usize].insert(first);
            first += 1 << order;
        }
        Allocator { free }
    }

    /// Allocates a block of 2^order frames; the number of its first frame, or none where no block is large enough.
    pub fn allocate(&mut self, order: u32) -> Option<u32> {
        let order = order as usize;
        let larger = (order..self.free.len()).find(|&larger| !self.free[larger].is_empty())?;
        let first = self.free[larger].pop_first()?;
        // The upper halves of what is too large stay free.
        for half in order..larger {
            self.free[half].insert(first + (1 << half));
        }
        Some(first)
    }

    /// Frees a block, and merges it with its buddy as long as that is free too.
    pub fn free(&mut self, mut first: u32, order: u32) {
        let mut order = order as usize;
        while order + 1 < self.free.len() {
            let size = 1 << order;
            // The buddy is the other half of the block of the next order. The fault takes the block behind instead.
            let buddy = if FAULT { first + size } else { first ^ size };
            if !self.free[order].remove(&buddy) {
                break;
            }
            first = first.min(buddy);
            order += 1;
        }
        self.free[order].insert(first);
    }

    /// How many frames are free.
    pub fn free_frames(&self) -> u32 {
        let blocks = self.free.iter().enumerate();
        blocks.map(|(order, blocks)| u32::try_from(blocks.len() << order).expect("no more than frames")).sum()
    }
}
