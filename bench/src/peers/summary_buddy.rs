//! The crate frame-alloc: bitmaps with summaries behind its two-level cache of single frames, as its manual composes
//! them.

use std::num::NonZeroUsize;
use std::ptr::NonNull;

use frame_alloc::{
    DepotAllocator, NoCpuId, PageSize, PhysicalAllocator, Provenance, RegionInit, SummaryBuddyAllocator,
};

use super::FRAME_BYTES;
use crate::frames::Frames;

const FRAME: PageSize = PageSize::from_log2(12);
const _: () = assert!(FRAME.bytes() == FRAME_BYTES, "frames are of one size");

/// Orders 0 to 10, as ours.
const ORDERS: usize = 11;

/// Memory is where its address says.
struct Identity;

#[expect(unsafe_code, reason = "the peer's interface")]
// SAFETY: the addresses are those of leaked memory whose provenance was exposed.
unsafe impl Provenance for Identity {
    unsafe fn create(address: usize) -> NonNull<u8> {
        NonNull::new(std::ptr::with_exposed_provenance_mut(address)).expect("memory is not at address 0")
    }

    unsafe fn destroy<T>(pointer: NonNull<T>) -> usize {
        pointer.addr().get()
    }
}

/// The allocator and the address of its memory.
pub(crate) struct SummaryBuddy {
    allocator: Box<DepotAllocator<SummaryBuddyAllocator<ORDERS, Identity>, NoCpuId, 1>>,
    start: usize,
}

impl Frames for SummaryBuddy {
    type Block = usize;

    fn new(frames: u32) -> Self {
        // It keeps its bitmaps in some of its frames, and gets those in addition.
        let bytes = with_bitmaps(frames) as usize * FRAME_BYTES;
        let block = FRAME_BYTES << (ORDERS - 1);
        // Zeroed memory that nobody writes to takes no room; a frame's content is never touched.
        let memory = Vec::leak(vec![0_u8; bytes + block]);
        let skip = memory.as_ptr().align_offset(block);
        let start = memory[skip..].as_mut_ptr().expose_provenance();
        let allocator = Box::new(DepotAllocator::new(FRAME, SummaryBuddyAllocator::new(FRAME)));
        #[expect(unsafe_code, reason = "the peer's interface")]
        // SAFETY: the memory is leaked, nobody else has it, and there is one thread.
        unsafe {
            allocator.init_region(start, bytes);
        }
        SummaryBuddy { allocator, start }
    }

    #[inline]
    fn allocate_one(&mut self) -> Option<usize> {
        self.allocator.allocate_physical(FRAME, NonZeroUsize::MIN).ok()
    }

    #[inline]
    fn free_one(&mut self, block: usize) {
        self.free(block, 0);
    }

    #[inline]
    fn allocate(&mut self, order: u32) -> Option<usize> {
        self.allocator.allocate_physical(FRAME, run(order)).ok()
    }

    #[inline]
    fn free(&mut self, block: usize, order: u32) {
        #[expect(unsafe_code, reason = "the peer's interface")]
        // SAFETY: the workloads free what they allocated, once, with the same order.
        unsafe {
            self.allocator.deallocate_physical(FRAME, run(order), block);
        }
    }

    /// Counted from its first frame of all, the bitmaps' included.
    fn number(&self, block: usize) -> u32 {
        u32::try_from((block - self.start) / FRAME_BYTES).expect("fewer than 2^32 frames")
    }
}

/// Its bitmaps take two bits and a little more for each frame.
const fn with_bitmaps(frames: u32) -> u32 {
    frames + frames.div_ceil(2 * 8 * 1_024) + 2
}

fn run(order: u32) -> NonZeroUsize {
    NonZeroUsize::new(1 << order).expect("a power of two")
}
