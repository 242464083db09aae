//! The crate vulkano: its suballocators, which divide a region of device memory without looking into it.

use std::collections::BTreeMap;

use vulkano::memory::DeviceAlignment;
use vulkano::memory::allocator::{
    AllocationType, BuddyAllocator, DeviceLayout, FreeListAllocator, Suballocation, Suballocator, suballocator::Region,
};

use super::frame::FRAME_BYTES;
use stalemap::BlockAllocator;

/// A region of so many frames from offset 0, its suballocator, and what is allocated by first frame.
pub(crate) struct Vulkano<S> {
    suballocator: S,
    allocated: BTreeMap<u32, Suballocation>,
}

impl<S: Suballocator + Sizes> BlockAllocator for Vulkano<S> {
    const NAME: &'static str = "vulkano 0.35.2";

    fn new(frames: u32) -> Result<Self, String> {
        S::can_have(frames)?;
        let region = Region::new(0, bytes(frames)).expect("a few frames");
        Ok(Vulkano { suballocator: S::new(region), allocated: BTreeMap::new() })
    }

    fn allocate(&mut self, order: u32) -> Option<u32> {
        let bytes = bytes(1 << order);
        let layout = DeviceLayout::from_size_alignment(bytes, bytes).expect("a power of two");
        let allocated = self.suballocator.allocate(layout, AllocationType::Linear, DeviceAlignment::MIN).ok()?;
        let first = u32::try_from(allocated.offset / FRAME_BYTES as u64).expect("a frame that was put in");
        self.allocated.insert(first, allocated);
        Some(first)
    }

    fn free(&mut self, first: u32, _: u32) {
        let allocated = self.allocated.remove(&first).expect("a block that was handed out");
        #[expect(unsafe_code, reason = "the crate's interface")]
        // SAFETY: what is freed is removed from what is allocated.
        unsafe {
            self.suballocator.deallocate(allocated);
        }
    }

    fn free_frames(&self) -> Option<u32> {
        Some(u32::try_from(self.suballocator.free_size() / FRAME_BYTES as u64).expect("as many as were put in"))
    }
}

fn bytes(frames: u32) -> u64 {
    u64::from(frames) * FRAME_BYTES as u64
}

/// How many frames a suballocator can have.
pub(crate) trait Sizes {
    fn can_have(frames: u32) -> Result<(), String>;
}

impl Sizes for FreeListAllocator {
    fn can_have(_: u32) -> Result<(), String> {
        Ok(())
    }
}

impl Sizes for BuddyAllocator {
    fn can_have(frames: u32) -> Result<(), String> {
        if frames.is_power_of_two() { Ok(()) } else { Err(format!("{frames} frames are no power of two")) }
    }
}

pub(crate) type VulkanoBuddy = Vulkano<BuddyAllocator>;
pub(crate) type VulkanoFreeList = Vulkano<FreeListAllocator>;
