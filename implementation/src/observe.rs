//! What the implementation shows of itself: read from entries, descriptors and slots, never recounted.

use stalemap_operations::{
    Entry, Observation, PageToken, PageView, Place, PlaceState, PlaceView, Scope, Slot, SlotState, Space,
};

use crate::frames::Frame;
use crate::implementation::Implementation;
use crate::paging::PteView;

impl Implementation {
    pub(crate) fn show(&self, scope: &Scope, into: &mut Observation) {
        into.clear();
        into.free = self.free_frames();
        self.show_spaces(into);
        if scope.everything {
            self.show_everything(into);
            return;
        }
        for &place in &scope.places {
            into.places.push(PlaceView { place, state: self.place_state(place) });
        }
        for &slot in &scope.slots {
            let state = self.slot_state(slot, into);
            into.slots.push((slot, state));
        }
        if scope.is_exact {
            for &token in &scope.pages {
                if let Some(frame) = self.identities.frame(token) {
                    self.show_page(token, frame, into);
                }
            }
        } else {
            self.show_seen_pages(scope, into);
        }
    }

    /// Shows the spaces that are alive, and those that are locked.
    #[inline]
    fn show_spaces(&self, into: &mut Observation) {
        for (space, state) in (0..).map(Space).zip(&self.spaces) {
            if state.alive {
                into.alive.insert(space);
            }
            if state.locks > 0 {
                into.locked.insert(space);
            }
        }
    }

    fn show_everything(&self, into: &mut Observation) {
        for space in (0..self.machine.spaces()).map(Space) {
            for place in self.tables.mapped(space) {
                into.places.push(PlaceView { place, state: self.place_state(place) });
            }
        }
        for slot in Slot::all().filter(|&slot| !self.is_empty(slot)) {
            let state = self.slot_state(slot, into);
            into.slots.push((slot, state));
        }
        for (token, frame) in self.identities.live() {
            self.show_page(token, frame, into);
        }
    }

    /// Shows the pages of the scope, and those that the places and slots show which are in `into` already.
    fn show_seen_pages(&self, scope: &Scope, into: &mut Observation) {
        let mut tokens = core::mem::take(&mut into.tokens);
        tokens.clear();
        tokens.extend_from_slice(&scope.pages);
        tokens.extend(into.places.iter().filter_map(|view| view.state.page()));
        tokens.extend(into.slots.iter().filter_map(|(_, state)| state.page()));
        tokens.sort_unstable();
        tokens.dedup();
        for &token in &tokens {
            if let Some(frame) = self.identities.frame(token) {
                self.show_page(token, frame, into);
            }
        }
        into.tokens = tokens;
    }

    fn show_page(&self, token: PageToken, frame: Frame, into: &mut Observation) {
        let page = &self.frames.memmap[frame];
        let start = into.rmaps.len();
        self.places_of(frame, |place| into.rmaps.push(place));
        into.pages.push(PageView {
            token,
            home: self.frames.memmap.home(frame),
            stamp: self.frames.memmap.content(frame),
            exclusive: page.is_exclusive(),
            mapcount: page.mapcount(),
            refcount: page.refcount(),
            rmap: start..into.rmaps.len(),
            frame: Some(self.frames.memmap.token(frame)),
        });
    }

    fn place_state(&self, place: Place) -> PlaceState {
        let Some((_, access)) = self.tables.mapping(place) else {
            return PlaceState::Unmapped;
        };
        let entry = match self.tables.entry(place) {
            PteView::Hole => Entry::Hole,
            PteView::Present { frame, writable, .. } | PteView::Device { frame, writable } => {
                Entry::Maps { page: self.token_of(frame), writable }
            }
            PteView::Migration { frame, writable } => Entry::Migrating { page: self.token_of(frame), writable },
        };
        PlaceState::Mapped { access, entry }
    }

    #[inline]
    fn is_empty(&self, slot: Slot) -> bool {
        match slot {
            Slot::Transaction(slot) => self.transactions[slot.index()].open().is_none(),
            Slot::Pin(slot) => self.pins[slot.index()].is_none(),
            Slot::Hold(slot) => self.holds[slot.index()].is_none(),
            Slot::Block(slot) => self.blocks[slot.index()].is_none(),
        }
    }

    fn slot_state(&self, slot: Slot, into: &mut Observation) -> SlotState {
        match slot {
            Slot::Transaction(slot) => {
                let transaction = &self.transactions[slot.index()];
                let Some(open) = transaction.open() else {
                    return SlotState::Empty;
                };
                let start = into.frames.len();
                let bare = transaction.candidates().iter().filter_map(|candidate| candidate.bare_frame());
                into.frames.extend(bare.map(|frame| self.frames.memmap.token(frame)));
                SlotState::Transaction {
                    phase: open.phase,
                    candidates: transaction.count(),
                    frames: start..into.frames.len(),
                }
            }
            Slot::Pin(slot) => {
                self.pins[slot.index()].map_or(SlotState::Empty, |frame| SlotState::Pin(self.token_of(frame)))
            }
            Slot::Hold(slot) => {
                self.holds[slot.index()].map_or(SlotState::Empty, |frame| SlotState::Hold(self.token_of(frame)))
            }
            Slot::Block(slot) => self.blocks[slot.index()].map_or(SlotState::Empty, |block| SlotState::Block {
                order: block.order,
                split: block.split,
                held: block.held(),
                base: Some(self.frames.memmap.token(block.base)),
            }),
        }
    }

    /// The token of the page that a frame, or an entry that leads to it, is about; one that no page has if there is
    /// no page in it.
    fn token_of(&self, frame: Frame) -> PageToken {
        self.frames.memmap[frame].identity().map_or(PageToken(u32::MAX), PageToken)
    }
}
