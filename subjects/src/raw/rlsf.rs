//! The crate rlsf: a heap with two levels of lists of free blocks by size (TLSF).

use std::alloc::Layout;
use std::ptr::NonNull;

use super::heap::Bytes;
use rlsf::Tlsf;

/// Sizes up to some megabytes.
pub(crate) struct TwoLevels(Tlsf<'static, u32, u32, 20, 16>);

impl Bytes for TwoLevels {
    const NAME: &'static str = "rlsf 0.2.3";
    const FRONT: usize = 0;

    fn new(memory: NonNull<[u8]>) -> Option<Self> {
        let mut heap = Tlsf::new();
        #[expect(unsafe_code, reason = "the crate's interface")]
        // SAFETY: the memory lives as long as the heap, and nothing else touches what it has not handed out.
        let taken = unsafe { heap.insert_free_block_ptr(memory) };
        taken.map(|_| TwoLevels(heap))
    }

    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.allocate(layout)
    }

    fn free(&mut self, pointer: NonNull<u8>, layout: Layout) {
        #[expect(unsafe_code, reason = "the crate's interface")]
        // SAFETY: a block is given back once, with the alignment with which it was taken.
        unsafe {
            self.0.deallocate(pointer, layout.align());
        }
    }
}
