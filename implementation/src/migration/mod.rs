//! Migration in Linux's four phases (mm/migrate_device.c): by place, by device, and all phases in one step.

pub(crate) mod token;
pub(crate) mod transaction;
mod whole;

use stalemap_operations::{
    Device, Dialect, Effect, Errno, Home, Mask, PageRange, Phase, Place, Route, Slot, Space, TransactionSlot,
};

use crate::frames::Frame;
use crate::implementation::{Answer, Implementation, Stop};
use crate::paging::{PteView, places};
use crate::seeded::Bug;
use token::ByMigration;
use transaction::{Candidate, Given, Open, Source, Transaction, destination};

/// A number of places.
fn to_count(places: usize) -> u32 {
    u32::try_from(places).expect("fewer places than there can be")
}

impl Implementation {
    pub(crate) fn setup(&mut self, slot: TransactionSlot, space: Space, range: PageRange, route: Route) -> Answer {
        self.must_live(space)?;
        self.must_be_closed(slot)?;
        if places(space, range).any(|place| self.must_be_readable(place).is_err()) {
            return Err(Errno::EINVAL.into());
        }
        self.in_slot(slot, |machine, transaction| {
            transaction.begin(route, Some(space));
            machine.spaces[space.index()].locks += 1;
            machine.notes.space = Some(space);
            machine.collect_range(transaction, space, range, route)?;
            Ok(Effect::Pages(transaction.collected))
        })
    }

    pub(crate) fn collect(&mut self, slot: TransactionSlot, device: Device) -> Answer {
        self.must_be_closed(slot)?;
        self.in_slot(slot, |machine, transaction| {
            machine.collect_device(transaction, device)?;
            Ok(Effect::Pages(transaction.collected))
        })
    }

    pub(crate) fn copy(&mut self, slot: TransactionSlot, mask: Mask) -> Answer {
        let open = self.must_be_open(slot)?;
        let by_device = open.space.is_none();
        if open.phase != Phase::Collected || by_device && !matches!(mask, Mask(0 | 255)) {
            return Err(Errno::EINVAL.into());
        }
        let candidates = self.transactions[slot.index()].count();
        if by_device && mask == Mask(0) && self.frames.free_frames(Home::Ram) < candidates {
            return Err(Errno::ENOMEM.into());
        }
        self.in_slot(slot, |machine, transaction| {
            Ok(Effect::Pages(machine.give_frames(transaction, mask, destination(open.route), by_device)))
        })
    }

    pub(crate) fn pages(&mut self, slot: TransactionSlot) -> Answer {
        if self.must_be_open(slot)?.phase != Phase::Copied {
            return Err(Errno::EINVAL.into());
        }
        self.in_slot(slot, |machine, transaction| Ok(Effect::Pages(machine.move_pages(transaction)?)))
    }

    pub(crate) fn finalize(&mut self, slot: TransactionSlot) -> Answer {
        self.must_be_open(slot)?;
        self.in_slot(slot, |machine, transaction| machine.finish(transaction))
    }

    pub(crate) fn migrate(&mut self, space: Space, range: PageRange, route: Route) -> Answer {
        self.must_live(space)?;
        self.in_one_step(|machine, transaction| {
            let mut moved = 0;
            for part in machine.tables.parts(range) {
                let unreadable = places(space, part).position(|place| machine.must_be_readable(place).is_err());
                let readable = unreadable.map_or(part, |count| PageRange { count: to_count(count), ..part });
                transaction.begin(route, None);
                if readable.count > 0 {
                    machine.collect_range(transaction, space, readable, route)?;
                }
                let given = machine.give_frames(transaction, Mask(0), destination(route), false);
                // The driver of 7.3 tells what earlier ones pass over (`dmirror_migrate_to_system`).
                let stops = given < transaction.count()
                    && matches!(route, Route::From(_))
                    && machine.machine.rules() == Dialect::Linux7_3;
                if stops {
                    machine.take_back_parts(transaction);
                }
                moved += machine.move_pages(transaction)?;
                machine.finish(transaction)?;
                if stops {
                    return Err(Errno::ENOMEM.into());
                }
                if unreadable.is_some() {
                    return Err(Errno::EINVAL.into());
                }
            }
            Ok(Effect::Pages(moved))
        })
    }

    pub(crate) fn evict(&mut self, device: Device) -> Answer {
        let mut pages = 0;
        let mut from = 0;
        while let Some((frame, offset)) = self.next_collectable(device, from) {
            let size = self.frames.memmap.folio_size(frame);
            // Each tail counts as a page, and the head as all of them.
            pages += self.bugs.choose(Bug::EvictionCountsTails, size, || 2 * size - 1);
            from = offset + size;
        }
        if self.frames.free_frames(Home::Ram) < pages {
            return Err(Errno::ENOMEM.into());
        }
        self.in_one_step(|machine, transaction| {
            machine.collect_device(transaction, device)?;
            machine.give_frames(transaction, Mask(0), Home::Ram, true);
            let moved = machine.move_pages(transaction)?;
            machine.finish(transaction)?;
            Ok(Effect::Pages(moved))
        })
    }

    /// First phase by place; on a machine with huge pages group by group.
    #[inline]
    fn collect_range(
        &mut self,
        transaction: &mut Transaction,
        space: Space,
        range: PageRange,
        route: Route,
    ) -> Result<(), Stop> {
        if self.machine.huge().is_some() {
            let mut parts = self.tables.parts(range);
            return parts
                .try_for_each(|part| self.collect_part(transaction, space, part, route, part.first.0 - range.first.0));
        }
        for (offset, place) in (0..).zip(places(space, range)) {
            self.collect_place(transaction, offset, place, route)?;
        }
        Ok(())
    }

    /// First phase at one place: a hole is a candidate on the way to a device, a page where its home is the start of
    /// the route (`migrate_vma_collect_pmd`, `migrate_vma_unmap`).
    fn collect_place(
        &mut self,
        transaction: &mut Transaction,
        offset: u32,
        place: Place,
        route: Route,
    ) -> Result<(), Stop> {
        match (self.tables.entry(place), route) {
            (PteView::Hole, Route::To(_)) => transaction.add(offset, Source::Hole(place), 1),
            (PteView::Present { frame, .. }, Route::To(_)) => {
                self.collect_page(transaction, offset, frame, Some(place))?;
            }
            (PteView::Device { frame, .. }, Route::From(device))
                if self.frames.memmap.home(frame) == Home::Device(device) =>
            {
                self.collect_page(transaction, offset, frame, Some(place))?;
            }
            (PteView::Hole | PteView::Present { .. } | PteView::Device { .. } | PteView::Migration { .. }, _) => {}
        }
        Ok(())
    }

    /// First phase by device: every page on it that no transaction has.
    fn collect_device(&mut self, transaction: &mut Transaction, device: Device) -> Result<(), Stop> {
        transaction.begin(Route::From(device), None);
        let mut from = 0;
        while let Some((frame, offset)) = self.next_collectable(device, from) {
            let is_large = self.frames.memmap[frame].is_head();
            let number = if is_large { self.number_of_first_place(frame)? } else { offset };
            from = offset + self.frames.memmap.folio_size(frame);
            self.collect_page(transaction, number, frame, None)?;
        }
        Ok(())
    }

    /// The next frame of the device, from this offset on, with a page or the head of a large folio that no transaction has; and its
    /// offset.
    fn next_collectable(&self, device: Device, from: u32) -> Option<(Frame, u32)> {
        let start = self.frames.memmap.range(Home::Device(device)).0;
        let mut from = from;
        loop {
            let offset = self.frames.devices()[device.index()].next_used(from)?;
            let frame = Frame(start.0 + offset);
            if !self.frames.memmap[frame].is_locked() {
                return Some((frame, offset));
            }
            from = offset + self.frames.memmap.folio_size(frame);
        }
    }

    /// Takes a page, or the large folio of a head, out of every entry that maps it, unless a transaction has it or it is pinned; puts it back if it turns
    /// out to be held.
    fn collect_page(
        &mut self,
        transaction: &mut Transaction,
        offset: u32,
        frame: Frame,
        place: Option<Place>,
    ) -> Result<(), Stop> {
        // The head of a large folio has its lock and its pins.
        let page = &self.frames.memmap[self.frames.memmap.head(frame)];
        // A pinned page keeps its entry as it is (`folio_try_share_anon_rmap_pte` in `migrate_vma_collect_pmd`).
        if page.pins() > 0 || self.bugs.choose(Bug::CollectsLockedPage, page.is_locked(), || false) {
            return Ok(());
        }
        let size = self.frames.memmap.folio_size(frame);
        transaction.add(offset, Source::Page(frame), size);
        self.isolate(frame, place)?;
        // The only reference that is left should be the transaction's (`migrate_vma_check_page`). A device page has no holds.
        let on_device = self.is_on_device(frame);
        let page = &self.frames.memmap[frame];
        let is_alone = on_device || self.bugs.choose(Bug::HeldPageMigrates, page.refcount() == 1, || true);
        if self.frames.memmap.folio_mapcount(frame) == 0 && is_alone {
            self.frames.memmap[frame].set_locked(true, ByMigration(()));
            return Ok(());
        }
        transaction.put_back(size);
        if !self.bugs.skips(Bug::CollectedNotMigrating, true) {
            transaction.collected -= size;
        }
        self.restore(frame, frame)?;
        self.put_page(frame);
        Ok(())
    }

    /// Takes a reference to a page, or to the large folio of a head, and turns every entry that maps it into a migration entry, the
    /// one at `place` directly, the others through the reverse map.
    pub(crate) fn isolate(&mut self, frame: Frame, place: Option<Place>) -> Result<(), Stop> {
        self.frames.memmap[frame].get();
        if let Some(place) = place {
            match self.tables.entry(place) {
                PteView::Present { writable, .. } => self.unmap_directly(place, frame, writable),
                PteView::Device { writable, .. } => {
                    let writable = self.bugs.choose(Bug::CollectTakesAllWritable, writable, || true);
                    self.unmap_directly(place, frame, writable);
                }
                PteView::Hole | PteView::Migration { .. } => {}
            }
        }
        self.unmap_through_rmap(frame)
    }

    /// Turns the entry at a place into a migration entry: a huge one, at the first place of its group, or a small one.
    #[inline]
    fn unmap_directly(&mut self, place: Place, frame: Frame, writable: bool) {
        if self.tables.is_huge(place) {
            self.unmap_huge_for_migration(place, frame, writable);
        } else {
            self.unmap_for_migration(place, frame, frame, writable);
        }
    }

    /// Second phase: frames at the destination, and the contents. The number of frames given.
    fn give_frames(&mut self, transaction: &mut Transaction, mask: Mask, home: Home, by_device: bool) -> u32 {
        let mut given = 0;
        let Transaction { candidates, singles, .. } = transaction;
        for candidate in candidates {
            if mask.0 >> (candidate.offset % 8) & 1 == 1 {
                continue;
            }
            if candidate.size > 1 {
                given += self.give_run(candidate, singles, home, by_device);
                continue;
            }
            let Some(frame) = self.frames.allocate_at(home) else {
                break;
            };
            self.frames.memmap[frame].set_locked(true, ByMigration(()));
            if let Source::Page(old) = candidate.source {
                let stamp = self.frames.memmap.content(old);
                self.frames.memmap.set_content(frame, stamp);
            }
            candidate.given = Given::Frame(frame);
            given += 1;
        }
        self.tell_runs(transaction, |candidate| mask.0 >> (candidate.offset % 8) & 1 == 0);
        transaction.advance(Phase::Copied);
        given
    }

    /// Third phase: candidates with a frame move. The number of those that did.
    fn move_pages(&mut self, transaction: &mut Transaction) -> Result<u32, Stop> {
        let mut moved = 0;
        if !transaction.singles.is_empty() {
            self.take_apart_without_run(transaction)?;
        }
        for candidate in &mut transaction.candidates {
            let Given::Frame(frame) = candidate.given else {
                continue;
            };
            candidate.moved = match candidate.source {
                _ if candidate.size > 1 => self.move_whole(candidate.source, frame),
                Source::Hole(place) => self.insert_page(place, frame)?,
                Source::Page(old) => {
                    self.take_new_frame(old, frame, self.frames.memmap[old].mapping());
                    true
                }
            };
            moved += if candidate.moved { candidate.size } else { 0 };
        }
        transaction.advance(Phase::Moved);
        Ok(moved)
    }

    /// Fills a hole with a page on the device, unless it was filled meanwhile (`migrate_vma_insert_page`). The page
    /// stays locked by the transaction, which has a reference of its own.
    fn insert_page(&mut self, place: Place, frame: Frame) -> Result<bool, Stop> {
        let Some((_, access)) = self.tables.mapping(place) else {
            return Ok(false);
        };
        let was_filled = self.tables.entry(place) != PteView::Hole;
        if was_filled && !self.bugs.skips(Bug::LostHoleRace, true) {
            return Ok(false);
        }
        self.frames.memmap[frame].get();
        self.allocate_page(frame, place)?;
        let entry = PteView::Device { frame, writable: access.writable() };
        self.tables.set_entry(place, entry, &mut self.notes);
        Ok(true)
    }

    /// Last phase: entries restored, unused and old frames free, locks dropped, the slot empty.
    fn finish(&mut self, transaction: &mut Transaction) -> Answer {
        let (mut pages, mut freed) = (0, 0);
        let aborted = transaction.open.is_some_and(|open| open.phase != Phase::Moved);
        for candidate in &transaction.candidates {
            let Candidate { source, .. } = *candidate;
            if let Some(frame) = candidate.page_frame() {
                if let Source::Page(old) = source {
                    pages += self.restore(old, frame)?;
                }
                if !(aborted && self.bugs.skips(Bug::PageLockForgotten, true)) {
                    self.frames.memmap[frame].set_locked(false, ByMigration(()));
                }
                freed += self.put_page(frame);
            }
            if let Some(frame) = candidate.bare_frame()
                && !(aborted && self.bugs.skips(Bug::FrameLeakOnAbort, true))
            {
                self.put_bare_frame(frame);
            }
            if candidate.size > 1 {
                transaction.bare_singles(candidate).iter().for_each(|&frame| self.put_bare_frame(frame));
            }
        }
        if let Some(space) = transaction.open.and_then(|open| open.space)
            && !(aborted && self.bugs.skips(Bug::SpaceLockForgotten, true))
        {
            self.spaces[space.index()].locks -= 1;
            self.notes.space = Some(space);
        }
        transaction.close();
        Ok(Effect::PagesFreed { pages, freed })
    }

    /// `EBUSY` unless the slot is empty.
    fn must_be_closed(&self, slot: TransactionSlot) -> Result<(), Errno> {
        if self.transactions[slot.index()].open.is_none() { Ok(()) } else { Err(Errno::EBUSY) }
    }

    /// `ENOENT` if the slot is empty.
    fn must_be_open(&self, slot: TransactionSlot) -> Result<Open, Errno> {
        self.transactions[slot.index()].open.ok_or(Errno::ENOENT)
    }

    /// Runs a phase with the slot's transaction.
    fn in_slot(&mut self, slot: TransactionSlot, phase: impl FnOnce(&mut Self, &mut Transaction) -> Answer) -> Answer {
        self.notes.slot(Slot::Transaction(slot));
        let mut transaction = core::mem::take(&mut self.transactions[slot.index()]);
        let answer = phase(self, &mut transaction);
        self.transactions[slot.index()] = transaction;
        answer
    }

    /// Runs all phases with the transaction that has no slot.
    fn in_one_step(&mut self, phases: impl FnOnce(&mut Self, &mut Transaction) -> Answer) -> Answer {
        let mut transaction = core::mem::take(&mut self.in_one_step);
        let answer = phases(self, &mut transaction);
        self.in_one_step = transaction;
        answer
    }
}
