//! What follows from the world by counting: nothing of it is stored.

use stalemap_operations::{Home, Observables, PageToken, Space};

use crate::entry::Entry;
use crate::migration::destination;
use crate::model::Model;
use crate::slots::Slots;
use crate::transaction::What;

/// A count of things that all have a place in memory.
fn count<T>(things: impl Iterator<Item = T>) -> u32 {
    u32::try_from(things.count()).expect("fewer than 2^32 of them")
}

impl Model {
    /// What the model can show.
    pub(crate) const OBSERVABLES: Observables = Observables::PLACES
        .and(Observables::WRITABLE)
        .and(Observables::SPACES)
        .and(Observables::STAMPS)
        .and(Observables::EXCLUSIVE)
        .and(Observables::MAPCOUNTS)
        .and(Observables::REFCOUNTS)
        .and(Observables::RMAPS)
        .and(Observables::SLOTS)
        .and(Observables::FREE)
        .and(Observables::FOLIOS);

    /// Number of entries `maps p`; migration entries do not count.
    pub(crate) fn mapcount(&self, page: PageToken) -> u32 {
        count(self.places.values().filter(|mapped| mapped.entry.maps(page)))
    }

    /// Pins on the page, or on any page of its folio (`folio_maybe_dma_pinned`, include/linux/mm.h).
    pub(crate) fn pins_on(&self, page: PageToken) -> u32 {
        self.count_among(&self.pins, page)
    }

    /// Bare references to the page, or to any page of its folio.
    pub(crate) fn holds_on(&self, page: PageToken) -> u32 {
        self.count_among(&self.holds, page)
    }

    /// How many slots have a page, or another page of its folio.
    #[inline]
    fn count_among<K: Copy + Ord>(&self, slots: &Slots<K, PageToken>, page: PageToken) -> u32 {
        // They are empty most often, and the folio need not be known then.
        if slots.len() == 0 {
            return 0;
        }
        let is_in_folio = self.in_folio_of(page);
        count(slots.values().filter(|&&held| is_in_folio(held)))
    }

    /// Whether a transaction has the page or its folio: collected, or made from a hole and not yet finalized.
    pub(crate) fn transaction_has(&self, page: PageToken) -> bool {
        if self.transactions.len() == 0 {
            return false;
        }
        let head = self.head(page);
        self.transactions.values().flat_map(|it| &it.candidates).any(|candidate| candidate.page() == Some(head))
    }

    /// Whether a transaction that is not finalized made the page from a hole.
    pub(crate) fn is_page_locked(&self, page: PageToken) -> bool {
        let head = self.head(page);
        let filled = |what| matches!(what, What::Filled(it) if it == head);
        self.transactions.values().flat_map(|it| &it.candidates).any(|candidate| filled(candidate.what))
    }

    /// References that are not entries: pins + holds + 1 while a transaction has the page. Those of a large folio are those of all
    /// its pages.
    pub(crate) fn references(&self, page: PageToken) -> u32 {
        self.pins_on(page) + self.holds_on(page) + u32::from(self.transaction_has(page))
    }

    /// A page is live while an entry maps it, it is pinned or held, or a transaction has it (as with every page to which
    /// a migration entry leads). The pages of a large folio live and die as one.
    pub(crate) fn is_live(&self, page: PageToken) -> bool {
        if self.references(page) > 0 {
            return true;
        }
        let is_in_folio = self.in_folio_of(page);
        self.places.values().any(|mapped| matches!(mapped.entry, Entry::Maps { page, .. } if is_in_folio(page)))
    }

    /// Pinned or held: does not migrate.
    pub(crate) fn is_pinned_or_held(&self, page: PageToken) -> bool {
        self.pins_on(page) + self.holds_on(page) > 0
    }

    /// Whether an open transaction that `setup` made locks the space.
    pub(crate) fn is_space_locked(&self, space: Space) -> bool {
        self.transactions.values().any(|transaction| transaction.space == Some(space))
    }

    /// Free frames at each home: those that no page, no block and no transaction has. A transaction has the frames that
    /// `copy` gave and `pages` did not use, and those that moved pages left behind.
    pub(crate) fn free_at_each(&self) -> [u32; Home::LIMIT] {
        let mut free = self.capacity;
        for page in self.pages() {
            free[page.home.index()] -= 1;
        }
        for block in self.blocks.values() {
            free[Home::Ram.index()] -= block.held;
        }
        for transaction in self.transactions.values() {
            let to = destination(transaction.route);
            for (home, frames) in transaction.candidates.iter().map(|candidate| candidate.bare_frames(to)) {
                free[home.index()] -= frames;
            }
        }
        free
    }

    /// Free frames at a home.
    #[must_use]
    pub fn free(&self, home: Home) -> u32 {
        self.free_at_each()[home.index()]
    }
}
