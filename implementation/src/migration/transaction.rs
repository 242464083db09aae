//! A migration transaction: where it stands, and its candidates.

use alloc::vec::Vec;

use stalemap_operations::{Device, Home, Phase, Place, Route, Space};

use crate::frames::Frame;

/// A migration that is under way in a slot, or none.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    /// `None`: the slot is empty.
    pub(super) open: Option<Open>,
    pub(super) candidates: Vec<Candidate>,
    /// How many were collected, less those that were put back (`cpages` of `struct migrate_vma`).
    pub(super) collected: u32,
}

/// What an open transaction is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    pub(crate) phase: Phase,
    pub(crate) route: Route,
    /// The space that `setup` locks; `None` for one by device.
    pub(crate) space: Option<Space>,
}

/// One of the pages or holes that a transaction is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    /// Its offset in the range.
    pub(crate) offset: u32,
    pub(crate) source: Source,
    /// The frame at the destination that `copy` gave it.
    pub(crate) given: Option<Frame>,
    /// Whether `pages` moved it into that frame.
    pub(crate) moved: bool,
}

/// What a candidate is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// A place without a page.
    Hole(Place),
    /// A collected page, in this frame when it was collected.
    Page(Frame),
}

impl Transaction {
    /// What stands in the slot; `None` if it is empty.
    #[inline]
    pub(crate) fn open(&self) -> Option<Open> {
        self.open
    }

    /// The pages and holes that the transaction is about, in the order in which they were collected.
    #[inline]
    pub(crate) fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Opens the slot, with no candidates yet.
    pub(super) fn begin(&mut self, route: Route, space: Option<Space>) {
        self.open = Some(Open { phase: Phase::Collected, route, space });
        self.candidates.clear();
        self.collected = 0;
    }

    /// Empties the slot.
    pub(crate) fn close(&mut self) {
        self.open = None;
        self.candidates.clear();
    }

    pub(super) fn add(&mut self, offset: u32, source: Source) {
        self.candidates.push(Candidate { offset, source, given: None, moved: false });
        self.collected += 1;
    }

    /// Notes that the transaction has come this far.
    pub(super) fn advance(&mut self, phase: Phase) {
        if let Some(open) = &mut self.open {
            open.phase = phase;
        }
    }

    /// The number of candidates.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.candidates.len()).expect("fewer candidates than frames and places")
    }
}

impl Candidate {
    /// The frame that the transaction has and that no page is in: given and not used, or left by its page.
    pub(crate) fn bare_frame(&self) -> Option<Frame> {
        match (self.moved, self.source) {
            (false, _) => self.given,
            (true, Source::Page(old)) => Some(old),
            (true, Source::Hole(_)) => None,
        }
    }

    /// The frame of the page that the transaction has.
    pub(crate) fn page_frame(&self) -> Option<Frame> {
        match (self.moved, self.source) {
            (true, _) => self.given,
            (false, Source::Page(frame)) => Some(frame),
            (false, Source::Hole(_)) => None,
        }
    }
}

/// Where the pages of a route go.
pub(super) fn destination(route: Route) -> Home {
    match route {
        Route::To(device) => Home::Device(device),
        Route::From(Device(_)) => Home::Ram,
    }
}
