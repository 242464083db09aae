//! The crate buddy-slab-allocator: its page allocator, buddy lists threaded through page metadata, without its lock.

use buddy_slab_allocator::BuddyAllocator;

use super::FRAME_BYTES;
use crate::frames::Frames;

/// The allocator and the address of its first frame.
pub(crate) struct BuddySlab {
    allocator: BuddyAllocator<FRAME_BYTES>,
    start: usize,
}

/// What stands before the metadata of the frames takes less than this.
const DESCRIPTOR: usize = 1_024;

impl Frames for BuddySlab {
    type Block = usize;

    fn new(frames: u32) -> Self {
        let frames = frames as usize;
        let metadata = DESCRIPTOR + BuddyAllocator::<FRAME_BYTES>::required_meta_size(frames * FRAME_BYTES);
        let bytes = metadata.next_multiple_of(FRAME_BYTES) + frames * FRAME_BYTES;
        // Zeroed memory that nobody writes to takes no room; a frame's content is never touched.
        let memory = Vec::leak(vec![0; bytes + FRAME_BYTES]);
        let skip = memory.as_ptr().align_offset(FRAME_BYTES);
        let mut allocator = BuddyAllocator::new();
        #[expect(unsafe_code, reason = "the peer's interface")]
        // SAFETY: the memory is leaked, and nobody else has it.
        unsafe { allocator.init(&mut memory[skip..skip + bytes]) }.expect("enough memory");
        let section = allocator.section(0).expect("one section");
        assert_eq!(section.total_pages, frames, "it has as many frames as everybody else");
        BuddySlab { start: section.start, allocator }
    }

    #[inline]
    fn allocate_one(&mut self) -> Option<usize> {
        self.allocator.alloc_pages(1, FRAME_BYTES).ok()
    }

    #[inline]
    fn free_one(&mut self, block: usize) {
        self.allocator.dealloc_pages(block, 1);
    }

    #[inline]
    fn allocate(&mut self, order: u32) -> Option<usize> {
        self.allocator.alloc_pages(1 << order, FRAME_BYTES).ok()
    }

    #[inline]
    fn free(&mut self, block: usize, order: u32) {
        self.allocator.dealloc_pages(block, 1 << order);
    }

    fn number(&self, block: usize) -> u32 {
        u32::try_from((block - self.start) / FRAME_BYTES).expect("fewer than 2^32 frames")
    }
}
