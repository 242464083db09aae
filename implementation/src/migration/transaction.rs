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
    /// How many pages and holes the candidates are beyond one for each.
    beyond: u32,
    /// How many were collected, less those that were put back (`cpages` of `struct migrate_vma`).
    pub(super) collected: u32,
    /// The single frames that candidates got which are whole, one candidate's after the other's.
    pub(super) singles: Vec<Frame>,
}

/// What an open transaction is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    pub(crate) phase: Phase,
    pub(crate) route: Route,
    /// The space that `setup` locks; `None` for one by device.
    pub(crate) space: Option<Space>,
}

/// One of the pages or holes that a transaction is about; a large folio, or a group of holes, where it is whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    /// Its offset in the range. By device: that of its frame; of a large folio the number of the first place that led to it.
    pub(crate) offset: u32,
    pub(crate) source: Source,
    /// How many pages or holes it is.
    pub(crate) size: u32,
    /// What `copy` gave it at the destination.
    pub(crate) given: Given,
    /// Whether `pages` moved it there.
    pub(crate) moved: bool,
}

/// What a candidate is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// A place without a page, or the group of them that begins there.
    Hole(Place),
    /// A collected page, or a large folio, in this frame when it was collected.
    Page(Frame),
}

/// The frames that a candidate got.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Given {
    /// None.
    Nothing,
    /// A frame, or for a candidate that is whole a run.
    Frame(Frame),
    /// For a candidate that is whole, so many single frames, of the transaction's from the first on.
    Singles { first: u32, count: u32 },
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
        self.singles.clear();
        self.beyond = 0;
        self.collected = 0;
    }

    /// Empties the slot.
    pub(crate) fn close(&mut self) {
        self.open = None;
        self.candidates.clear();
        self.singles.clear();
    }

    pub(super) fn add(&mut self, offset: u32, source: Source, size: u32) {
        self.candidates.push(Candidate { offset, source, size, given: Given::Nothing, moved: false });
        self.beyond += size - 1;
        self.collected += size;
    }

    /// Takes the last candidate out again; the caller says whether it still counts as collected.
    pub(super) fn put_back(&mut self, size: u32) {
        self.candidates.pop();
        self.beyond -= size - 1;
    }

    /// A candidate of so many pages becomes as many candidates.
    pub(super) fn fall_apart(&mut self, size: u32) {
        self.beyond -= size - 1;
    }

    /// Notes that the transaction has come this far.
    pub(super) fn advance(&mut self, phase: Phase) {
        if let Some(open) = &mut self.open {
            open.phase = phase;
        }
    }

    /// How many pages and holes the candidates are.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.candidates.len()).expect("fewer candidates than frames and places") + self.beyond
    }

    /// The single frames that a candidate which is whole was given and that are not used.
    #[inline]
    pub(crate) fn bare_singles(&self, candidate: &Candidate) -> &[Frame] {
        match candidate.given {
            Given::Singles { first, count } => &self.singles[first as usize..(first + count) as usize],
            Given::Nothing | Given::Frame(_) => &[],
        }
    }

    /// The frames, and heads of runs, that the transaction has and that no page is in.
    pub(crate) fn bare_frames(&self, candidate: Candidate) -> impl Iterator<Item = Frame> + '_ {
        candidate.bare_frame().into_iter().chain(self.bare_singles(&candidate).iter().copied())
    }

    /// Those of all candidates.
    pub(crate) fn all_bare_frames(&self) -> impl Iterator<Item = Frame> + '_ {
        self.candidates.iter().flat_map(|&candidate| self.bare_frames(candidate))
    }
}

impl Candidate {
    /// The frame, or the head of a run, that the transaction has and that no page is in: given and not used, or left by a page.
    #[inline]
    pub(crate) fn bare_frame(&self) -> Option<Frame> {
        match (self.moved, self.source, self.given) {
            (true, Source::Page(old), _) => Some(old),
            (false, _, Given::Frame(frame)) => Some(frame),
            (true | false, _, _) => None,
        }
    }

    /// The frame of the page, or the head of the large folio, that the transaction has.
    pub(crate) fn page_frame(&self) -> Option<Frame> {
        match (self.moved, self.source, self.given) {
            (true, _, Given::Frame(frame)) | (false, Source::Page(frame), _) => Some(frame),
            (true | false, _, _) => None,
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
