//! What follows from the world by counting: nothing of it is stored.

use alloc::vec::Vec;

use stalemap_operations::{Home, Observables, PageToken, Place, Space};

use crate::migration::destination;
use crate::model::{Model, What};

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
        .and(Observables::FREE);

    /// The places whose entry is `maps p`.
    pub(crate) fn rmap(&self, page: PageToken) -> Vec<Place> {
        let mut places = Vec::new();
        self.places.for_each(|place, mapped| {
            if mapped.entry.maps(page) {
                places.push(place);
            }
        });
        places
    }

    /// Number of entries `maps p`; migration entries do not count.
    pub(crate) fn mapcount(&self, page: PageToken) -> u32 {
        count(self.places.values().filter(|mapped| mapped.entry.maps(page)))
    }

    /// Pins on the page.
    pub(crate) fn pins_on(&self, page: PageToken) -> u32 {
        count(self.pins.values().filter(|&&pinned| pinned == page))
    }

    /// Bare references to the page.
    pub(crate) fn holds_on(&self, page: PageToken) -> u32 {
        count(self.holds.values().filter(|&&held| held == page))
    }

    /// Whether a transaction has the page: collected, or made from a hole and not yet finalized.
    pub(crate) fn transaction_has(&self, page: PageToken) -> bool {
        self.transactions.values().flat_map(|it| &it.candidates).any(|candidate| candidate.page() == Some(page))
    }

    /// Whether a transaction that is not finalized made the page from a hole.
    pub(crate) fn is_page_locked(&self, page: PageToken) -> bool {
        let filled = |what| matches!(what, What::Filled(it) if it == page);
        self.transactions.values().flat_map(|it| &it.candidates).any(|candidate| filled(candidate.what))
    }

    /// References that are not entries: pins + holds + 1 while a transaction has the page.
    pub(crate) fn references(&self, page: PageToken) -> u32 {
        self.pins_on(page) + self.holds_on(page) + u32::from(self.transaction_has(page))
    }

    /// A page is live while an entry maps it, it is pinned or held, or a transaction has it (as with every page to which
    /// a migration entry leads).
    pub(crate) fn is_live(&self, page: PageToken) -> bool {
        self.references(page) > 0 || self.places.values().any(|mapped| mapped.entry.maps(page))
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
            for home in transaction.candidates.iter().filter_map(|candidate| candidate.bare_frame(to)) {
                free[home.index()] -= 1;
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
