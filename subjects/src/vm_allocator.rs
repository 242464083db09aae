//! The crate vm-allocator of rust-vmm: an interval tree of address ranges.

use vm_allocator::{AddressAllocator, AllocPolicy, RangeInclusive};

use stalemap::BlockAllocator;

/// Frames of so many addresses each, from address 0.
pub(crate) struct VmAllocator<const UNITS: u64>(AddressAllocator);

impl<const UNITS: u64> BlockAllocator for VmAllocator<UNITS> {
    const NAME: &'static str = "vm-allocator 0.1.4";

    fn new(frames: u32) -> Result<Self, String> {
        let allocator = AddressAllocator::new(0, u64::from(frames) * UNITS).map_err(|error| error.to_string())?;
        Ok(VmAllocator(allocator))
    }

    fn allocate(&mut self, order: u32) -> Option<u32> {
        let bytes = UNITS << order;
        let range = self.0.allocate(bytes, bytes, AllocPolicy::FirstMatch).ok()?;
        Some(u32::try_from(range.start() / UNITS).expect("a frame that was put in"))
    }

    fn free(&mut self, first: u32, order: u32) {
        let start = u64::from(first) * UNITS;
        let range = RangeInclusive::new(start, start + (UNITS << order) - 1);
        let freed = range.and_then(|range| self.0.free(&range));
        freed.unwrap_or_else(|error| panic!("free refuses what was handed out: {error}"));
    }
}
