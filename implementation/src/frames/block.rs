//! A block of frames, and what of it is still held.

use stalemap_operations::Order;

use super::frame::Frame;

/// A block in its slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub(crate) base: Frame,
    pub(crate) order: Order,
    pub(crate) split: bool,
    /// Frames that a split block gave back: the lowest.
    pub(crate) given_back: u32,
}

impl Block {
    /// How many frames are still held.
    pub(crate) fn held(&self) -> u32 {
        self.order.frames() - self.given_back
    }

    /// The frames that are still held.
    pub(crate) fn frames(&self) -> impl Iterator<Item = Frame> {
        (self.base.0 + self.given_back..self.base.0 + self.order.frames()).map(Frame)
    }
}
