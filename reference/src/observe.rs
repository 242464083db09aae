//! How the reference is looked at: everything is counted when it is asked for.

use alloc::vec::Vec;
use core::ops::Range;

use stalemap_operations::{
    Counts, Entry as Shown, FolioView, Observation, PageFacts, PageToken, PageView, Place, PlaceState, PlaceView,
    Scope, Slot, SlotState, Space, Visitor,
};

use crate::entry::{Entry, Mapped};
use crate::model::{InFolio, Model, Page};

/// Up to so many pages are looked for one by one; more of them in one pass over the places.
const FEW: usize = 4;

impl Model {
    pub(crate) fn show(&self, scope: &Scope, into: &mut Observation) {
        into.clear();
        into.free = self.free_at_each();
        into.alive.clone_from(&self.alive);
        into.locked.extend(self.transactions.values().filter_map(|transaction| transaction.space));
        if scope.everything {
            into.places
                .extend(self.places.iter().map(|(place, mapped)| PlaceView { place, state: shown(Some(mapped)) }));
            into.slots.extend(self.filled_slots().map(|slot| (slot, self.slot(slot))));
            into.tokens.extend(self.live_pages().map(|(token, _)| token));
        } else {
            into.places.extend(scope.places.iter().map(|&place| self.view(place)));
            into.slots.extend(scope.slots.iter().map(|&slot| (slot, self.slot(slot))));
            if scope.is_exact && scope.pages.len() <= FEW {
                for &token in &scope.pages {
                    self.show_page(token, into);
                }
                return;
            }
            into.tokens.extend(scope.pages.iter().filter(|&&token| self.live_page(token).is_some()));
            if !scope.is_exact {
                into.tokens.extend(into.places.iter().filter_map(|view| view.state.page()));
                into.tokens.extend(into.slots.iter().filter_map(|(_, state)| state.page()));
            }
            into.tokens.sort_unstable();
            into.tokens.dedup();
        }
        self.show_pages(into);
    }

    /// Hands over what the last operation touched. Nothing is stored of what refers to a page, so the visitor
    /// counts the entries that it sees.
    #[inline(never)]
    pub(crate) fn tell(&self, visitor: &mut impl Visitor) {
        for &place in &self.notes.touched.places {
            visitor.place(place, shown(self.places.get(place)));
        }
        for &slot in &self.notes.touched.slots {
            visitor.slot(slot, self.slot(slot), core::iter::empty());
        }
        for &token in &self.notes.touched.pages {
            visitor.page(token, || self.facts(token));
        }
        if let Some(space) = self.notes.space {
            visitor.space(space, self.alive.contains(space), self.is_space_locked(space));
        }
        if self.notes.has_frames {
            visitor.free(self.free_at_each());
        }
    }

    /// Hands over everything in ascending order, as `tell` hands over a part of it.
    pub(crate) fn tell_everything(&self, visitor: &mut impl Visitor) {
        self.places.for_each(|place, mapped| visitor.place(place, shown(Some(mapped))));
        for slot in self.filled_slots() {
            visitor.slot(slot, self.slot(slot), core::iter::empty());
        }
        for (token, _) in self.live_pages() {
            visitor.page(token, || self.facts(token));
        }
        for space in (0..self.machine.spaces()).map(Space) {
            visitor.space(space, self.alive.contains(space), self.is_space_locked(space));
        }
        visitor.free(self.free_at_each());
    }

    /// The slots that are not empty, ascending.
    fn filled_slots(&self) -> impl Iterator<Item = Slot> {
        let transactions = self.transactions.keys().map(Slot::Transaction);
        let pins = self.pins.keys().map(Slot::Pin);
        let holds = self.holds.keys().map(Slot::Hold);
        transactions.chain(pins).chain(holds).chain(self.blocks.keys().map(Slot::Block))
    }

    #[inline(always)]
    fn facts(&self, token: PageToken) -> Option<PageFacts<core::iter::Empty<Place>>> {
        let page = self.live_page(token)?;
        Some(PageFacts {
            home: page.home,
            stamp: page.stamp,
            exclusive: page.exclusive,
            counts: Counts::Counted { references: self.other_references(token, page) },
            frame: None,
            folio: self.folio_view(token, page),
        })
    }

    /// References that are not places which map the page: of a large folio those of all its pages.
    fn other_references(&self, token: PageToken, page: &Page) -> u32 {
        match page.folio {
            None => self.references(token),
            Some(_) => self.folio_refcount(token) - self.mapcount(token),
        }
    }

    fn folio_view(&self, token: PageToken, page: &Page) -> Option<FolioView> {
        let InFolio { head, index } = page.folio?;
        Some(FolioView { head, index, mapcount: self.folio_mapcount(token) })
    }

    /// Shows one page, if it is live: a pass over the places finds those that map it.
    fn show_page(&self, token: PageToken, into: &mut Observation) {
        if self.live_page(token).is_none() {
            return;
        }
        let start = into.rmaps.len();
        self.places.for_each(|place, mapped| {
            if mapped.entry.maps(token) {
                into.rmaps.push(place);
            }
        });
        self.push_page(token, start..into.rmaps.len(), &mut into.pages);
    }

    /// Shows the pages in `into.tokens`, which ascend: one pass over the places finds those that map them.
    fn show_pages(&self, into: &mut Observation) {
        if into.tokens.is_empty() {
            return;
        }
        let Observation { tokens, pages, rmaps, .. } = into;
        let asked = tokens.as_slice();
        let mapped = |(place, mapped): (Place, &Mapped)| match mapped.entry {
            Entry::Maps { page, .. } if asked.binary_search(&page).is_ok() => Some((page, place)),
            Entry::Hole | Entry::Maps { .. } | Entry::Migrating { .. } => None,
        };
        let mut found: Vec<(PageToken, Place)> = self.places.iter().filter_map(mapped).collect();
        found.sort_unstable();
        let mut found = found.into_iter().peekable();
        for &token in asked {
            let start = rmaps.len();
            while let Some((_, place)) = found.next_if(|&(page, _)| page == token) {
                rmaps.push(place);
            }
            self.push_page(token, start..rmaps.len(), pages);
        }
    }

    fn push_page(&self, token: PageToken, rmap: Range<usize>, pages: &mut Vec<PageView>) {
        let mapcount = u32::try_from(rmap.len()).expect("fewer than 2^32 places");
        let page = self.page(token);
        pages.push(PageView {
            token,
            home: page.home,
            stamp: page.stamp,
            exclusive: page.exclusive,
            mapcount,
            refcount: mapcount + self.other_references(token, page),
            rmap,
            frame: None,
            folio: self.folio_view(token, page),
        });
    }

    fn view(&self, place: Place) -> PlaceView {
        PlaceView { place, state: shown(self.places.get(place)) }
    }

    /// What a slot shows.
    #[must_use]
    pub fn slot(&self, slot: Slot) -> SlotState {
        match slot {
            Slot::Transaction(slot) => self.transactions.get(slot).map(|transaction| SlotState::Transaction {
                phase: transaction.phase,
                candidates: transaction.candidates.iter().map(|candidate| candidate.size).sum(),
                frames: 0..0,
            }),
            Slot::Pin(slot) => self.pins.get(slot).map(|&page| SlotState::Pin(page)),
            Slot::Hold(slot) => self.holds.get(slot).map(|&page| SlotState::Hold(page)),
            Slot::Block(slot) => self.blocks.get(slot).map(|block| SlotState::Block {
                order: block.order,
                split: block.split,
                held: block.held,
                base: None,
            }),
        }
        .unwrap_or(SlotState::Empty)
    }
}

fn shown(mapped: Option<&Mapped>) -> PlaceState {
    let Some(&Mapped { access, entry, .. }) = mapped else {
        return PlaceState::Unmapped;
    };
    let entry = match entry {
        Entry::Hole => Shown::Hole,
        Entry::Maps { page, writable, huge, .. } => Shown::Maps { page, writable, huge },
        Entry::Migrating { page, writable, huge } => Shown::Migrating { page, writable, huge },
    };
    PlaceState::Mapped { access, entry }
}
