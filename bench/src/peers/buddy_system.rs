//! The crate buddy_system_allocator: buddy lists kept in B-trees.

use buddy_system_allocator::FrameAllocator;

use crate::frames::Frames;

/// Orders 0 to 10, as ours.
pub(crate) struct BuddySystem(FrameAllocator<11>);

impl Frames for BuddySystem {
    type Block = usize;

    fn new(frames: u32) -> Self {
        let mut allocator = FrameAllocator::new();
        allocator.add_frame(0, frames as usize);
        BuddySystem(allocator)
    }

    #[inline]
    fn allocate_one(&mut self) -> Option<usize> {
        self.0.alloc(1)
    }

    #[inline]
    fn free_one(&mut self, block: usize) {
        self.0.dealloc(block, 1);
    }

    #[inline]
    fn allocate(&mut self, order: u32) -> Option<usize> {
        self.0.alloc(1 << order)
    }

    #[inline]
    fn free(&mut self, block: usize, order: u32) {
        self.0.dealloc(block, 1 << order);
    }

    fn number(&self, block: usize) -> u32 {
        u32::try_from(block).expect("fewer than 2^32 frames")
    }
}
