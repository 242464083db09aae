//! What is always true of the world; asserted after every operation of a debug build.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use stalemap_operations::{Home, PageToken, Place};

use crate::entry::{Entry, Mapped};
use crate::model::{InFolio, Model};

impl Model {
    /// Asserts what section 1 says is always true.
    ///
    /// # Panics
    /// When one of it is not.
    pub fn assert_always(&self) {
        let mut seen = BTreeSet::new();
        for (place, &Mapped { access, entry, .. }) in self.places.iter() {
            assert!(self.alive.contains(place.space), "{place} is mapped in a dead space");
            let Some(page) = entry.page() else {
                continue;
            };
            let shown = self.live_page(page).unwrap_or_else(|| panic!("{place} has an ended page"));
            let (Entry::Maps { writable, .. } | Entry::Migrating { writable, .. }) = entry else {
                continue;
            };
            assert!(!entry.is_huge() || self.is_alike_in_its_group(place), "{place} is a part of no huge entry");
            assert!(!writable || access.writable() && shown.exclusive, "{place} is writable and must not be");
            let migrating = matches!(entry, Entry::Migrating { .. });
            let collected = self.transaction_has(page) && !self.is_page_locked(page);
            assert_eq!(migrating, collected, "{place} has a migration entry exactly while its page is collected");
            assert!(seen.insert((place.space, page)), "a page is mapped once in a space");
        }
        for (token, page) in self.live_pages() {
            assert!(self.is_live(token), "page {} is kept although nothing refers to it", token.0);
            assert!(!self.pins.values().any(|&it| it == token) || page.exclusive, "a pinned page is exclusive");
            if let Some(folio) = page.folio {
                let pages: Vec<PageToken> = self.folio_pages(token).collect();
                assert_eq!(pages.len(), self.machine.huge_pages() as usize, "a folio has all its pages");
                assert_eq!((pages[0], pages[folio.index as usize]), (folio.head, token), "they stand in order");
                assert_eq!(self.page(folio.head).home, page.home, "a folio has one home");
            }
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

    /// Whether the places of the group all show the pages of one folio in order, with the same mapping and the same bits.
    fn is_alike_in_its_group(&self, place: Place) -> bool {
        let of = |place| {
            let Mapped { access, advice, entry } = self.at(place)?;
            let page = self.page(entry.page()?);
            let bits = match entry {
                Entry::Hole => None,
                Entry::Maps { writable, dirty, huge, .. } => Some((false, writable, dirty, huge)),
                Entry::Migrating { writable, huge, .. } => Some((true, writable, false, huge)),
            };
            Some((access, advice, bits, page.exclusive, page.folio?))
        };
        let first = self.group(place);
        let Some((access, advice, bits, exclusive, folio)) = of(first) else { return false };
        (0..).zip(self.group_places(first)).all(|(index, place)| {
            of(place) == Some((access, advice, bits, exclusive, InFolio { head: folio.head, index }))
        })
    }
}
