//! The places that are probably mapped, and those of them that may be read and written.

use std::ops::Range;

use super::bits::{below, pick_bit};
use super::named::{Position, Want};
use crate::random::Random;

/// Spaces from this one on are not known, nor are pages from 64 on.
const SPACES: u32 = 8;

/// For each space its pages as bits.
#[derive(Clone, Debug, Default)]
pub(super) struct Mapped {
    mapped: [u64; SPACES as usize],
    /// Those that may be read and written.
    open: [u64; SPACES as usize],
    /// The spaces that have any of each sort, as bits: asked for much more often than changed.
    spaces: [u32; 2],
}

impl Mapped {
    /// Nothing is mapped in a space any more.
    pub(super) fn end(&mut self, space: u32) {
        if space < SPACES {
            (self.mapped[space as usize], self.open[space as usize]) = (0, 0);
            self.count(space);
        }
    }

    /// A space now has the mapped places of another one.
    pub(super) fn copy(&mut self, from: u32, to: u32) {
        if from.max(to) < SPACES {
            self.mapped[to as usize] = self.mapped[from as usize];
            self.open[to as usize] = self.open[from as usize];
            self.count(to);
        }
    }

    /// From now on these pages of a space are mapped, or are not, and may be read and written, or not.
    pub(super) fn map(&mut self, space: u32, pages: Range<u32>, are_mapped: bool, are_open: bool) {
        if space < SPACES {
            let pages = below(pages.end) & !below(pages.start);
            let set = |bits: &mut u64, are: bool| *bits = if are { *bits | pages } else { *bits & !pages };
            set(&mut self.mapped[space as usize], are_mapped);
            set(&mut self.open[space as usize], are_open);
            self.count(space);
        }
    }

    /// Notes whether a space has any.
    #[inline]
    fn count(&mut self, space: u32) {
        let pages = [self.mapped[space as usize], self.open[space as usize]];
        for (spaces, pages) in self.spaces.iter_mut().zip(pages) {
            *spaces = *spaces & !(1 << space) | u32::from(pages != 0) << space;
        }
    }

    /// A page of a space, of so many, as it is wanted.
    #[inline]
    pub(super) fn page(&self, space: u32, pages: u32, want: Want, random: &mut Random) -> Option<u32> {
        pick_bit(self.alike(space, want) & below(pages), random)
    }

    /// Whether no page is as it is wanted.
    #[inline]
    pub(super) fn has_none(&self, want: Want) -> bool {
        match want {
            Want::Unmapped => false,
            Want::Mapped => self.spaces[0] == 0,
            Want::Open => self.spaces[1] == 0,
        }
    }

    /// How many pages from this one on, at least 1, an operation may take that wants them so: those that are not known may
    /// be anything.
    #[inline]
    pub(super) fn reach(&self, place: Position, want: Want) -> u32 {
        let run = self.run(place, want);
        if place.1 + run < u64::BITS { run.max(1) } else { u32::MAX }
    }

    /// How many pages from this one on are as they are wanted.
    #[inline]
    pub(super) fn run(&self, (space, page): Position, want: Want) -> u32 {
        (self.alike(space, want).checked_shr(page).unwrap_or(0)).trailing_ones()
    }

    /// The pages of a space that are as they are wanted; none where that is not known.
    #[inline]
    fn alike(&self, space: u32, want: Want) -> u64 {
        if space >= SPACES {
            return 0;
        }
        match want {
            Want::Unmapped => !self.mapped[space as usize],
            Want::Mapped => self.mapped[space as usize],
            Want::Open => self.open[space as usize],
        }
    }
}
