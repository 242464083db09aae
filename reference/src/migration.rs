//! Section 5, migration: a transaction in Linux's own phases, by place or by device, and all phases in one step.

use alloc::vec::Vec;
use core::mem::take;

use stalemap_operations::{
    Device, Effect, Errno, Home, Mask, PageRange, PageToken, Phase, Place, Route, Slot, Space, TransactionSlot,
};

use crate::address_space::places;
use crate::entry::{Entry, Mapped};
use crate::marks::mark;
use crate::model::{Answer, Model};
use crate::transaction::{Candidate, Transaction, What};

/// Where the pages of a route go.
pub(crate) fn destination(route: Route) -> Home {
    match route {
        Route::To(device) => Home::Device(device),
        Route::From(_) => Home::Ram,
    }
}

/// Where the pages of a route are.
pub(crate) fn start(route: Route) -> Home {
    match route {
        Route::To(_) => Home::Ram,
        Route::From(device) => Home::Device(device),
    }
}

/// What the pages or places of a range come to.
pub(crate) fn count(things: usize) -> u32 {
    u32::try_from(things).expect("fewer than 2^32 of them")
}

/// How many pages these are.
pub(crate) fn size(candidates: &[Candidate]) -> u32 {
    candidates.iter().map(|candidate| candidate.size).sum()
}

impl Model {
    /// First phase, by place. Every place must be mapped and readable, else `EINVAL`. While the transaction is open the
    /// space is locked.
    pub(crate) fn setup(&mut self, slot: TransactionSlot, space: Space, range: PageRange, route: Route) -> Answer {
        self.must_live(space)?;
        self.must_be_empty(slot)?;
        if places(space, range).any(|place| self.readable(place).is_err()) {
            return Err(Errno::EINVAL);
        }
        if self.is_space_locked(space) {
            mark!(self, "second setup in a space");
            if places(space, range).any(|place| self.at(place).is_some_and(|it| self.is_pinned_at(it.entry))) {
                mark!(self, "second setup in a space that meets a pinned page");
            }
        }
        let mut candidates = Vec::new();
        for part in self.parts(range) {
            self.collect_part(space, part, route, part.first.0 - range.first.0, &mut candidates);
        }
        self.open(slot, Some(space), route, candidates)
    }

    /// First phase, by device: every page at home on d that no transaction has. No space is locked.
    pub(crate) fn collect(&mut self, slot: TransactionSlot, device: Device) -> Answer {
        self.must_be_empty(slot)?;
        let mut candidates = Vec::new();
        for (offset, page) in (0..).zip(self.collectable(device)) {
            self.make_migrating(page);
            let what = What::Page(page, Home::Device(device));
            candidates.push(Candidate { size: self.size(page), ..Candidate::small(offset, what) });
        }
        self.open(slot, None, Route::From(device), candidates)
    }

    /// Whether an entry leads to a pinned page.
    fn is_pinned_at(&self, entry: Entry) -> bool {
        entry.page().is_some_and(|page| self.pins_on(page) > 0)
    }

    fn open(
        &mut self,
        slot: TransactionSlot,
        space: Option<Space>,
        route: Route,
        candidates: Vec<Candidate>,
    ) -> Answer {
        let pages = size(&candidates);
        self.mark_candidates(pages);
        self.transactions.fill(slot, Transaction { phase: Phase::Collected, route, space, candidates });
        self.notes.slot(Slot::Transaction(slot));
        self.notes.space = space;
        self.mark_full();
        Ok(Effect::Pages(pages))
    }

    /// *to*: holes are candidates; pages in RAM are collected. *from*: pages whose home is d are collected. Others are
    /// passed over, as is what a transaction has. A page that turns out to be pinned or held is put back and is no
    /// candidate.
    pub(crate) fn collect_place(&mut self, place: Place, route: Route) -> Option<What> {
        let start = start(route);
        match self.at(place).expect("a mapped place").entry {
            Entry::Hole if start == Home::Ram => Some(What::Hole(place)),
            Entry::Hole => None,
            Entry::Migrating { .. } => {
                mark!(self, "migration that passes over a migration entry");
                None
            }
            Entry::Maps { page, .. } if self.transaction_has(page) => {
                mark!(self, "migration that passes over a locked page");
                None
            }
            Entry::Maps { page, .. } if self.page(page).home != start => {
                mark!(self, "migration that passes over a page elsewhere");
                None
            }
            Entry::Maps { page, .. } if self.is_pinned_or_held(page) => {
                mark!(self, "migration that puts back a pinned or held page");
                // A pinned page is refused before its entry is taken away (`migrate_vma_collect_pmd`, mm/migrate_device.c).
                if self.pins_on(page) == 0 {
                    self.clean_entries(page);
                }
                None
            }
            Entry::Maps { page, .. } => {
                let places = self.mapcount(page);
                if places > 1 {
                    mark!(self, "migration of a shared page");
                }
                if places > 4 {
                    mark!(self, "migration of a page that more than four places map");
                }
                self.make_migrating(page);
                Some(What::Page(page, start))
            }
        }
    }

    /// Every entry that maps the page or its folio, in every space, becomes a migration entry, writable bit kept.
    pub(crate) fn make_migrating(&mut self, page: PageToken) {
        self.note_folio(page);
        self.change_entries(page, |entry| match entry {
            Entry::Maps { page, writable, huge, .. } => Some(Entry::Migrating { page, writable, huge }),
            Entry::Hole | Entry::Migrating { .. } => None,
        });
    }

    /// How many pages the folio has: 1 where it is small.
    pub(crate) fn size(&self, page: PageToken) -> u32 {
        if self.is_large(page) { self.machine.huge_pages() } else { 1 }
    }

    /// Pages at home on the device that no transaction has; of a large folio its head. A subject's frames have an order of their own, so
    /// that runs are claimed in the order of the first places that lead to the folios.
    pub(crate) fn collectable(&mut self, device: Device) -> Vec<PageToken> {
        let at_home = self.live_pages().filter(|(_, page)| page.home == Home::Device(device));
        let heads = at_home.filter(|(_, page)| page.folio.is_none_or(|folio| folio.index == 0));
        let mut pages: Vec<PageToken> = heads.map(|(token, _)| token).collect();
        let all = pages.len();
        pages.retain(|&token| !self.transaction_has(token));
        if self.machine.huge().is_some() {
            pages.sort_by_cached_key(|&token| self.first_place(token));
        }
        if pages.len() < all {
            mark!(self, "collection by device that passes over a transaction's page");
        }
        pages
    }

    /// Second phase: in order, each candidate whose bit (i mod 8, i = its offset) is clear gets a frame at the
    /// destination and the content. No frame left: it gets none. One that is whole gets a run; or else single frames, as many as are left,
    /// after `collect` none (`__migrate_device_pages`, mm/migrate_device.c, splits no folio there).
    ///
    /// After `collect`: mask 0 or 255 only; `ENOMEM` and nothing done when RAM has fewer free frames than candidates
    /// want, and it may then be repeated.
    pub(crate) fn copy(&mut self, slot: TransactionSlot, mask: Mask) -> Answer {
        let transaction = self.transactions.get(slot).ok_or(Errno::ENOENT)?;
        let by_device = transaction.space.is_none();
        if transaction.phase != Phase::Collected || by_device && !matches!(mask, Mask(0 | 255)) {
            return Err(Errno::EINVAL);
        }
        let to = destination(transaction.route);
        let free = self.free(to);
        let candidates = &transaction.candidates;
        if !matches!(mask, Mask(0 | 255)) && candidates.iter().any(|candidate| candidate.offset >= 8) {
            mark!(self, "copy by a mask that begins again");
        }
        let is_wanting = |candidate: &&Candidate| mask.0 >> (candidate.offset % 8) & 1 == 0;
        let wanted = candidates.iter().filter(is_wanting).map(|candidate| candidate.size).sum();
        if by_device && free < wanted {
            mark!(self, "collected pages that RAM cannot take");
            return Err(Errno::ENOMEM);
        }
        let mut candidates = self.transactions.get_mut(slot).map(|it| take(&mut it.candidates)).unwrap_or_default();
        let given = self.give_frames(candidates.iter_mut().filter(|it| is_wanting(&&**it)), to, free, by_device);
        let transaction = self.transactions.get_mut(slot).expect("an open slot");
        transaction.candidates = candidates;
        transaction.phase = Phase::Copied;
        self.notes.slot(Slot::Transaction(slot));
        if given > 0 {
            self.mark_frames(to);
        }
        if wanted > free {
            mark!(self, "no frame left in the middle of a range");
        }
        if to != Home::Ram && self.are_used_again(to, given, free) {
            mark!(self, "migration to a device whose frames are used again");
        }
        Ok(Effect::Pages(given))
    }

    /// Third phase: each candidate with a frame moves. A hole that is still a hole becomes a page at home on the device,
    /// exclusive, writable iff the mapping is `rw`, locked by the transaction. A hole that was filled meanwhile loses.
    /// A collected page changes its home, counted even if no entry maps it any more. A candidate that is whole and has single frames
    /// falls apart first.
    pub(crate) fn move_pages(&mut self, slot: TransactionSlot) -> Answer {
        let transaction = self.transactions.get(slot).ok_or(Errno::ENOENT)?;
        if transaction.phase != Phase::Copied {
            return Err(Errno::EINVAL);
        }
        let home = destination(transaction.route);
        let mut candidates = transaction.candidates.clone();
        if candidates.iter().any(Candidate::falls_apart) {
            let parts = |it: Candidate| if it.falls_apart() { self.take_apart(it) } else { Vec::from([it]) };
            candidates = candidates.into_iter().flat_map(parts).collect();
        }
        let mut pages = 0;
        for candidate in candidates.iter_mut().filter(|candidate| candidate.frames > 0) {
            match candidate.what {
                What::Hole(place) => {
                    // A table of small entries may be there since (`migrate_vma_insert_huge_pmd_page`, mm/migrate_device.c).
                    if candidate.size > 1 && self.is_group_of_holes(place) && !self.runs.follows_rule() {
                        continue;
                    }
                    match self.fill_holes(place, candidate.size, home) {
                        Some(page) => candidate.what = What::Filled(page),
                        None => continue,
                    }
                }
                What::Page(page, _) | What::Filled(page) => {
                    if !self.is_page_shown(page) {
                        mark!(self, "collected page moves although nobody maps it any more");
                    }
                    for page in self.folio_pages(page) {
                        self.page_mut(page).home = home;
                    }
                }
            }
            candidate.moved = true;
            pages += candidate.size;
        }
        let transaction = self.transactions.get_mut(slot).expect("an open slot");
        transaction.candidates = candidates;
        transaction.phase = Phase::Moved;
        self.notes.slot(Slot::Transaction(slot));
        Ok(Effect::Pages(pages))
    }

    /// Whether an entry leads to the page or its folio.
    fn is_page_shown(&self, page: PageToken) -> bool {
        let is_in_folio = self.in_folio_of(page);
        self.places.values().any(|mapped| mapped.entry.page().is_some_and(&is_in_folio))
    }

    /// A page on the device where a hole still is, or a large folio where a group of holes still is.
    pub(crate) fn fill_holes(&mut self, place: Place, size: u32, home: Home) -> Option<PageToken> {
        if size == 1 {
            return self.fill_hole(place, home);
        }
        if !self.is_group_of_holes(place) {
            mark!(self, "hole filled between setup and pages");
            return None;
        }
        mark!(self, "group of holes that becomes a large folio on the device");
        Some(self.fill_group(place, home, false))
    }

    fn fill_hole(&mut self, place: Place, home: Home) -> Option<PageToken> {
        let mapped = self.at(place);
        let Some(Mapped { access, advice, entry: Entry::Hole }) = mapped else {
            mark!(self, "hole filled between setup and pages");
            return None;
        };
        mark!(self, "hole that becomes a page on the device");
        let page = self.allocate_page(home);
        self.set(
            place,
            Some(Mapped {
                access,
                advice,
                entry: Entry::Maps { page, writable: access.writable(), dirty: false, huge: false },
            }),
        );
        Some(page)
    }

    /// Last phase, and the abort after 1 or 2: every remaining migration entry of the collected pages maps its page
    /// again, writable bit as the entry had it; pages without a mapping end; the lock is dropped; the slot is
    /// empty.
    pub(crate) fn finalize(&mut self, slot: TransactionSlot) -> Answer {
        let transaction = self.transactions.empty(slot).ok_or(Errno::ENOENT)?;
        if transaction.phase != Phase::Moved {
            mark!(self, "migration that is aborted");
        }
        self.notes.slot(Slot::Transaction(slot));
        self.notes.space = transaction.space;
        let to = destination(transaction.route);
        for (home, frames) in transaction.candidates.iter().map(|candidate| candidate.bare_frames(to)) {
            self.give_back(home, frames);
        }
        let (mut pages, mut freed) = (0, 0);
        for page in transaction.candidates.iter().filter_map(Candidate::page) {
            self.note_folio(page);
            pages += self.make_mapping(page);
            let ended = self.free_if_unused(page);
            if ended > 0 {
                mark!(self, "page that ends with its transaction");
            }
            freed += ended;
        }
        Ok(Effect::PagesFreed { pages, freed })
    }

    /// Every migration entry of the page or its folio maps it again, clean; how many.
    pub(crate) fn make_mapping(&mut self, page: PageToken) -> u32 {
        self.change_entries(page, |entry| match entry {
            Entry::Migrating { page, writable, huge } => Some(Entry::Maps { page, writable, dirty: false, huge }),
            Entry::Hole | Entry::Maps { .. } => None,
        })
    }

    fn must_be_empty(&self, slot: TransactionSlot) -> Result<(), Errno> {
        if self.transactions.is_filled(slot) { Err(Errno::EBUSY) } else { Ok(()) }
    }
}
