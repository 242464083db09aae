//! What is always true of the world; asserted after every operation of a debug build.

use alloc::collections::BTreeSet;

use stalemap_operations::{Home, PageToken};

use crate::model::{Entry, Mapped, Model};

impl Model {
    /// Asserts what section 1 says is always true.
    ///
    /// # Panics
    /// When one of it is not.
    pub fn assert_always(&self) {
        let mut seen = BTreeSet::new();
        for (place, &Mapped { access, entry }) in self.places.iter() {
            assert!(self.alive.contains(place.space), "{place} is mapped in a dead space");
            let Some(page) = entry.page() else {
                continue;
            };
            let shown = self.live_page(page).unwrap_or_else(|| panic!("{place} has an ended page"));
            let (Entry::Maps { writable, .. } | Entry::Migrating { writable, .. }) = entry else {
                continue;
            };
            assert!(!writable || access.writable() && shown.exclusive, "{place} is writable and must not be");
            let migrating = matches!(entry, Entry::Migrating { .. });
            let collected = self.transaction_has(page) && !self.is_page_locked(page);
            assert_eq!(migrating, collected, "{place} has a migration entry exactly while its page is collected");
            assert!(seen.insert((place.space, page)), "a page is mapped once in a space");
        }
        for (token, page) in self.live_pages() {
            assert!(self.is_live(token), "page {} is kept although nothing refers to it", token.0);
            assert!(self.pins_on(token) == 0 || page.exclusive, "a pinned page is exclusive");
            let on_device = page.home != Home::Ram;
            assert!(!on_device || !self.is_pinned_or_held(token), "a device page is neither pinned nor held");
        }
        let referenced = self.pins.values().chain(self.holds.values()).copied();
        let collected = self.transactions.values().flat_map(|it| &it.candidates).filter_map(|it| it.page());
        for PageToken(page) in referenced.chain(collected) {
            assert!(
                self.live_page(PageToken(page)).is_some(),
                "a pin, hold or transaction has page {page}, which has ended"
            );
        }
        for home in Home::ALL {
            assert!(self.free(home) <= self.capacity[home.index()], "more frames of {home} are free than there are");
        }
    }
}
