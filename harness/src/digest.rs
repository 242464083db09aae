//! The digest of a side: one number for all that the oracles compare, kept up to date from what each step touched.
//!
//! A digest is a sum of words: one for each place, page and slot, and one for the facts of the whole machine. A step
//! replaces the words of what it touched. Names of pages are not in it: a page's word is made of its facts, of the places
//! that its reverse map finds, of the places and slots that show it, and of the step at which it was first seen. Two sides
//! with equal digests show the same, up to a collision of 64 bits.

use stalemap_operations::{
    Entry, Observables, Observation, PageToken, PageView, Phase, Place, PlaceState, Scope, Slot, SlotState, Subject,
    Touched,
};

/// Tokens from this one on are not kept in tables: the side is then compared in full.
const TOKENS: usize = 1 << 20;

/// What a side must show so that it has a digest: all that the reference shows.
pub(crate) const NEEDS: Observables = Observables::PLACES
    .and(Observables::STAMPS)
    .and(Observables::EXCLUSIVE)
    .and(Observables::MAPCOUNTS)
    .and(Observables::REFCOUNTS)
    .and(Observables::RMAPS)
    .and(Observables::SLOTS)
    .and(Observables::FREE);

/// A place or slot: its word, and the page that it shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shows {
    word: u64,
    /// The token of the page plus one; 0 for none.
    page: u32,
}

/// A page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct PageWord {
    /// What is in the sum.
    word: u64,
    /// The page's own facts; 0 while it is not live.
    facts: u64,
    /// The sum of the words of the places and slots that show it.
    shown: u64,
    /// The step at which it was first seen, from 1; 0 while it is not live.
    since: u32,
}

/// The digest of one side.
#[derive(Clone, Debug, Default)]
pub(crate) struct SideDigest {
    sum: u64,
    /// By space × pages + page.
    places: Vec<Shows>,
    pages: Vec<PageWord>,
    slots: [Shows; Slot::COUNT],
    machine: u64,
    /// Virtual pages of a space.
    width: usize,
    step: u32,
    touched: Touched,
    scope: Scope,
    seen: Observation,
}

impl SideDigest {
    /// A digest of a side at its start.
    pub(crate) fn new(spaces: u32, pages: u32) -> SideDigest {
        let width = pages as usize;
        let scope = Scope { is_exact: true, ..Scope::default() };
        SideDigest { places: vec![Shows::default(); spaces as usize * width], width, scope, ..SideDigest::default() }
    }

    /// Back to the start: nothing is mapped, in use or live.
    pub(crate) fn reset(&mut self) {
        self.sum = 0;
        self.places.fill(Shows::default());
        self.pages.clear();
        self.slots = [Shows::default(); Slot::COUNT];
        self.machine = 0;
        self.step = 0;
        self.touched.clear();
    }

    /// Takes in what the last operation of the side touched; whether it was anything. `None` where the side cannot tell.
    #[inline]
    pub(crate) fn gather(&mut self, side: &mut impl Subject) -> Option<bool> {
        self.step += 1;
        self.touched.clear();
        if !side.touched(&mut self.touched) {
            return None;
        }
        Some(!self.touched.is_empty())
    }

    /// Looks at what was gathered and replaces its words. `false` where the side names its pages by numbers that are too
    /// large to be kept in tables.
    #[inline(never)]
    pub(crate) fn update(&mut self, side: &impl Subject) -> bool {
        let Touched { places, pages, slots } = &mut self.touched;
        std::mem::swap(&mut self.scope.places, places);
        std::mem::swap(&mut self.scope.pages, pages);
        std::mem::swap(&mut self.scope.slots, slots);
        side.observe(&self.scope, &mut self.seen);
        let seen = std::mem::take(&mut self.seen);
        let updated = self.replace(&seen);
        self.seen = seen;
        updated.is_some()
    }

    /// Looks at the facts of the whole machine; whether they are others than after the last look.
    #[inline]
    pub(crate) fn update_machine(&mut self, side: &impl Subject) -> bool {
        self.scope.places.clear();
        self.scope.pages.clear();
        self.scope.slots.clear();
        side.observe(&self.scope, &mut self.seen);
        let machine = machine_word(&self.seen);
        std::mem::replace(&mut self.machine, machine) != machine
    }

    /// The number.
    #[inline]
    pub(crate) fn value(&self) -> u64 {
        self.sum.wrapping_add(self.machine)
    }

    /// What the last update looked at, and which pages.
    #[inline]
    pub(crate) fn seen(&self) -> (&Observation, &[PageToken]) {
        (&self.seen, &self.scope.pages)
    }

    fn replace(&mut self, seen: &Observation) -> Option<()> {
        self.machine = machine_word(seen);
        // A page that is not seen again is not live any more; places may still show it.
        for index in 0..self.scope.pages.len() {
            self.page(self.scope.pages[index])?.facts = 0;
        }
        for view in &seen.places {
            let index = view.place.space.index() * self.width + view.place.page.index();
            let now = Shows { word: place_word(view.place, view.state), page: shown(view.state.page()) };
            let before = std::mem::replace(&mut self.places[index], now);
            self.exchange(before, now, place_sum(view.place))?;
        }
        for (slot, state) in &seen.slots {
            let now = Shows { word: slot_word(*slot, state), page: shown(state.page()) };
            let before = std::mem::replace(&mut self.slots[slot.index()], now);
            self.exchange(before, now, mix(SHOWN_SLOT ^ slot.index() as u64))?;
        }
        let step = self.step;
        for view in &seen.pages {
            let page = self.page(view.token)?;
            if page.since == 0 {
                page.since = step;
            }
            page.facts = page_facts(view, seen, page.since);
            self.settle(view.token);
        }
        for index in 0..self.scope.pages.len() {
            self.settle(self.scope.pages[index]);
        }
        Some(())
    }

    /// A place or slot shows something else; `by` is what it adds to the page that it shows.
    #[inline]
    fn exchange(&mut self, before: Shows, now: Shows, by: u64) -> Option<()> {
        self.sum = self.sum.wrapping_sub(before.word).wrapping_add(now.word);
        if before.page == now.page {
            return Some(());
        }
        for (page, by) in [(before.page, by.wrapping_neg()), (now.page, by)] {
            if let Some(token) = page.checked_sub(1) {
                let page = self.page(PageToken(token))?;
                page.shown = page.shown.wrapping_add(by);
                self.settle(PageToken(token));
            }
        }
        Some(())
    }

    /// Makes the page's word anew.
    #[inline]
    fn settle(&mut self, token: PageToken) {
        let page = &mut self.pages[token.0 as usize];
        if page.facts == 0 {
            page.since = 0;
        }
        let word = if page.facts == 0 && page.shown == 0 { 0 } else { mix(page.facts ^ mix(page.shown)) };
        self.sum = self.sum.wrapping_sub(page.word).wrapping_add(word);
        page.word = word;
    }

    #[inline]
    fn page(&mut self, token: PageToken) -> Option<&mut PageWord> {
        let index = token.0 as usize;
        if index >= self.pages.len() {
            if index >= TOKENS {
                return None;
            }
            self.pages.resize(index + 1, PageWord::default());
        }
        Some(&mut self.pages[index])
    }
}

/// What sorts of words begin with, so that no word of one sort is one of another.
const PLACE: u64 = 1 << 60;
const SHOWN_PLACE: u64 = 2 << 60;
const SLOT: u64 = 3 << 60;
const SHOWN_SLOT: u64 = 4 << 60;
const PAGE: u64 = 5 << 60;
const MACHINE: u64 = 6 << 60;

/// The token of a page plus one; 0 for none. A token that no page has is none: the word of what shows it says so.
#[inline]
fn shown(page: Option<PageToken>) -> u32 {
    page.map_or(0, |page| page.0.wrapping_add(1))
}

/// What a place adds to the page that it shows, and to the page whose reverse map finds it.
#[inline]
fn place_sum(place: Place) -> u64 {
    mix(SHOWN_PLACE ^ u64::from(place.space.0) << 32 ^ u64::from(place.page.0))
}

/// Access, entry and writable bit of a place; 0 where it is unmapped, as at the start.
#[inline]
fn place_word(place: Place, state: PlaceState) -> u64 {
    let PlaceState::Mapped { access, entry } = state else {
        return 0;
    };
    let (kind, writable) = match entry {
        Entry::Hole => (0, false),
        Entry::Maps { writable, .. } => (1, writable),
        Entry::Migrating { writable, .. } => (2, writable),
    };
    let is_unknown = entry.page() == Some(PageToken(u32::MAX));
    let state = (access as u64) << 4 | kind << 2 | u64::from(writable) << 1 | u64::from(is_unknown);
    mix(PLACE ^ u64::from(place.space.0) << 40 ^ u64::from(place.page.0) << 8 ^ state)
}

/// Home, stamp, exclusivity, counts, reverse map and age of a page; not 0.
#[inline]
fn page_facts(view: &PageView, seen: &Observation, since: u32) -> u64 {
    let rmap = seen.rmap(view).iter().fold(0_u64, |sum, &place| sum.wrapping_add(place_sum(place)));
    let home = view.home.index() as u64;
    let facts =
        PAGE ^ u64::from(view.mapcount) << 16 ^ u64::from(view.stamp.0) << 4 ^ home << 1 ^ u64::from(view.exclusive);
    let counts = u64::from(view.refcount) << 32 ^ u64::from(since);
    mix(mix(facts) ^ mix(counts).rotate_left(1) ^ rmap) | 1
}

/// What a slot holds, without the page; 0 where it is empty, as at the start.
fn slot_word(slot: Slot, state: &SlotState) -> u64 {
    let held = match state {
        SlotState::Empty => return 0,
        SlotState::Pin(_) => 1,
        SlotState::Hold(_) => 2,
        SlotState::Transaction { phase, candidates, .. } => {
            let phase = match phase {
                Phase::Collected => 0,
                Phase::Copied => 1,
                Phase::Moved => 2,
            };
            3 | phase << 3 | u64::from(*candidates) << 8
        }
        SlotState::Block { order, split, held, .. } => {
            4 | u64::from(*split) << 3 | u64::from(order.0) << 4 | u64::from(*held) << 8
        }
    };
    mix(mix(SLOT ^ slot.index() as u64) ^ held)
}

/// Which spaces are alive and locked, and how many frames are free.
#[inline]
fn machine_word(seen: &Observation) -> u64 {
    let [ram, first, second] = seen.free.map(u64::from);
    let free = mix(MACHINE ^ ram << 32 ^ first) ^ second;
    mix(mix(free) ^ seen.alive).wrapping_add(mix(!seen.locked))
}

/// Mixes the bits of a word (the finalizer of SplitMix64: Steele, Lea, Flood, 2014).
#[inline]
fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests;
