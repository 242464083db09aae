//! The crate bitmap-allocator: a tree of bitmaps, sixteen ways at each level, without descriptors.

use bitmap_allocator::{BitAlloc, BitAlloc1M};

use crate::frames::Frames;

/// Up to a million frames.
pub(crate) struct Bitmap(Box<BitAlloc1M>);

impl Frames for Bitmap {
    type Block = usize;

    fn new(frames: u32) -> Self {
        let mut map = Box::new(BitAlloc1M::DEFAULT);
        map.insert(0..frames as usize);
        Bitmap(map)
    }

    #[inline]
    fn allocate_one(&mut self) -> Option<usize> {
        self.0.alloc()
    }

    #[inline]
    fn free_one(&mut self, block: usize) {
        self.0.dealloc(block);
    }

    #[inline]
    fn allocate(&mut self, order: u32) -> Option<usize> {
        self.0.alloc_contiguous(None, 1 << order, order as usize)
    }

    #[inline]
    fn free(&mut self, block: usize, order: u32) {
        self.0.dealloc_contiguous(block, 1 << order);
    }

    fn number(&self, block: usize) -> u32 {
        u32::try_from(block).expect("fewer than 2^32 frames")
    }
}
