//! The crate linked_list_allocator: a list of holes, first fit, threaded through the free memory.

use std::alloc::Layout;
use std::ptr::NonNull;

use linked_list_allocator::Heap;

use stalemap::{BlockAllocator, BlockContract};

/// Bytes of a frame: small, since the allocator writes into its memory; a hole's header fits.
const FRAME: usize = 64;

/// A heap of so many frames.
pub(crate) struct LinkedList {
    heap: Heap,
    start: NonNull<u8>,
    /// What the heap hands out; never moved, and as long as it lives.
    _memory: Vec<u8>,
}

impl BlockAllocator for LinkedList {
    const NAME: &'static str = "linked_list_allocator 0.10.6";
    /// Frames are of a fixed size, asked for without more alignment than a frame's.
    const CONTRACT: BlockContract = BlockContract { alignment: Some(1), ..BlockContract::BUDDY };

    fn new(frames: u32) -> Result<Self, String> {
        let bytes = frames as usize * FRAME;
        let mut memory = vec![0_u8; bytes + FRAME];
        let skip = memory.as_ptr().align_offset(FRAME);
        let start = NonNull::from(&mut memory[skip]);
        #[expect(unsafe_code, reason = "the crate's interface")]
        // SAFETY: the memory lives in the same struct, its bytes are never moved, and nothing else touches them.
        let heap = unsafe { Heap::new(start.as_ptr(), bytes) };
        Ok(LinkedList { heap, start, _memory: memory })
    }

    fn allocate(&mut self, order: u32) -> Option<u32> {
        let block = self.heap.allocate_first_fit(layout(order)).ok()?;
        let offset = block.addr().get() - self.start.addr().get();
        assert_eq!(offset % FRAME, 0, "frames follow each other");
        Some(u32::try_from(offset / FRAME).expect("a frame that was put in"))
    }

    fn free(&mut self, first: u32, order: u32) {
        let block = NonNull::new(self.start.as_ptr().wrapping_add(first as usize * FRAME));
        #[expect(unsafe_code, reason = "the crate's interface")]
        // SAFETY: a block is given back once, with the order with which it was taken.
        unsafe {
            self.heap.deallocate(block.expect("memory is not at address 0"), layout(order));
        }
    }

    fn free_frames(&self) -> Option<u32> {
        Some(u32::try_from(self.heap.free() / FRAME).expect("as many as were put in"))
    }
}

fn layout(order: u32) -> Layout {
    Layout::from_size_align(FRAME << order, FRAME).expect("a power of two")
}
