//! The allocator as Stalemap drives it, beside the reference.

use stalemap::{BlockAllocator, Machine, Subject};

use super::allocator::Allocator;

impl BlockAllocator for Allocator {
    const NAME: &'static str = env!("CARGO_PKG_NAME");

    // Frames of a larger block may be freed one by one.
    const SPLITS: bool = true;

    fn new(frames: u32) -> Result<Self, String> {
        Ok(Allocator::new(frames))
    }

    fn allocate(&mut self, order: u32) -> Option<u32> {
        Allocator::allocate(self, order)
    }

    fn free(&mut self, first: u32, order: u32) {
        Allocator::free(self, first, order);
    }

    // It is compared after each operation.
    fn free_frames(&self) -> Option<u32> {
        Some(Allocator::free_frames(self))
    }
}

/// Builds the subject of a campaign: the allocator, with the RAM of this machine.
///
/// # Errors
/// Says why the allocator cannot have so many frames; this one can.
pub fn build(machine: &Machine) -> Result<impl Subject + use<>, String> {
    stalemap::blocks::<Allocator>(machine)
}
