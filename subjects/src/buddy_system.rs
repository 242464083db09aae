//! The crate buddy_system_allocator: its frame allocator, buddy lists kept in sets, in the versions before two repairs too.

use stalemap::BlockAllocator;

/// One released version. Orders 0 to 30 at least.
macro_rules! version {
    ($subject:ident, $allocator:ty, $name:literal) => {
        pub(crate) struct $subject($allocator);

        impl BlockAllocator for $subject {
            const NAME: &'static str = $name;
            const SPLITS: bool = true;

            fn new(frames: u32) -> Result<Self, String> {
                let mut allocator = <$allocator>::new();
                allocator.add_frame(0, frames as usize);
                Ok($subject(allocator))
            }

            fn allocate(&mut self, order: u32) -> Option<u32> {
                let first = self.0.alloc(1 << order)?;
                Some(u32::try_from(first).expect("a frame that was put in"))
            }

            fn free(&mut self, first: u32, order: u32) {
                self.0.dealloc(first as usize, 1 << order);
            }
        }
    };
}

version!(BuddySystem05, buddy_0_5_0::FrameAllocator, "buddy_system_allocator 0.5.0");
version!(BuddySystem06, buddy_0_6_0::FrameAllocator, "buddy_system_allocator 0.6.0");
version!(BuddySystem07, buddy_0_7_0::FrameAllocator, "buddy_system_allocator 0.7.0");
version!(BuddySystem08, buddy_0_8_0::FrameAllocator, "buddy_system_allocator 0.8.0");
version!(BuddySystem09, buddy_0_9_1::FrameAllocator<32>, "buddy_system_allocator 0.9.1");
version!(BuddySystem10, buddy_0_10_0::FrameAllocator<32>, "buddy_system_allocator 0.10.0");
version!(BuddySystem11, buddy_0_11_0::FrameAllocator<33>, "buddy_system_allocator 0.11.0");
version!(BuddySystem12, buddy_0_12_0::FrameAllocator<33>, "buddy_system_allocator 0.12.0");
version!(BuddySystem, buddy_system_allocator::FrameAllocator<11>, "buddy_system_allocator 0.13.0");
