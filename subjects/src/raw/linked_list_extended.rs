//! The crate linked_list_allocator, its current version and one before a repair: a heap that is extended by a single word.

use std::alloc::Layout;
use std::ptr::NonNull;

use stalemap::{BlockAllocator, BlockContract, Refusals, operations::Order};

/// Bytes of a frame: a word, of which a hole's header has two.
const WORD: usize = 8;
/// Words behind the heap, which belong to us: an allocator that writes there does no harm.
const BEHIND: usize = 8;
/// The least words that leave a heap of three, which the current version asks for, in front of the extension.
const LEAST: u32 = 4;

/// A version, told how a heap begins at an address.
macro_rules! version {
    ($subject:ident, $heap:ty, $start:ident => $bottom:expr, $name:literal) => {
        pub(crate) struct $subject {
            heap: $heap,
            start: NonNull<u64>,
            /// What the heap hands out; never moved, and as long as it lives.
            _memory: Vec<u64>,
        }

        impl BlockAllocator for $subject {
            const NAME: &'static str = $name;
            /// A block has two words at least. A hole that would leave one word is passed over: "Hole is too big for the
            /// allocation, but would leave a too small hole behind" (`split_hole`). The extension may wait for another.
            const CONTRACT: BlockContract =
                BlockContract { alignment: Some(1), refusals: Refusals::Any, lowest: Order(1), ..BlockContract::BUDDY };

            fn new(frames: u32) -> Result<Self, String> {
                if frames < LEAST {
                    return Err(format!("{frames} words are too few for a heap and an extension"));
                }
                let words = frames as usize;
                let mut memory = vec![0_u64; words + BEHIND];
                let start = NonNull::from(&mut memory[0]);
                let $start = start.as_ptr().cast::<u8>();
                #[expect(unsafe_code, reason = "the crate's interface")]
                // SAFETY: the memory lives in the same struct, its bytes are never moved, and nothing else touches them.
                let heap = unsafe {
                    let mut heap = <$heap>::new($bottom, (words - 1) * WORD);
                    heap.extend(WORD);
                    heap
                };
                Ok($subject { heap, start, _memory: memory })
            }

            fn allocate(&mut self, order: u32) -> Option<u32> {
                let block = self.heap.allocate_first_fit(layout(order)).ok()?;
                let offset = block.addr().get() - self.start.addr().get();
                Some(u32::try_from(offset / WORD).expect("a word that was put in"))
            }

            fn free(&mut self, first: u32, order: u32) {
                let block = NonNull::new(self.start.as_ptr().wrapping_add(first as usize).cast());
                #[expect(unsafe_code, reason = "the crate's interface")]
                // SAFETY: a block is given back once, with the order with which it was taken.
                unsafe {
                    self.heap.deallocate(block.expect("memory is not at address 0"), layout(order));
                }
            }
        }
    };
}

version!(
    LinkedListExtended0_9_1,
    linked_list_0_9_1::Heap,
    start => start.expose_provenance(),
    "linked_list_allocator 0.9.1"
);
version!(LinkedListExtended, linked_list_allocator::Heap, start => start, "linked_list_allocator 0.10.6");

fn layout(order: u32) -> Layout {
    Layout::from_size_align(WORD << order, WORD).expect("a power of two")
}
