//! The number of a frame.

use core::fmt;

/// The number of a frame: RAM first, then the devices one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Frame(pub(crate) u32);

impl Frame {
    /// No frame: the end of a list.
    pub(crate) const NONE: Frame = Frame(u32::MAX);

    #[inline]
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }

    /// The number, for code that drives the allocator alone: frames of RAM count from 0, those of devices follow.
    #[inline]
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "f{}", self.0)
    }
}
