//! Section 5, migration: a transaction in Linux's own phases, by place or by device, and all phases in one step.

use alloc::vec::Vec;

use stalemap_operations::{
    Device, Effect, Errno, Home, Mask, PageRange, PageToken, Phase, Place, Route, Slot, Space, TransactionSlot,
};

use crate::address_space::places;
use crate::marks::mark;
use crate::model::{Answer, Candidate, Entry, Mapped, Model, Transaction, What};

/// Where the pages of a route go.
pub(crate) fn destination(route: Route) -> Home {
    match route {
        Route::To(device) => Home::Device(device),
        Route::From(_) => Home::Ram,
    }
}

/// What the pages or places of a range come to.
fn count(things: usize) -> u32 {
    u32::try_from(things).expect("fewer than 2^32 of them")
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
        for (offset, place) in (0..).zip(places(space, range)) {
            if let Some(what) = self.collect_place(place, route) {
                candidates.push(Candidate { offset, what, has_frame: false, moved: false });
            }
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
            candidates.push(Candidate { offset, what, has_frame: false, moved: false });
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
        let pages = count(candidates.len());
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
    fn collect_place(&mut self, place: Place, route: Route) -> Option<What> {
        let start = match route {
            Route::To(_) => Home::Ram,
            Route::From(device) => Home::Device(device),
        };
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

    /// Every entry that maps the page, in every space, becomes a migration entry, writable bit kept.
    fn make_migrating(&mut self, page: PageToken) {
        self.notes.page(page);
        for place in self.rmap(page) {
            if let Some(Mapped { entry: Entry::Maps { writable, .. }, .. }) = self.at(place) {
                self.set_entry(place, Entry::Migrating { page, writable });
            }
        }
    }

    /// Pages at home on the device that no transaction has.
    fn collectable(&mut self, device: Device) -> Vec<PageToken> {
        let at_home = self.live_pages().filter(|(_, page)| page.home == Home::Device(device));
        let mut pages: Vec<PageToken> = at_home.map(|(token, _)| token).collect();
        let all = pages.len();
        pages.retain(|&token| !self.transaction_has(token));
        if pages.len() < all {
            mark!(self, "collection by device that passes over a transaction's page");
        }
        pages
    }

    /// Second phase: in order, each candidate whose bit (i mod 8, i = its offset) is clear gets a frame at the
    /// destination and the content. No frame left: it gets none.
    ///
    /// After `collect`: mask 0 or 255 only; `ENOMEM` and nothing done when RAM has fewer free frames than candidates
    /// want one, and it may then be repeated.
    pub(crate) fn copy(&mut self, slot: TransactionSlot, mask: Mask) -> Answer {
        let transaction = self.transactions.get(slot).ok_or(Errno::ENOENT)?;
        let by_device = transaction.space.is_none();
        if transaction.phase != Phase::Collected || by_device && !matches!(mask, Mask(0 | 255)) {
            return Err(Errno::EINVAL);
        }
        let to = destination(transaction.route);
        let free = self.free(to);
        let transaction = self.transactions.get_mut(slot).expect("an open slot");
        if !matches!(mask, Mask(0 | 255)) && transaction.candidates.iter().any(|candidate| candidate.offset >= 8) {
            mark!(self, "copy by a mask that begins again");
        }
        let wanting = |candidate: &&mut Candidate| mask.0 >> (candidate.offset % 8) & 1 == 0;
        let wanted = count(transaction.candidates.iter_mut().filter(wanting).count());
        if by_device && free < wanted {
            mark!(self, "collected pages that RAM cannot take");
            return Err(Errno::ENOMEM);
        }
        for candidate in transaction.candidates.iter_mut().filter(wanting).take(free as usize) {
            candidate.has_frame = true;
        }
        transaction.phase = Phase::Copied;
        self.notes.slot(Slot::Transaction(slot));
        if wanted.min(free) > 0 {
            self.mark_frames(to);
        }
        if wanted > free {
            mark!(self, "no frame left in the middle of a range");
        }
        if to != Home::Ram && self.are_used_again(to, wanted.min(free), free) {
            mark!(self, "migration to a device whose frames are used again");
        }
        Ok(Effect::Pages(wanted.min(free)))
    }

    /// Third phase: each candidate with a frame moves. A hole that is still a hole becomes a page at home on the device,
    /// exclusive, writable iff the mapping is `rw`, locked by the transaction. A hole that was filled meanwhile loses.
    /// A collected page changes its home, counted even if no entry maps it any more.
    pub(crate) fn move_pages(&mut self, slot: TransactionSlot) -> Answer {
        let transaction = self.transactions.get(slot).ok_or(Errno::ENOENT)?;
        if transaction.phase != Phase::Copied {
            return Err(Errno::EINVAL);
        }
        let home = destination(transaction.route);
        let mut candidates = transaction.candidates.clone();
        let mut pages = 0;
        for candidate in candidates.iter_mut().filter(|candidate| candidate.has_frame) {
            match candidate.what {
                What::Hole(place) => match self.fill_hole(place, home) {
                    Some(page) => candidate.what = What::Filled(page),
                    None => continue,
                },
                What::Page(page, _) | What::Filled(page) => {
                    if !self.places.values().any(|mapped| mapped.entry.page() == Some(page)) {
                        mark!(self, "collected page moves although nobody maps it any more");
                    }
                    self.page_mut(page).home = home;
                }
            }
            candidate.moved = true;
            pages += 1;
        }
        let transaction = self.transactions.get_mut(slot).expect("an open slot");
        transaction.candidates = candidates;
        transaction.phase = Phase::Moved;
        self.notes.slot(Slot::Transaction(slot));
        Ok(Effect::Pages(pages))
    }

    /// A page on the device where a hole still is.
    fn fill_hole(&mut self, place: Place, home: Home) -> Option<PageToken> {
        let mapped = self.at(place);
        let Some(Mapped { access, entry: Entry::Hole }) = mapped else {
            mark!(self, "hole filled between setup and pages");
            return None;
        };
        mark!(self, "hole that becomes a page on the device");
        let page = self.allocate_page(home);
        self.set(
            place,
            Some(Mapped { access, entry: Entry::Maps { page, writable: access.writable(), dirty: false } }),
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
        for home in transaction.candidates.iter().filter_map(|candidate| candidate.bare_frame(to)) {
            self.give_back(home, 1);
        }
        let (mut pages, mut freed) = (0, 0);
        for page in transaction.candidates.iter().filter_map(Candidate::page) {
            self.notes.page(page);
            pages += self.make_mapping(page);
            let ended = self.free_if_unused(page);
            if ended > 0 {
                mark!(self, "page that ends with its transaction");
            }
            freed += ended;
        }
        Ok(Effect::PagesFreed { pages, freed })
    }

    /// Every migration entry of the page maps it again, clean; how many.
    fn make_mapping(&mut self, page: PageToken) -> u32 {
        let migrating = |mapped: &Mapped| matches!(mapped.entry, Entry::Migrating { page: it, .. } if it == page);
        let mut places = Vec::new();
        self.places.for_each(|place, mapped| {
            if migrating(mapped) {
                places.push(place);
            }
        });
        for &place in &places {
            if let Some(Mapped { entry: Entry::Migrating { page, writable }, .. }) = self.at(place) {
                self.set_entry(place, Entry::Maps { page, writable, dirty: false });
            }
        }
        count(places.len())
    }

    /// The four phases in one step, place by place: the first unmapped or unreadable one stops with `EINVAL`, what came
    /// before has moved. Without frames it answers ok with fewer `pages`.
    pub(crate) fn migrate(&mut self, space: Space, range: PageRange, route: Route) -> Answer {
        self.must_live(space)?;
        if self.is_space_locked(space) {
            mark!(self, "migration in one step in a locked space");
        }
        let to = destination(route);
        let mut pages = 0;
        for place in places(space, range) {
            if self.readable(place).is_err() {
                if pages > 0 {
                    mark!(self, "migration that stops after pages have moved");
                }
                return Err(Errno::EINVAL);
            }
            let what = self.collect_place(place, route);
            let free = self.free(to);
            if what.is_some() && free > 0 && to != Home::Ram && self.are_used_again(to, 1, free) {
                mark!(self, "migration to a device whose frames are used again");
            }
            match what {
                Some(_) if free == 0 => mark!(self, "migration in one step without a frame"),
                Some(What::Hole(place)) => pages += u32::from(self.fill_hole(place, to).is_some()),
                Some(What::Page(page, _) | What::Filled(page)) => {
                    self.move_home(page, to);
                    pages += 1;
                }
                None => {}
            }
            if what.is_some() && free > 0 {
                self.mark_frames(to);
            }
            if let Some(What::Page(page, _)) = what {
                self.make_mapping(page);
            }
        }
        Ok(Effect::Pages(pages))
    }

    /// The same by device; `ENOMEM` as for `copy` after `collect`.
    pub(crate) fn evict(&mut self, device: Device) -> Answer {
        let pages = self.collectable(device);
        if self.free(Home::Ram) < count(pages.len()) {
            return Err(Errno::ENOMEM);
        }
        for &page in &pages {
            if self.mapcount(page) > 1 {
                mark!(self, "eviction of a shared page");
            }
            self.move_home(page, Home::Ram);
            self.clean_entries(page);
        }
        Ok(Effect::Pages(count(pages.len())))
    }

    fn must_be_empty(&self, slot: TransactionSlot) -> Result<(), Errno> {
        if self.transactions.is_filled(slot) { Err(Errno::EBUSY) } else { Ok(()) }
    }
}
