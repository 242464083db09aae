//! A migration under way, and what it is about.

use alloc::vec::Vec;

use stalemap_operations::{Home, PageToken, Phase, Place, Route, Space};

/// A migration under way.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    pub(crate) phase: Phase,
    pub(crate) route: Route,
    /// The space that `setup` locks; none for `collect`.
    pub(crate) space: Option<Space>,
    pub(crate) candidates: Vec<Candidate>,
}

/// A page or a hole that a migration is about; a large folio or a group of holes where it is whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    /// Its offset in the range.
    pub(crate) offset: u32,
    pub(crate) what: What,
    /// How many pages it is.
    pub(crate) size: u32,
    /// How many frames at the destination `copy` gave it, at most its size.
    pub(crate) frames: u32,
    /// Whether these are a run in which a large folio can be.
    pub(crate) is_run: bool,
    /// Whether `pages` moved it there.
    pub(crate) moved: bool,
}

/// What a candidate is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    /// The hole at a place, or the group of holes that begins there.
    Hole(Place),
    /// A page that `pages` made of a hole, or the head of a large folio; locked until `finalize`.
    Filled(PageToken),
    /// A collected page, or the head of a large folio, and its home before.
    Page(PageToken, Home),
}

impl Candidate {
    /// A candidate of one page, without a frame.
    pub(crate) fn small(offset: u32, what: What) -> Candidate {
        Candidate { offset, what, size: 1, frames: 0, is_run: false, moved: false }
    }

    /// Whether it is whole and got single frames in the place of a run.
    pub(crate) fn falls_apart(&self) -> bool {
        self.size > 1 && self.frames > 0 && !self.is_run
    }

    /// The page that the transaction has, the head of a large folio.
    pub(crate) fn page(&self) -> Option<PageToken> {
        match self.what {
            What::Hole(_) => None,
            What::Filled(page) | What::Page(page, _) => Some(page),
        }
    }

    /// Where frames are that the transaction has and no page is in, and how many: given by `copy` and not used, or left by a page.
    pub(crate) fn bare_frames(&self, destination: Home) -> (Home, u32) {
        match (self.moved, self.what) {
            (false, _) => (destination, self.frames),
            (true, What::Page(_, before)) => (before, self.size),
            (true, What::Hole(_) | What::Filled(_)) => (destination, 0),
        }
    }
}
