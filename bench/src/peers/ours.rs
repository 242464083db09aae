//! Our frame allocator.

use stalemap_implementation::{Frame, FrameAllocator};
use stalemap_operations::{Dialect, Machine, Order};

use crate::frames::Frames;

/// RAM of a machine without devices.
pub(crate) struct Ours(FrameAllocator);

impl Frames for Ours {
    type Block = Frame;

    fn new(frames: u32) -> Self {
        let machine = Machine::new([frames, 0, 0], 1, 1, Dialect::default()).expect("a size within the limits");
        Ours(FrameAllocator::new(&machine))
    }

    #[inline]
    fn allocate_one(&mut self) -> Option<Frame> {
        self.0.allocate()
    }

    #[inline]
    fn free_one(&mut self, block: Frame) {
        self.0.free(block);
    }

    #[inline]
    fn allocate(&mut self, order: u32) -> Option<Frame> {
        self.0.allocate_block(Order(order))
    }

    #[inline]
    fn free(&mut self, block: Frame, order: u32) {
        self.0.free_block(block, Order(order));
    }

    fn number(&self, block: Frame) -> u32 {
        block.number()
    }
}
