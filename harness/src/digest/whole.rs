//! Whether all that a side shows is what it told step by step: then two sides whose digests were equal show the same.

use stalemap_operations::{
    Counts, FrameToken, Home, Observation, PageFacts, PageToken, Place, PlaceState, Slot, SlotState, Space, Subject,
    Visitor,
};

use super::words::{page_state, place_sum};
use super::{Shows, SideDigest, Words, lists};

/// Everything of a side, held against its words. It comes in ascending order: then nothing comes twice.
struct Whole<'a> {
    words: &'a Words,
    /// What comes next of places, slots and pages is not before these.
    next: [usize; 3],
    /// How many came of each, and how many spaces are alive and locked.
    count: [usize; 4],
    is_known: bool,
}

impl SideDigest {
    /// Whether a side shows what it told, and nothing else; none where it does not hand over everything.
    pub(crate) fn knows(&self, side: &impl Subject) -> Option<bool> {
        let mut hands_over = false;
        let known = self.words.knows(|whole| hands_over = side.show_everything(whole));
        hands_over.then_some(known.is_some())
    }

    /// Whether this, which was observed of everything of a side, is what it told.
    pub(crate) fn knows_observed(&self, seen: &Observation) -> bool {
        let machine = u32::try_from(self.words.spaces.len()).expect("fewer than 2^32 spaces");
        // None but those of the machine.
        let spaces = [&seen.alive, &seen.locked].map(|set| set.words().map(u64::count_ones).sum::<u32>());
        self.words.knows(|whole| lists::hand_over(seen, machine, whole)) == Some(spaces.iter().sum::<u32>() as usize)
    }
}

impl Words {
    /// Whether what is handed over is what was told, and nothing else: how many spaces are then alive and locked.
    fn knows(&self, hand_over: impl FnOnce(&mut Whole<'_>)) -> Option<usize> {
        let mut whole = Whole { words: self, next: [0; 3], count: [0; 4], is_known: true };
        hand_over(&mut whole);
        (whole.is_known && whole.count == self.count()).then_some(whole.count[3])
    }

    /// How many places are mapped, slots filled, pages live, and spaces alive and locked.
    fn count(&self) -> [usize; 4] {
        let shown = |all: &[Shows]| all.iter().filter(|shows| shows.state != 0).count();
        let live = self.pages.iter().filter(|page| page.state != 0).count();
        let spaces = self.spaces.iter().map(|state| usize::from(state & 1) + usize::from(state >> 1)).sum();
        [shown(&self.places), shown(&self.slots), live, spaces]
    }
}

impl Whole<'_> {
    #[inline]
    fn comes(&mut self, sort: usize, index: usize, is_known: bool) {
        self.is_known &= is_known && index >= self.next[sort];
        self.next[sort] = index + 1;
        self.count[sort] += 1;
    }
}

impl Visitor for Whole<'_> {
    #[inline]
    fn place(&mut self, place: Place, state: PlaceState) {
        let index = place.space.index() * self.words.width + place.page.index();
        let is_known = self.words.places.get(index) == Some(&Shows::at_place(state));
        self.comes(0, index, is_known && place.page.index() < self.words.width);
    }

    #[inline]
    fn slot(&mut self, slot: Slot, state: SlotState, frames: impl Iterator<Item = FrameToken>) {
        let is_known = self.words.slots[slot.index()] == Shows::in_slot(&state);
        let has_frames = self.words.owners.as_ref().is_none_or(|owners| owners.has_slot(slot, &state, frames));
        self.comes(1, slot.index(), is_known && has_frames);
    }

    #[inline]
    fn page<R: Iterator<Item = Place>>(&mut self, token: PageToken, facts: impl FnOnce() -> Option<PageFacts<R>>) {
        let index = token.0 as usize;
        let (Some(known), Some(facts)) = (self.words.pages.get(index), facts()) else {
            self.is_known = false;
            return;
        };
        let PageFacts { home, stamp, exclusive, counts, frame, folio } = facts;
        let is_counted_so = match counts {
            Counts::Stored { mapcount, refcount, rmap } => {
                let found = rmap.fold(0, |sum: u64, place| sum.wrapping_add(place_sum(place)));
                !known.is_counted && known.counts == [mapcount, refcount] && known.found == found
            }
            Counts::Counted { references } => known.is_counted && known.counts == [0, references],
        };
        let is_known = known.state == page_state(home, stamp, exclusive) && is_counted_so;
        let has_frame = self.words.owners.as_ref().is_none_or(|owners| owners.has_page(token, frame));
        self.comes(2, index, is_known && has_frame && self.words.folios.has_page(token, folio));
    }

    #[inline]
    fn space(&mut self, space: Space, is_alive: bool, is_locked: bool) {
        self.is_known &= self.words.spaces[space.index()] == super::space_state(is_alive, is_locked);
        self.count[3] += usize::from(is_alive) + usize::from(is_locked);
    }

    #[inline]
    fn free(&mut self, free: [u32; Home::LIMIT]) {
        self.is_known &= self.words.free == free;
    }
}
