//! The crate buddyalloc: a heap of buddy lists, which are threaded through the free blocks.

use std::alloc::Layout;
use std::ptr::NonNull;

use buddyalloc::{Heap, HeapError};

use stalemap::{BlockAllocator, BlockContract};

/// Bytes of a frame, which is the smallest block here: small, since the allocator writes into its memory.
const FRAME: usize = 64;
/// The heap's alignment.
const ALIGN: usize = 4_096;

/// A heap of a power of two of blocks.
pub(crate) struct BuddyHeap {
    heap: Heaps,
    start: NonNull<u8>,
    /// What the heap hands out; never moved, and as long as it lives.
    _memory: Vec<u8>,
}

/// The number of sizes is part of the type.
macro_rules! sizes {
    ($($variant:ident $sizes:literal),*) => {
        enum Heaps {
            $($variant(Heap<$sizes>)),*
        }

        impl Heaps {
            /// A heap of 2^n frames; none where n is too large.
            #[expect(unsafe_code, reason = "the crate's interface")]
            unsafe fn new(start: NonNull<u8>, bytes: usize, log2: u32) -> Option<Result<Heaps, HeapError>> {
                // SAFETY: the caller's.
                unsafe {
                    match log2 + 1 {
                        $($sizes => Some(Heap::new(start, bytes).map(Heaps::$variant)),)*
                        _ => None,
                    }
                }
            }

            fn allocate(&mut self, layout: Layout) -> Option<*mut u8> {
                match self {
                    $(Heaps::$variant(heap) => heap.allocate(layout).ok(),)*
                }
            }

            #[expect(unsafe_code, reason = "the crate's interface")]
            unsafe fn free(&mut self, block: *mut u8, layout: Layout) {
                // SAFETY: the caller's.
                unsafe {
                    match self {
                        $(Heaps::$variant(heap) => heap.deallocate(block, layout),)*
                    }
                }
            }
        }
    };
}

sizes!(A 1, B 2, C 3, D 4, E 5, F 6, G 7, H 8, I 9, J 10, K 11);

impl BlockAllocator for BuddyHeap {
    const NAME: &'static str = "buddyalloc 0.1.5";
    /// Blocks are aligned to at most 4,096 bytes (`MIN_HEAP_ALIGN`), as is the heap; in it they are at multiples of
    /// their sizes.
    const CONTRACT: BlockContract = BlockContract::BUDDY;

    fn new(frames: u32) -> Result<Self, String> {
        if !frames.is_power_of_two() {
            return Err(format!("{frames} frames are no power of two"));
        }
        let bytes = frames as usize * FRAME;
        let mut memory = vec![0_u8; bytes + ALIGN];
        let skip = memory.as_ptr().align_offset(ALIGN);
        let start = NonNull::from(&mut memory[skip]);
        #[expect(unsafe_code, reason = "the crate's interface")]
        // SAFETY: the memory lives in the same struct, its bytes are never moved, and nothing else touches them.
        let heap = unsafe { Heaps::new(start, bytes, frames.ilog2()) };
        let heap = heap.ok_or_else(|| format!("{frames} frames are too many"))?;
        let heap = heap.map_err(|error| format!("{error:?}"))?;
        Ok(BuddyHeap { heap, start, _memory: memory })
    }

    fn allocate(&mut self, order: u32) -> Option<u32> {
        let block = self.heap.allocate(layout(order))?;
        let offset = block.addr() - self.start.addr().get();
        Some(u32::try_from(offset / FRAME).expect("a frame that was put in"))
    }

    fn free(&mut self, first: u32, order: u32) {
        let block = self.start.as_ptr().wrapping_add(first as usize * FRAME);
        #[expect(unsafe_code, reason = "the crate's interface")]
        // SAFETY: a block is given back once, with the order with which it was taken.
        unsafe {
            self.heap.free(block, layout(order));
        }
    }
}

fn layout(order: u32) -> Layout {
    Layout::from_size_align(FRAME << order, 1).expect("a power of two")
}
