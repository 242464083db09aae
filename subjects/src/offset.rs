//! The crate offset-allocator: bins of sizes that are small floating point numbers, as the original in C++.

use std::collections::BTreeMap;

use offset_allocator::{Allocation, Allocator};

use stalemap::{BlockContract, RangeAllocator, Refusals};

/// More blocks than can be live, and the free ranges between them.
const NODES: u32 = 64;

/// The allocator, and its allocations by their offsets.
pub(crate) struct Offset {
    allocator: Allocator<u32>,
    allocations: BTreeMap<u32, Allocation<u32>>,
}

impl RangeAllocator for Offset {
    const NAME: &'static str = "offset-allocator 0.2.0";
    /// A free range is in the bin of its size rounded down, a request begins at the bin of its size rounded up: "to
    /// ensure that alloc >= bin" (`allocate`). Powers of two are exact, so that only the rule for ranges stays.
    const CONTRACT: BlockContract =
        BlockContract { alignment: Some(1), refusals: Refusals::OnlyWithoutRun, ..BlockContract::BUDDY };

    fn new(frames: u32) -> Result<Self, String> {
        Ok(Offset { allocator: Allocator::with_max_allocs(frames, NODES), allocations: BTreeMap::new() })
    }

    fn allocate(&mut self, frames: u32) -> Option<u32> {
        let allocation = self.allocator.allocate(frames)?;
        self.allocations.insert(allocation.offset, allocation);
        Some(allocation.offset)
    }

    fn free(&mut self, first: u32, _: u32) {
        let allocation = self.allocations.remove(&first).expect("a range that was handed out");
        self.allocator.free(allocation);
    }

    fn free_frames(&self) -> Option<u32> {
        Some(self.allocator.storage_report().total_free_space)
    }
}
