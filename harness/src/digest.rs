//! The digest of a side: one number for all that the oracles compare, kept up to date from what each step touched.
//!
//! A digest is a sum of words: one for each place, page, slot and space, and one for the free frames. A step replaces the
//! words of what it touched. Names of pages are not in it: a page's word is made of its facts, of the places that its
//! reverse map finds, of the places and slots that show it, and of the step at which it was first seen. Two sides with
//! equal digests show the same, up to a collision of 64 bits.

mod folios;
mod lists;
mod whole;
mod words;

use stalemap_operations::{
    Counts, FrameToken, Home, Machine, Observables, PageFacts, PageToken, Place, PlaceState, Slot, SlotState, Space,
    Subject, VirtualPage, Visitor,
};

use crate::mismatch::Mismatch;
use crate::oracle;
use crate::oracle::owners::{FrameRules, Owners};
use folios::Folios;
use lists::Lists;
use words::{
    MAPS, entry, free_word, page_state, page_word, place_state, place_sum, shown, slot_state, slot_sum, space_word,
};

/// Tokens from this one on are not kept in tables: the side is then compared in full.
const TOKENS: usize = 1 << 20;

/// What a side must show so that it has a digest: all that the reference shows. Folios must be known
/// ([`Capabilities::known`](stalemap_operations::Capabilities::known)): a subject that has none shows none.
pub(crate) const NEEDS: Observables = Observables::PLACES
    .and(Observables::WRITABLE)
    .and(Observables::SPACES)
    .and(Observables::STAMPS)
    .and(Observables::EXCLUSIVE)
    .and(Observables::MAPCOUNTS)
    .and(Observables::REFCOUNTS)
    .and(Observables::RMAPS)
    .and(Observables::SLOTS)
    .and(Observables::FREE);

/// A place or slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shows {
    /// Its state without the page, as a small number; 0 at the start.
    state: u32,
    /// The token of the page plus one; 0 for none.
    page: u32,
}

impl Shows {
    #[inline(always)]
    fn at_place(state: PlaceState) -> Shows {
        Shows { state: place_state(state), page: shown(state.page()) }
    }

    #[inline]
    fn in_slot(held: &SlotState) -> Shows {
        Shows { state: slot_state(held), page: shown(held.page()) }
    }
}

/// A page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct PageWord {
    /// What is in the sum.
    word: u64,
    /// The sum of the places that its reverse map finds; not where these are counted.
    found: u64,
    /// The sum of the places with an entry that maps it, and how many they are.
    mapped: u64,
    maps: u32,
    /// The page's own facts; 0 while it is not live.
    state: u64,
    /// The sum of what else shows it.
    others: u64,
    /// Mapcount and refcount; where they are counted 0 and the references that are not entries.
    counts: [u32; 2],
    is_counted: bool,
    /// The step at which it was first seen, from 1; 0 while it is not live.
    since: u32,
    /// The step at which it was told of last, and the last step with a change of its word.
    told: u32,
    due: u32,
}

/// The digest of one side.
#[derive(Clone, Debug)]
pub(crate) struct SideDigest {
    words: Words,
    lists: Lists,
}

/// The words of a side, and their sum.
#[derive(Clone, Debug)]
struct Words {
    sum: u64,
    /// By space × pages + page.
    places: Vec<Shows>,
    /// The number of each place.
    sums: Vec<u64>,
    pages: Vec<PageWord>,
    folios: Folios,
    slots: [Shows; Slot::COUNT],
    /// By space; bit 0 for one that is alive, bit 1 for a locked one.
    spaces: Vec<u8>,
    free: [u32; Home::LIMIT],
    free_word: u64,
    /// Pages whose words are made anew at the end of the step.
    due: Vec<PageToken>,
    /// Of its frames; none of the reference, which has no frames.
    owners: Option<Owners>,
    /// Virtual pages of a space.
    width: usize,
    step: u32,
    /// Whether a token was too large to be kept in tables.
    is_beyond: bool,
}

impl SideDigest {
    /// A digest of a side at its start, with so many free frames at each home. The rules are of the frames that it shows, if it
    /// shows some.
    pub(crate) fn new(machine: &Machine, rules: Option<FrameRules<'_>>, capacity: [u32; Home::LIMIT]) -> SideDigest {
        let (spaces, width) = (machine.spaces() as usize, machine.pages() as usize);
        let words = Words {
            sum: 0,
            places: vec![Shows::default(); spaces * width],
            sums: places(machine).map(place_sum).collect(),
            pages: Vec::new(),
            folios: Folios::default(),
            slots: [Shows::default(); Slot::COUNT],
            spaces: vec![0; spaces],
            free: capacity,
            free_word: free_word(capacity),
            due: Vec::new(),
            owners: rules.map(Owners::new),
            width,
            step: 0,
            is_beyond: false,
        };
        let mut digest = SideDigest { words, lists: Lists::new(machine.spaces()) };
        digest.words.space(Space(0), true, false);
        digest
    }

    /// Back to the start: `s0` is alive, nothing is mapped, in use or live.
    pub(crate) fn reset(&mut self, capacity: [u32; Home::LIMIT]) {
        let words = &mut self.words;
        (words.sum, words.step, words.is_beyond) = (0, 0, false);
        words.places.fill(Shows::default());
        words.pages.clear();
        words.folios.clear();
        words.slots = [Shows::default(); Slot::COUNT];
        words.spaces.fill(0);
        words.due.clear();
        words.owners.iter_mut().for_each(Owners::clear);
        words.space(Space(0), true, false);
        words.free(capacity);
    }

    /// Looks at what the last operation of the side touched and replaces its words. `None` where the side cannot tell what
    /// it is, or names its pages by numbers that are too large to be kept in tables.
    #[inline]
    pub(crate) fn update(&mut self, side: &mut impl Subject) -> Option<()> {
        let SideDigest { words, lists } = self;
        words.step += 1;
        if !side.show_touched(words) {
            lists.look(side, words)?;
        }
        if !words.due.is_empty() {
            words.settle();
        }
        if words.is_beyond { None } else { Some(()) }
    }

    /// The number.
    #[inline]
    pub(crate) fn value(&self) -> u64 {
        self.words.sum.wrapping_add(self.words.free_word)
    }

    /// Whether the frames that were shown have one owner each, at the right home and within it.
    #[inline]
    pub(crate) fn has_frames_apart(&mut self) -> bool {
        self.words.owners.as_mut().is_none_or(Owners::are_apart)
    }

    /// The first frame that was shown and is wrong.
    pub(crate) fn check_frames(&mut self) -> Result<(), Mismatch> {
        self.words.owners.as_mut().map_or(Ok(()), oracle::check_frames)
    }
}

impl Visitor for Words {
    // Where a subject makes the state just before, only its numbers are made.
    #[inline(always)]
    fn place(&mut self, place: Place, state: PlaceState) {
        let index = place.space.index() * self.width + place.page.index();
        let now = Shows::at_place(state);
        let before = std::mem::replace(&mut self.places[index], now);
        if before != now {
            self.exchange(before, now, self.sums[index], entry);
        }
    }

    #[inline]
    fn slot(&mut self, slot: Slot, held: SlotState, frames: impl Iterator<Item = FrameToken>) {
        let now = Shows::in_slot(&held);
        let before = std::mem::replace(&mut self.slots[slot.index()], now);
        if before != now {
            self.exchange(before, now, slot_sum(slot), |_| 0);
        }
        if let (Some(owners), Slot::Transaction(_) | Slot::Block(_)) = (&mut self.owners, slot) {
            owners.slot(slot, &held, frames);
        }
    }

    #[inline]
    fn page<R: Iterator<Item = Place>>(&mut self, token: PageToken, facts: impl FnOnce() -> Option<PageFacts<R>>) {
        let step = self.step;
        let Some(page) = self.due(token) else { return };
        if std::mem::replace(&mut page.told, step) == step {
            return;
        }
        let Some(PageFacts { home, stamp, exclusive, counts, frame, folio }) = facts() else {
            (page.state, page.since, page.counts, page.found, page.is_counted) = (0, 0, [0; 2], 0, false);
            self.folios.page(token, None);
            self.owners.iter_mut().for_each(|owners| owners.end(token));
            return;
        };
        if page.since == 0 {
            page.since = step;
        }
        page.state = page_state(home, stamp, exclusive);
        match counts {
            Counts::Stored { mapcount, refcount, rmap } => {
                page.counts = [mapcount, refcount];
                page.found = rmap.fold(0, |sum: u64, place| sum.wrapping_add(place_sum(place)));
            }
            Counts::Counted { references } => {
                page.is_counted = true;
                page.counts = [0, references];
            }
        }
        self.folios.page(token, folio);
        self.owners.iter_mut().for_each(|owners| owners.page(token, home, frame, folio));
    }

    #[inline]
    fn space(&mut self, space: Space, is_alive: bool, is_locked: bool) {
        let state = space_state(is_alive, is_locked);
        let before = std::mem::replace(&mut self.spaces[space.index()], state);
        if before != state {
            self.sum = self.sum.wrapping_sub(space_word(space, before)).wrapping_add(space_word(space, state));
        }
    }

    #[inline]
    fn free(&mut self, free: [u32; Home::LIMIT]) {
        if self.free != free {
            self.free = free;
            self.free_word = free_word(free);
        }
    }
}

impl Words {
    /// A place or slot shows something else. `sum` is its own number, which its word has as many times as its state says;
    /// `entry` says of a state which sort of entry it is, 0 of one that is none.
    #[inline(always)]
    fn exchange(&mut self, before: Shows, now: Shows, sum: u64, entry: impl Fn(u32) -> u32) {
        let states = u64::from(now.state).wrapping_sub(before.state.into());
        self.sum = self.sum.wrapping_add(sum.wrapping_mul(states));
        let [was, is] = [before, now].map(|shows| entry(shows.state));
        if before.page != now.page || was != is {
            self.hide(before.page, was == MAPS, sum);
            self.show(now.page, is == MAPS, sum);
        }
    }

    /// Adds to what shows a page; `maps` says whether it is an entry that maps it.
    #[inline(always)]
    fn show(&mut self, page: u32, maps: bool, by: u64) {
        let Some(page) = page.checked_sub(1).and_then(|token| self.due(PageToken(token))) else { return };
        if maps {
            page.mapped = page.mapped.wrapping_add(by);
            page.maps += 1;
        } else {
            page.others = page.others.wrapping_add(by);
        }
    }

    /// What no longer shows it.
    #[inline(always)]
    fn hide(&mut self, page: u32, maps: bool, by: u64) {
        let Some(page) = page.checked_sub(1).and_then(|token| self.due(PageToken(token))) else { return };
        if maps {
            page.mapped = page.mapped.wrapping_sub(by);
            page.maps -= 1;
        } else {
            page.others = page.others.wrapping_sub(by);
        }
    }

    /// A page whose word changes in this step; none where its token is too large.
    #[inline(always)]
    fn due(&mut self, token: PageToken) -> Option<&mut PageWord> {
        let index = token.0 as usize;
        if index >= self.pages.len() {
            if index >= TOKENS {
                self.is_beyond = true;
                return None;
            }
            self.pages.resize(index + 1, PageWord::default());
        }
        let page = &mut self.pages[index];
        if std::mem::replace(&mut page.due, self.step) != self.step {
            self.due.push(token);
        }
        Some(page)
    }

    /// Makes the words of the pages anew that changed in this step. One that is neither live nor shown has none: its word
    /// is 0.
    fn settle(&mut self) {
        let Words { due, pages, folios, sum, .. } = self;
        for &token in &*due {
            let page = &mut pages[token.0 as usize];
            let PageWord { found, mapped, maps, state, others, counts: [mapcount, refcount], since, .. } = *page;
            let word = if page.is_counted {
                page_word(state, since, [maps, maps.wrapping_add(refcount)], [mapped, mapped, others])
            } else {
                page_word(state, since, [mapcount, refcount], [found, mapped, others])
            };
            *sum = sum.wrapping_sub(page.word).wrapping_add(word);
            page.word = word;
            if folios.are_known() {
                *sum = sum.wrapping_add(folios.settle(token, word));
            }
        }
        due.clear();
    }
}

/// The places of a machine, space by space.
fn places(machine: &Machine) -> impl Iterator<Item = Place> {
    let pages = machine.pages();
    (0..machine.spaces())
        .map(Space)
        .flat_map(move |space| (0..pages).map(move |page| Place { space, page: VirtualPage(page) }))
}

/// What a space is, as bits.
#[inline]
fn space_state(is_alive: bool, is_locked: bool) -> u8 {
    u8::from(is_alive) | u8::from(is_locked) << 1
}

#[cfg(test)]
mod tests;
