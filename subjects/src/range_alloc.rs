//! The crate range-alloc: a sorted list of free ranges, best fit. Asked for what is aligned to its size.

use range_alloc::RangeAllocator;

use stalemap::BlockAllocator;

/// Frames as a range of numbers.
pub(crate) struct RangeAlloc(RangeAllocator<u32>);

impl BlockAllocator for RangeAlloc {
    const NAME: &'static str = "range-alloc 0.1.5";
    const SPLITS: bool = true;

    fn new(frames: u32) -> Result<Self, String> {
        Ok(RangeAlloc(RangeAllocator::new(0..frames)))
    }

    fn allocate(&mut self, order: u32) -> Option<u32> {
        self.0.allocate_range_aligned(1 << order, 1 << order).ok().map(|range| range.start)
    }

    fn free(&mut self, first: u32, order: u32) {
        self.0.free_range(first..first + (1 << order));
    }

    fn free_frames(&self) -> Option<u32> {
        Some(self.0.total_available())
    }
}
