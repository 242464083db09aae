//! The crate talc: a heap with bins of free chunks by size, whose bins lie in its own memory.

use std::alloc::Layout;
use std::ptr::NonNull;

use super::heap::Bytes;
use talc::base::Talc;
use talc::source::Manual;
use talc::{DefaultBinning, min_first_heap_size};

pub(crate) struct Bins(Talc<Manual, DefaultBinning>);

impl Bytes for Bins {
    const NAME: &'static str = "talc 5.1.1";
    const FRONT: usize = min_first_heap_size::<DefaultBinning>();

    fn new(memory: NonNull<[u8]>) -> Option<Self> {
        let mut heap = Talc::new(Manual);
        #[expect(unsafe_code, reason = "the crate's interface")]
        // SAFETY: the memory lives as long as the heap, and nothing else touches what it has not handed out.
        let taken = unsafe { heap.claim(memory.cast().as_ptr(), memory.len()) };
        taken.map(|_| Bins(heap))
    }

    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        #[expect(unsafe_code, reason = "the crate's interface")]
        // SAFETY: no block is empty.
        unsafe {
            self.0.allocate(layout)
        }
    }

    fn free(&mut self, pointer: NonNull<u8>, layout: Layout) {
        #[expect(unsafe_code, reason = "the crate's interface")]
        // SAFETY: a block is given back once, with the layout with which it was taken.
        unsafe {
            self.0.deallocate(pointer.as_ptr(), layout);
        }
    }
}
