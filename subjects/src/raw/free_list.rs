//! The crate free-list: a sorted list of at most so many free ranges, without memory behind it.

use free_list::{FreeList, PageLayout, PageRange};

use super::frame::FRAME_BYTES;
use stalemap::BlockAllocator;

/// Room for more free ranges than eight live blocks of at most 1,024 split frames leave between them on small machines.
const RANGES: usize = 4_096;

/// Frames from the second page on, since page 0 is no page for the crate.
pub(crate) struct FreeRanges(Box<FreeList<RANGES>>);

impl BlockAllocator for FreeRanges {
    const NAME: &'static str = "free-list 0.3.4";
    const SPLITS: bool = true;

    fn new(frames: u32) -> Result<Self, String> {
        let mut allocator = FreeRanges(Box::new(FreeList::new()));
        allocator.give(START, frames as usize);
        Ok(allocator)
    }

    fn allocate(&mut self, order: u32) -> Option<u32> {
        let bytes = FRAME_BYTES << order;
        let layout = PageLayout::from_size_align(bytes, bytes).expect("a power of two");
        let range = self.0.allocate(layout).ok()?;
        Some(u32::try_from((range.start() - START) / FRAME_BYTES).expect("a frame that was put in"))
    }

    fn free(&mut self, first: u32, order: u32) {
        self.give(START + first as usize * FRAME_BYTES, 1 << order);
    }

    fn free_frames(&self) -> Option<u32> {
        Some(u32::try_from(self.0.free_space() / FRAME_BYTES).expect("as many as were put in"))
    }
}

/// Where frame 0 is, aligned to the highest order.
const START: usize = FRAME_BYTES << 10;

impl FreeRanges {
    fn give(&mut self, start: usize, frames: usize) {
        let range = PageRange::from_start_len(start, frames * FRAME_BYTES).expect("pages");
        #[expect(unsafe_code, reason = "the crate's interface")]
        // SAFETY: the pages are numbers, and no memory is read or written at them.
        let given = unsafe { self.0.deallocate(range) };
        given.expect("room for a range");
    }
}
