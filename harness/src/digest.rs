//! The digest of a side: one number for all that the oracles compare, kept up to date from what each step touched.
//!
//! A digest is a sum of words: one for each place, page and slot, and one for the facts of the whole machine. A step
//! replaces the words of what it touched. Names of pages are not in it: a page's word is made of its facts, of the places
//! that its reverse map finds, of the places and slots that show it, and of the step at which it was first seen. Two sides
//! with equal digests show the same, up to a collision of 64 bits.

use stalemap_operations::{
    Entry, Home, Observables, Observation, PageToken, PageView, Phase, Place, PlaceState, Scope, Slot, SlotState,
    SpaceSet, Subject, Touched,
};

/// Tokens from this one on are not kept in tables: the side is then compared in full.
const TOKENS: usize = 1 << 20;

/// What a side must show so that it has a digest: all that the reference shows.
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

/// A place or slot: what it shows, and its word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shows {
    word: u64,
    /// Its state without the page, as a small number; 0 at the start.
    state: u32,
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
    /// The sum of what the places and slots add that show it.
    shown: u64,
    /// The step at which it was first seen, from 1; 0 while it is not live.
    since: u32,
    /// The step at which it was touched last.
    step: u32,
}

/// The facts of the whole machine: the spaces that are alive, those that are locked, the free frames at each home.
type MachineFacts = (SpaceSet, SpaceSet, [u32; Home::LIMIT]);

/// The digest of one side.
#[derive(Clone, Debug, Default)]
pub(crate) struct SideDigest {
    words: Words,
    touched: Touched,
    scope: Scope,
    seen: Observation,
}

/// The words of places, pages and slots, and their sum.
#[derive(Clone, Debug, Default)]
struct Words {
    sum: u64,
    /// Nothing but zeros before the first look.
    machine: MachineFacts,
    machine_word: u64,
    /// By space × pages + page.
    places: Vec<Shows>,
    pages: Vec<PageWord>,
    slots: [Shows; Slot::COUNT],
    /// Virtual pages of a space.
    width: usize,
    step: u32,
}

impl SideDigest {
    /// A digest of a side at its start.
    pub(crate) fn new(spaces: u32, pages: u32) -> SideDigest {
        let width = pages as usize;
        let words = Words { places: vec![Shows::default(); spaces as usize * width], width, ..Words::default() };
        SideDigest { words, scope: Scope { is_exact: true, ..Scope::default() }, ..SideDigest::default() }
    }

    /// Back to the start: nothing is mapped, in use or live.
    pub(crate) fn reset(&mut self) {
        let Words { sum, machine, machine_word, places, pages, slots, step, .. } = &mut self.words;
        (*sum, *machine, *machine_word, *step) = (0, MachineFacts::default(), 0, 0);
        places.fill(Shows::default());
        pages.clear();
        *slots = [Shows::default(); Slot::COUNT];
        self.touched.clear();
    }

    /// Takes in what the last operation of the side touched; whether it was anything. `None` where the side cannot tell.
    #[inline]
    pub(crate) fn gather(&mut self, side: &mut impl Subject) -> Option<bool> {
        self.words.step += 1;
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
        let Some(()) = self.words.choose(&mut self.touched, &mut self.scope) else {
            return false;
        };
        side.observe(&self.scope, &mut self.seen);
        self.words.replace(&self.scope, &self.seen).is_some()
    }

    /// Looks at the facts of the whole machine; whether they are others than after the last look.
    #[inline]
    pub(crate) fn update_machine(&mut self, side: &impl Subject) -> bool {
        let Scope { places, pages, slots, .. } = &mut self.scope;
        places.clear();
        pages.clear();
        slots.clear();
        side.observe(&self.scope, &mut self.seen);
        self.words.replace_machine(&self.seen)
    }

    /// The number.
    #[inline]
    pub(crate) fn value(&self) -> u64 {
        self.words.sum.wrapping_add(self.words.machine_word)
    }

    /// What the last update looked at, and which pages.
    #[inline]
    pub(crate) fn seen(&self) -> (&Observation, &[PageToken]) {
        (&self.seen, &self.scope.pages)
    }
}

impl Words {
    /// Puts what was touched into the scope. Pages are looked at once, since many are named several times and a look at
    /// one costs much; a second look at a place or slot finds that nothing differs.
    #[inline]
    fn choose(&mut self, touched: &mut Touched, scope: &mut Scope) -> Option<()> {
        let step = self.step;
        let Scope { places, pages, slots, .. } = scope;
        std::mem::swap(places, &mut touched.places);
        std::mem::swap(slots, &mut touched.slots);
        pages.clear();
        for &token in &touched.pages {
            let page = self.page(token)?;
            if std::mem::replace(&mut page.step, step) != step {
                // One that is not seen again is not live any more; places may still show it.
                page.facts = 0;
                pages.push(token);
            }
        }
        Some(())
    }

    /// Replaces the facts of the machine; whether they are others.
    #[inline]
    fn replace_machine(&mut self, seen: &Observation) -> bool {
        let (alive, locked, free) = &mut self.machine;
        let is_other = *free != seen.free || *alive != seen.alive || *locked != seen.locked;
        if is_other {
            alive.clone_from(&seen.alive);
            locked.clone_from(&seen.locked);
            *free = seen.free;
            self.machine_word = machine_word(&self.machine);
        }
        is_other
    }

    #[inline]
    fn replace(&mut self, scope: &Scope, seen: &Observation) -> Option<()> {
        self.replace_machine(seen);
        for view in &seen.places {
            let index = self.index(view.place);
            let (state, page) = (place_state(view.state), shown(view.state.page()));
            let before = self.places[index];
            if (before.state, before.page) != (state, page) {
                let now = Shows { word: place_word(view.place, state), state, page };
                self.places[index] = now;
                self.exchange(before, now, || place_sum(view.place))?;
            }
        }
        for (slot, held) in &seen.slots {
            let (state, page) = (slot_state(held), shown(held.page()));
            let before = self.slots[slot.index()];
            if (before.state, before.page) != (state, page) {
                let now = Shows { word: slot_word(*slot, state), state, page };
                self.slots[slot.index()] = now;
                self.exchange(before, now, || mix(SHOWN_SLOT ^ slot.index() as u64))?;
            }
        }
        let step = self.step;
        for view in &seen.pages {
            let page = self.page(view.token)?;
            if page.since == 0 {
                page.since = step;
            }
            page.facts = page_facts(view, seen, page.since);
            if page.step != step {
                self.pages[view.token.0 as usize].settle(&mut self.sum);
            }
        }
        // Those that have ended are not among the seen ones.
        for &token in &scope.pages {
            self.pages[token.0 as usize].settle(&mut self.sum);
        }
        Some(())
    }

    /// A place or slot shows something else; `by` is what it adds to the page that it shows.
    #[inline]
    fn exchange(&mut self, before: Shows, now: Shows, by: impl FnOnce() -> u64) -> Option<()> {
        self.sum = self.sum.wrapping_sub(before.word).wrapping_add(now.word);
        if before.page != now.page {
            let by = by();
            self.show(before.page, by.wrapping_neg())?;
            self.show(now.page, by)?;
        }
        Some(())
    }

    /// Adds to what shows a page. One that was touched gets its word at the end of the update.
    #[inline]
    fn show(&mut self, page: u32, by: u64) -> Option<()> {
        if let Some(token) = page.checked_sub(1).map(PageToken) {
            let step = self.step;
            let page = self.page(token)?;
            page.shown = page.shown.wrapping_add(by);
            if page.step != step {
                self.pages[token.0 as usize].settle(&mut self.sum);
            }
        }
        Some(())
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

    #[inline]
    fn index(&self, place: Place) -> usize {
        place.space.index() * self.width + place.page.index()
    }
}

impl PageWord {
    /// Makes the page's word anew and replaces it in the sum. One that is neither live nor shown has none: its word is 0.
    #[inline]
    fn settle(&mut self, sum: &mut u64) {
        if self.facts == 0 {
            self.since = 0;
        }
        let word = mix(self.facts.wrapping_add(self.shown.wrapping_mul(KEYS[3])));
        *sum = sum.wrapping_sub(self.word).wrapping_add(word);
        self.word = word;
    }
}

/// What several numbers of one word are multiplied by before they are added up (multilinear hashing: Lemire and Kaser,
/// Strongly universal string hashing is fast, 2014). Odd numbers without a pattern: the first outputs of SplitMix64 from
/// seed 0.
const KEYS: [u64; 5] = {
    let mut keys = [0; 5];
    let mut i = 0;
    while i < keys.len() {
        keys[i] = mix((i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1;
        i += 1;
    }
    keys
};

/// What sorts of words begin with, so that no word of one sort is one of another.
const PLACE: u64 = 1 << 60;
const SHOWN_PLACE: u64 = 2 << 60;
const SLOT: u64 = 3 << 60;
const SHOWN_SLOT: u64 = 4 << 60;
const MACHINE: u64 = 6 << 60;
const PAGE: u64 = 5 << 60;

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

/// Access, entry and writable bit of a place as a number; 0 where it is unmapped.
#[inline]
fn place_state(state: PlaceState) -> u32 {
    let PlaceState::Mapped { access, entry } = state else {
        return 0;
    };
    let (kind, writable) = match entry {
        Entry::Hole => (0, false),
        Entry::Maps { writable, .. } => (1, writable),
        Entry::Migrating { writable, .. } => (2, writable),
    };
    let is_unknown = entry.page() == Some(PageToken(u32::MAX));
    1 << 6 | (access as u32) << 4 | kind << 2 | u32::from(writable) << 1 | u32::from(is_unknown)
}

/// The word of a place in a state; 0 for an unmapped one.
#[inline]
fn place_word(place: Place, state: u32) -> u64 {
    if state == 0 {
        return 0;
    }
    mix(PLACE ^ u64::from(place.space.0) << 40 ^ u64::from(place.page.0) << 8 ^ u64::from(state))
}

/// Home, stamp, exclusivity, counts, reverse map and age of a page; not 0.
#[inline]
fn page_facts(view: &PageView, seen: &Observation, since: u32) -> u64 {
    let rmap = seen.rmap(view).iter().fold(0_u64, |sum, &place| sum.wrapping_add(place_sum(place)));
    let home = view.home.index() as u64;
    let facts =
        PAGE ^ u64::from(view.mapcount) << 16 ^ u64::from(view.stamp.0) << 4 ^ home << 1 ^ u64::from(view.exclusive);
    let counts = u64::from(view.refcount) << 32 ^ u64::from(since);
    linear([facts, counts, rmap]) | 1
}

/// What a slot holds, without the page, as a number; 0 where it is empty.
fn slot_state(held: &SlotState) -> u32 {
    match held {
        SlotState::Empty => 0,
        SlotState::Pin(_) => 1,
        SlotState::Hold(_) => 2,
        SlotState::Transaction { phase, candidates, .. } => {
            let phase = match phase {
                Phase::Collected => 0,
                Phase::Copied => 1,
                Phase::Moved => 2,
            };
            3 | phase << 3 | candidates << 5
        }
        SlotState::Block { order, split, held, .. } => 4 | u32::from(*split) << 3 | order.0 << 4 | held << 8,
    }
}

/// The word of a slot in a state; 0 for an empty one.
fn slot_word(slot: Slot, state: u32) -> u64 {
    if state == 0 { 0 } else { mix(mix(SLOT ^ slot.index() as u64) ^ u64::from(state)) }
}

/// The word of the facts of the whole machine; 0 for nothing but zeros.
fn machine_word((alive, locked, [ram, first, second]): &MachineFacts) -> u64 {
    let [mut alive, mut locked] = [alive.words(), locked.words()];
    let [first_alive, first_locked] = [&mut alive, &mut locked].map(|words| words.next().unwrap_or(0));
    let word = mix(linear([first_alive, first_locked, (*ram).into(), (*first).into(), (*second).into()]));
    // Only a machine of more than 64 spaces has further words.
    let words = (0..).step_by(2).zip(alive).chain((1..).step_by(2).zip(locked));
    words.fold(word, |sum, (index, bits)| sum.wrapping_add(mix(mix(MACHINE ^ index) ^ bits)))
}

/// The sum of the numbers, each times its key.
#[inline]
fn linear<const N: usize>(numbers: [u64; N]) -> u64 {
    numbers.iter().zip(KEYS).fold(0, |sum, (number, key)| sum.wrapping_add(number.wrapping_mul(key)))
}

/// Mixes the bits of a word (the finalizer of SplitMix64: Steele, Lea, Flood, 2014).
#[inline]
const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests;
