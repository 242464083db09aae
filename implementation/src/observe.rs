//! What the implementation shows of itself: read from entries, descriptors and slots, never recounted.

use stalemap_operations::{
    Counts, Entry, FolioView, FrameToken, Observation, PageFacts, PageToken, PageView, Place, PlaceState, PlaceView,
    Scope, Slot, SlotState, Space, Visitor,
};

use crate::frames::Frame;
use crate::implementation::Implementation;
use crate::migration::transaction::Transaction;
use crate::paging::PteView;

impl Implementation {
    pub(crate) fn show(&self, scope: &Scope, into: &mut Observation) {
        into.clear();
        into.free = self.free_frames();
        self.show_spaces(into);
        if scope.everything {
            self.list_everything(into);
            return;
        }
        for &place in &scope.places {
            into.places.push(PlaceView { place, state: self.place_state(place) });
        }
        for &slot in &scope.slots {
            self.show_slot(slot, into);
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

    /// Hands over what the last operation touched.
    #[inline(never)]
    pub(crate) fn tell(&self, visitor: &mut impl Visitor) {
        for &place in &self.notes.touched.places {
            visitor.place(place, self.place_state(place));
        }
        for &slot in &self.notes.touched.slots {
            visitor.slot(slot, self.slot_state(slot), self.bare_frames(slot));
        }
        for &token in &self.notes.touched.pages {
            visitor.page(token, || self.identities.frame(token).map(|frame| self.page_facts(frame)));
        }
        if self.notes.is_marked() {
            self.tell_large(visitor);
        }
        if let Some(space) = self.notes.space {
            let state = &self.spaces[space.index()];
            visitor.space(space, state.alive, state.locks > 0);
        }
        visitor.free(self.free_frames());
    }

    /// Hands over everything in ascending order.
    pub(crate) fn tell_everything(&self, visitor: &mut impl Visitor) {
        for space in (0..self.machine.spaces()).map(Space) {
            for place in self.tables.mapped(space) {
                visitor.place(place, self.place_state(place));
            }
        }
        for slot in Slot::all().filter(|&slot| !self.is_empty(slot)) {
            visitor.slot(slot, self.slot_state(slot), self.bare_frames(slot));
        }
        for (token, frame) in self.identities.live() {
            visitor.page(token, || Some(self.page_facts(frame)));
        }
        for (space, state) in (0..).map(Space).zip(&self.spaces) {
            visitor.space(space, state.alive, state.locks > 0);
        }
        visitor.free(self.free_frames());
    }

    /// Hands over the places and pages that were noted with their group or folio.
    #[inline(never)]
    fn tell_large(&self, visitor: &mut impl Visitor) {
        for place in self.notes.groups.iter().flat_map(|&first| self.group_places(first)) {
            visitor.place(place, self.place_state(place));
        }
        for frame in self.notes.folios.iter().flat_map(|&head| self.frames_of_page(head)) {
            visitor.page(self.token_of(frame), || Some(self.page_facts(frame)));
        }
    }

    /// Names each place and page that was noted with its group or folio.
    pub(crate) fn expand_notes(&mut self) {
        for first in core::mem::take(&mut self.notes.groups) {
            self.notes.touched.places.extend(self.group_places(first));
        }
        for head in core::mem::take(&mut self.notes.folios) {
            for frame in self.frames_of_page(head) {
                self.notes.page(&self.frames.memmap[frame]);
            }
        }
    }

    /// The frames of the folio of a page that was the head of one; none if it has ended.
    fn frames_of_page(&self, head: PageToken) -> impl Iterator<Item = Frame> + use<> {
        let frame = self.identities.frame(head).filter(|&frame| !self.frames.memmap[frame].is_tail());
        frame.map(|frame| self.frames.memmap.folio_frames(frame)).into_iter().flatten()
    }

    /// The large folio that the page in this frame is a page of.
    #[inline]
    fn folio_view(&self, frame: Frame) -> Option<FolioView> {
        let memmap = &self.frames.memmap;
        if !memmap[frame].is_large() {
            return None;
        }
        let head = memmap.head(frame);
        let mapcount = memmap.folio_mapcount(head);
        Some(FolioView { head: self.token_of(head), index: frame.0 - head.0, mapcount })
    }

    #[inline(always)]
    fn page_facts(&self, frame: Frame) -> PageFacts<impl Iterator<Item = Place> + '_> {
        let memmap = &self.frames.memmap;
        PageFacts {
            home: memmap.home(frame),
            stamp: memmap.content(frame),
            exclusive: memmap.is_exclusive(frame),
            counts: Counts::Stored {
                mapcount: memmap.page_mapcount(frame),
                refcount: memmap.folio(frame).refcount(),
                rmap: self.places_of(frame),
            },
            frame: Some(memmap.token(frame)),
            folio: self.folio_view(frame),
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

    fn list_everything(&self, into: &mut Observation) {
        for space in (0..self.machine.spaces()).map(Space) {
            for place in self.tables.mapped(space) {
                into.places.push(PlaceView { place, state: self.place_state(place) });
            }
        }
        for slot in Slot::all().filter(|&slot| !self.is_empty(slot)) {
            self.show_slot(slot, into);
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
        let memmap = &self.frames.memmap;
        let start = into.rmaps.len();
        into.rmaps.extend(self.places_of(frame));
        into.pages.push(PageView {
            token,
            home: memmap.home(frame),
            stamp: memmap.content(frame),
            exclusive: memmap.is_exclusive(frame),
            mapcount: memmap.page_mapcount(frame),
            refcount: memmap.folio(frame).refcount(),
            rmap: start..into.rmaps.len(),
            frame: Some(memmap.token(frame)),
            folio: self.folio_view(frame),
        });
    }

    #[inline(always)]
    fn place_state(&self, place: Place) -> PlaceState {
        let Some((_, access)) = self.tables.mapping(place) else {
            return PlaceState::Unmapped;
        };
        let huge = self.tables.is_huge(place);
        let entry = match self.tables.entry(place) {
            PteView::Hole => Entry::Hole,
            PteView::Present { frame, writable, .. } | PteView::Device { frame, writable } => {
                Entry::Maps { page: self.token_of(frame), writable, huge }
            }
            PteView::Migration { frame, writable } => Entry::Migrating { page: self.token_of(frame), writable, huge },
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

    fn show_slot(&self, slot: Slot, into: &mut Observation) {
        let mut state = self.slot_state(slot);
        if let SlotState::Transaction { frames, .. } = &mut state {
            let start = into.frames.len();
            into.frames.extend(self.bare_frames(slot));
            *frames = start..into.frames.len();
        }
        into.slots.push((slot, state));
    }

    /// The frames that the transaction in a slot has beside those of living pages.
    fn bare_frames(&self, slot: Slot) -> impl Iterator<Item = FrameToken> + '_ {
        let transaction = match slot {
            Slot::Transaction(slot) => Some(&self.transactions[slot.index()]),
            Slot::Pin(_) | Slot::Hold(_) | Slot::Block(_) => None,
        };
        let bare = transaction.into_iter().flat_map(Transaction::all_bare_frames);
        bare.flat_map(|frame| self.frames.memmap.folio_frames(frame)).map(|frame| self.frames.memmap.token(frame))
    }

    /// What a slot shows; the frames of a transaction apart.
    #[inline]
    fn slot_state(&self, slot: Slot) -> SlotState {
        match slot {
            Slot::Transaction(slot) => {
                let transaction = &self.transactions[slot.index()];
                let state = |phase| SlotState::Transaction { phase, candidates: transaction.count(), frames: 0..0 };
                transaction.open().map_or(SlotState::Empty, |open| state(open.phase))
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
    #[inline]
    fn token_of(&self, frame: Frame) -> PageToken {
        self.frames.memmap[frame].identity().map_or(PageToken(u32::MAX), PageToken)
    }
}

#[cfg(test)]
mod tests;
