//! The crate buddy_system_allocator: its frame allocator, buddy lists kept in sets.

use buddy_system_allocator::FrameAllocator;

use stalemap::BlockAllocator;

/// Orders 0 to 10.
pub struct BuddySystem(FrameAllocator<11>);

impl BlockAllocator for BuddySystem {
    const NAME: &'static str = "buddy_system_allocator 0.13";
    const SPLITS: bool = true;

    fn new(frames: u32) -> Result<Self, String> {
        let mut allocator = FrameAllocator::new();
        allocator.add_frame(0, frames as usize);
        Ok(BuddySystem(allocator))
    }

    fn allocate(&mut self, order: u32) -> Option<u32> {
        let first = self.0.alloc(1 << order)?;
        Some(u32::try_from(first).expect("a frame that was put in"))
    }

    fn free(&mut self, first: u32, order: u32) {
        self.0.dealloc(first as usize, 1 << order);
    }
}
