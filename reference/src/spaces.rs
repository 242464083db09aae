//! A set of spaces.

use stalemap_operations::Space;

/// Bit `i` for space `i`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spaces(u64);

const _: () = assert!(Space::LIMIT <= u64::BITS, "a bit for each space");

impl Spaces {
    /// The spaces that are alive at the start: `s0`.
    pub(crate) const START: Spaces = Spaces(1);

    #[inline]
    pub(crate) fn contains(self, space: Space) -> bool {
        self.0 >> space.0 & 1 == 1
    }

    #[inline]
    pub(crate) fn insert(&mut self, space: Space) {
        self.0 |= 1 << space.0;
    }

    #[inline]
    pub(crate) fn remove(&mut self, space: Space) {
        self.0 &= !(1 << space.0);
    }

    /// As bits.
    #[inline]
    pub(crate) fn bits(self) -> u64 {
        self.0
    }
}
