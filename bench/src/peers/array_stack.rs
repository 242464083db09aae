//! The least that an allocator of single frames can do: a stack of frame numbers in an array.

use crate::frames::Frames;

/// A stack that checks nothing and knows single frames only.
pub(crate) struct ArrayStack(Vec<u32>);

impl Frames for ArrayStack {
    type Block = u32;

    fn new(frames: u32) -> Self {
        ArrayStack((0..frames).rev().collect())
    }

    #[inline]
    fn allocate_one(&mut self) -> Option<u32> {
        self.0.pop()
    }

    #[inline]
    fn free_one(&mut self, block: u32) {
        self.0.push(block);
    }

    fn allocate(&mut self, _: u32) -> Option<u32> {
        None
    }

    fn free(&mut self, _: u32, _: u32) {}

    fn number(&self, block: u32) -> u32 {
        block
    }
}
