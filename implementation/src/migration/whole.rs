//! Migration of large folios: what is collected as a whole, what frames it gets, and how it falls apart without a run.

use alloc::vec::Vec;

use stalemap_operations::{Dialect, Home, PageRange, Place, Route, Space, VirtualPage};

use super::token::ByMigration;
use super::transaction::{Candidate, Given, Source, Transaction};
use crate::frames::Frame;
use crate::implementation::{Implementation, Stop};
use crate::paging::{PteView, places};
use crate::seeded::Bug;

impl Implementation {
    /// Collects what is in a part of a range that lies in one group. A huge entry that is wholly in it is one candidate, a group of
    /// holes likewise (`migrate_vma_collect_huge_pmd`, `migrate_vma_collect_hole`). A large folio of which only a part is in it is split
    /// first; where that cannot be, the rest of the part is passed over. Before 7.3 every huge entry is split, whatever the route, and
    /// a page of a large folio that has a small entry is passed over (`migrate_vma_collect_pmd`, 6.12).
    #[cold]
    #[inline(never)]
    pub(super) fn collect_part(
        &mut self,
        transaction: &mut Transaction,
        space: Space,
        part: PageRange,
        route: Route,
        offset: u32,
    ) -> Result<(), Stop> {
        if !self.collect_whole(transaction, Place { space, page: part.first }, part, route, offset)? {
            return Ok(());
        }
        for (offset, place) in (offset..).zip(places(space, part)) {
            if !self.migrates_whole() && self.is_large_at(place) {
                continue;
            }
            if !self.split_to_collect(place, route)? {
                return Ok(());
            }
            self.collect_place(transaction, offset, place, route)?;
        }
        Ok(())
    }

    /// Collects the part as a whole where that is possible; whether it is to be collected place by place.
    fn collect_whole(
        &mut self,
        transaction: &mut Transaction,
        first: Place,
        part: PageRange,
        route: Route,
        offset: u32,
    ) -> Result<bool, Stop> {
        let is_whole = self.migrates_whole() && self.tables.is_group_within(first, part);
        let Some(entry) = self.tables.huge_entry(first) else {
            let is_hole = is_whole && matches!(route, Route::To(_)) && self.is_group_of_holes(first);
            if is_hole {
                self.notes.run(true);
                transaction.add(offset, Source::Hole(first), self.tables.group_pages());
            }
            return Ok(!is_hole);
        };
        let on_route = if self.migrates_whole() { self.frame_on_route(entry, route) } else { mapped_by(entry) };
        let Some(head) = on_route else { return Ok(false) };
        if self.frames.memmap[head].is_locked() {
            return Ok(false);
        }
        if is_whole {
            self.collect_page(transaction, offset, head, Some(first))?;
            return Ok(false);
        }
        self.is_split(head)
    }

    /// Only Linux 7.3 migrates folios as a whole.
    fn migrates_whole(&self) -> bool {
        self.machine.rules() == Dialect::Linux7_3
    }

    /// Whether the entry of a place leads to a page of a large folio.
    fn is_large_at(&self, place: Place) -> bool {
        self.tables.entry(place).frame().is_some_and(|frame| self.frames.memmap[self.frame_behind(frame)].is_large())
    }

    /// Splits the large folio of which a small entry maps a page that is to be collected; whether the page may be collected now.
    fn split_to_collect(&mut self, place: Place, route: Route) -> Result<bool, Stop> {
        let Some(frame) = self.frame_on_route(self.tables.entry(place), route) else { return Ok(true) };
        let head = self.frames.memmap.head(frame);
        if !self.frames.memmap[head].is_head() {
            return Ok(true);
        }
        // One that a transaction has locked is not split.
        if self.frames.memmap[head].is_locked() { Ok(false) } else { self.is_split(head) }
    }

    /// Splits a folio; no if something but entries refers to it.
    fn is_split(&mut self, head: Frame) -> Result<bool, Stop> {
        match self.split_folio(head) {
            Ok(_) => Ok(true),
            Err(Stop::Refused(_)) => Ok(false),
            Err(Stop::Stuck) => Err(Stop::Stuck),
        }
    }

    /// The frame that an entry maps, if it is where the route starts.
    fn frame_on_route(&self, entry: PteView, route: Route) -> Option<Frame> {
        match (entry, route) {
            (PteView::Present { frame, .. }, Route::To(_)) => Some(frame),
            (PteView::Device { frame, .. }, Route::From(device)) => {
                (self.frames.memmap.home(frame) == Home::Device(device)).then_some(frame)
            }
            (PteView::Hole | PteView::Present { .. } | PteView::Device { .. } | PteView::Migration { .. }, _) => None,
        }
    }

    /// The number of the first place that leads to a folio, by which the candidates of a device are told in order.
    pub(super) fn number_of_first_place(&self, head: Frame) -> Result<u32, Stop> {
        let number = self.first_place_of(head)?.map_or(usize::MAX, |place| self.tables.index(place));
        Ok(u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// Gives a candidate that is whole a run at the destination, or single frames, as many as are left and it can take; after `collect`
    /// none (`__migrate_device_pages` splits no folio there). The number of frames.
    #[cold]
    #[inline(never)]
    pub(super) fn give_run(
        &mut self,
        candidate: &mut Candidate,
        singles: &mut Vec<Frame>,
        home: Home,
        by_device: bool,
    ) -> u32 {
        if let Some(run) = self.frames.allocate_run(home) {
            self.frames.memmap[run].set_locked(true, ByMigration(()));
            if let Source::Page(old) = candidate.source {
                self.copy_folio(old, run);
            }
            candidate.given = Given::Frame(run);
            return candidate.size;
        }
        if by_device {
            return 0;
        }
        let first = singles.len();
        for page in 0..candidate.size {
            let Some(frame) = self.frames.allocate_at(home) else { break };
            self.frames.memmap[frame].set_locked(true, ByMigration(()));
            if let Source::Page(head) = candidate.source {
                let stamp = self.frames.memmap.content(Frame(head.0 + page));
                self.frames.memmap.set_content(frame, stamp);
            }
            singles.push(frame);
        }
        let count = super::to_count(singles.len() - first);
        if count > 0 {
            candidate.given = Given::Singles { first: super::to_count(first), count };
        }
        count
    }

    /// Takes the single frames back of candidates that are whole and did not get all of theirs: a migration that stops for want of a
    /// frame moves a folio as a whole or not at all (`dmirror_devmem_fault_alloc_and_copy`).
    pub(super) fn take_back_parts(&mut self, transaction: &mut Transaction) {
        for candidate in &mut transaction.candidates {
            if let Given::Singles { first, count } = candidate.given
                && count < candidate.size
            {
                let frames = &transaction.singles[first as usize..(first + count) as usize];
                frames.iter().for_each(|&frame| self.put_bare_frame(frame));
                candidate.given = Given::Nothing;
            }
        }
    }

    /// Tells for each candidate that is whole and was asked for a run whether it got one, in the order of their places.
    pub(super) fn tell_runs(&mut self, transaction: &Transaction, asked: impl Fn(&Candidate) -> bool) {
        if self.machine.huge().is_none() {
            return;
        }
        let whole = transaction.candidates.iter().filter(|candidate| candidate.size > 1 && asked(candidate));
        let mut claims: Vec<(u32, bool)> =
            whole.map(|candidate| (candidate.offset, matches!(candidate.given, Given::Frame(_)))).collect();
        claims.sort_unstable();
        claims.into_iter().for_each(|(_, is_run)| self.notes.run(is_run));
    }

    /// Candidates that are whole and got single frames fall apart: a folio is split while it is unmapped
    /// (`migrate_vma_split_unmapped_folio`), its first pages have the frames.
    #[cold]
    #[inline(never)]
    pub(super) fn take_apart_without_run(&mut self, transaction: &mut Transaction) -> Result<(), Stop> {
        for candidate in core::mem::take(&mut transaction.candidates) {
            let Given::Singles { first, .. } = candidate.given else {
                transaction.candidates.push(candidate);
                continue;
            };
            transaction.fall_apart(candidate.size);
            if let Source::Page(head) = candidate.source {
                self.split_unmapped(head)?;
            }
            for page in 0..candidate.size {
                let source = match candidate.source {
                    Source::Hole(first) => Source::Hole(Place { page: VirtualPage(first.page.0 + page), ..first }),
                    Source::Page(head) => Source::Page(Frame(head.0 + page)),
                };
                // It has fewer frames than pages where no frame was left, so that none stands behind them.
                let frame = transaction.singles.get((first + page) as usize).copied();
                let given = frame.map_or(Given::Nothing, Given::Frame);
                transaction.candidates.push(Candidate { source, size: 1, given, ..candidate });
            }
        }
        Ok(())
    }

    /// Moves a candidate that is whole into the run that it got; no if that could not be.
    #[cold]
    #[inline(never)]
    pub(super) fn move_whole(&mut self, source: Source, run: Frame) -> bool {
        match source {
            Source::Hole(first) => self.insert_folio(first, run),
            Source::Page(old) => {
                self.take_new_run(old, run, self.frames.memmap[old].mapping());
                true
            }
        }
    }

    /// Fills a group of holes with a large folio on the device, unless one of them was filled meanwhile
    /// (`migrate_vma_insert_huge_pmd_page`). It stays locked by the transaction, which has a reference of its own.
    fn insert_folio(&mut self, first: Place, head: Frame) -> bool {
        if !self.is_group_of_holes(first) && !self.bugs.skips(Bug::LostGroupRace, true) {
            return false;
        }
        self.frames.memmap[head].get();
        self.fill_group(first, head, false);
        true
    }
}

/// The frame of an entry that maps one.
fn mapped_by(entry: PteView) -> Option<Frame> {
    match entry {
        PteView::Present { frame, .. } | PteView::Device { frame, .. } => Some(frame),
        PteView::Hole | PteView::Migration { .. } => None,
    }
}
