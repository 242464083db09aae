//! The crate buddy-slab-allocator: its page allocator, buddy lists threaded through page metadata, without its lock.

use buddy_slab_allocator::BuddyAllocator;

use super::frame::FRAME_BYTES;
use stalemap::BlockAllocator;

/// The allocator, its memory, and the address of its first frame.
pub(crate) struct BuddySlab {
    allocator: BuddyAllocator<FRAME_BYTES>,
    start: usize,
    /// Where the allocator keeps its metadata: behind its back, and as long as it lives.
    _memory: Vec<u8>,
}

impl BlockAllocator for BuddySlab {
    const NAME: &'static str = "buddy-slab-allocator 0.6.1";
    /// A page is given back with the whole block that it begins; the others of a block cannot be given back at all.
    const SPLITS: bool = false;

    fn new(frames: u32) -> Result<Self, String> {
        let frames = frames as usize;
        // Its metadata takes some of the memory; the least memory that leaves the frames is what it gets.
        let most = 2 * frames + 2;
        let mut memory = vec![0; (most + 1) * FRAME_BYTES];
        let skip = memory.as_ptr().align_offset(FRAME_BYTES);
        for pages in frames + 1..=most {
            let mut allocator = BuddyAllocator::new();
            #[expect(unsafe_code, reason = "the crate's interface")]
            // SAFETY: the memory lives in the same struct, its bytes are never moved, and nothing else touches them.
            let init = unsafe { allocator.init(&mut memory[skip..skip + pages * FRAME_BYTES]) };
            let section = init.ok().and_then(|()| allocator.section(0)).filter(|it| it.total_pages == frames);
            if let Some(start) = section.map(|section| section.start) {
                return Ok(BuddySlab { start, allocator, _memory: memory });
            }
        }
        unreachable!("some amount of memory leaves {frames} frames")
    }

    fn allocate(&mut self, order: u32) -> Option<u32> {
        let address = self.allocator.alloc_pages(1 << order, FRAME_BYTES).ok()?;
        Some(u32::try_from((address - self.start) / FRAME_BYTES).expect("a frame that was put in"))
    }

    fn free(&mut self, first: u32, order: u32) {
        self.allocator.dealloc_pages(self.start + first as usize * FRAME_BYTES, 1 << order);
    }
}
