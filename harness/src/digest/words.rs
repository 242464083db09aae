//! The words of a digest: how facts become numbers.

use stalemap_operations::{Entry, FolioView, Home, PageToken, Phase, Place, PlaceState, Slot, SlotState, Space, Stamp};

/// What several numbers of one word are multiplied by before they are added up (multilinear hashing: Lemire and Kaser,
/// Strongly universal string hashing is fast, 2014). Odd numbers without a pattern: the first outputs of SplitMix64 from
/// seed 0.
const KEYS: [u64; 6] = {
    let mut keys = [0; 6];
    let mut i = 0;
    while i < keys.len() {
        keys[i] = mix((i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1;
        i += 1;
    }
    keys
};

/// What sorts of words begin with, so that no word of one sort is one of another.
const PLACE: u64 = 1 << 60;
const SLOT: u64 = 2 << 60;
const PAGE: u64 = 3 << 60;
const SPACE: u64 = 4 << 60;
const FOLIO: u64 = 5 << 60;

/// Which bits of a place's state say what its entry is.
const ENTRY: u32 = 3 << 2;
/// What they say of an entry that maps a page.
pub(super) const MAPS: u32 = 1 << 2;

/// The token of a page plus one; 0 for none. A token that no page has is none: the word of what shows it says so.
#[inline]
pub(super) fn shown(page: Option<PageToken>) -> u32 {
    page.map_or(0, |page| page.0.wrapping_add(1))
}

/// The number of a place: what it adds to the page that it shows, and to the page whose reverse map finds it. Its word is this
/// number as many times as its state says (multilinear hashing: the numbers of places are the keys).
#[inline]
pub(super) fn place_sum(place: Place) -> u64 {
    mix(PLACE ^ u64::from(place.space.0) << 32 ^ u64::from(place.page.0))
}

/// The number of a slot, likewise.
#[inline]
pub(super) fn slot_sum(slot: Slot) -> u64 {
    SLOTS[slot.index()]
}

static SLOTS: [u64; Slot::COUNT] = {
    let mut sums = [0; Slot::COUNT];
    let mut index = 0;
    while index < Slot::COUNT {
        sums[index] = mix(SLOT ^ index as u64);
        index += 1;
    }
    sums
};

/// Access, entry, writable bit and whether it is huge of a place as a number; 0 where it is unmapped.
#[inline]
pub(super) fn place_state(state: PlaceState) -> u32 {
    let PlaceState::Mapped { access, entry } = state else {
        return 0;
    };
    let (kind, writable, huge) = match entry {
        Entry::Hole => (0, false, false),
        Entry::Maps { writable, huge, .. } => (MAPS, writable, huge),
        Entry::Migrating { writable, huge, .. } => (2 << 2, writable, huge),
    };
    let is_unknown = entry.page() == Some(PageToken(u32::MAX));
    u32::from(huge) << 7 | 1 << 6 | (access as u32) << 4 | kind | u32::from(writable) << 1 | u32::from(is_unknown)
}

/// Which sort of entry a place in this state has.
#[inline]
pub(super) fn entry(state: u32) -> u32 {
    state & ENTRY
}

/// What a slot holds, without the page, as a number; 0 where it is empty.
#[inline]
pub(super) fn slot_state(held: &SlotState) -> u32 {
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

/// Home, stamp and exclusivity of a page as a number; not 0.
#[inline]
pub(super) fn page_state(home: Home, stamp: Stamp, exclusive: bool) -> u64 {
    1 << 16 | u64::from(stamp.0) << 4 | (home.index() as u64) << 1 | u64::from(exclusive)
}

/// The word of a page: its state and age, mapcount and refcount, and the sums of the places that its reverse map finds, of
/// those that map it, and of what else shows it. 0 for a page that is not there.
#[inline]
pub(super) fn page_word(state: u64, age: u32, [mapcount, refcount]: [u32; 2], sums: [u64; 3]) -> u64 {
    let own = if state == 0 { 0 } else { PAGE ^ state << 32 ^ u64::from(age) };
    let [found, mapped, others] = sums;
    mix(linear([own, u64::from(refcount) << 32 ^ u64::from(mapcount), found, mapped, others]))
}

/// What a page adds to its folio, by its word: its index, the folio's mapcount as the page shows it, and whether it is the head that it
/// names.
pub(super) fn member_word(word: u64, folio: FolioView, is_head: bool) -> u64 {
    let place = u64::from(folio.index) << 1 | u64::from(is_head);
    mix(linear([word, FOLIO ^ place, folio.mapcount.into()]))
}

/// The word of a folio, by what its pages add; 0 for one without pages.
pub(super) fn folio_word(sum: u64) -> u64 {
    if sum == 0 { 0 } else { mix(FOLIO ^ sum) }
}

/// The word of a space; 0 for a dead one.
#[inline]
pub(super) fn space_word(space: Space, state: u8) -> u64 {
    if state == 0 { 0 } else { mix(SPACE ^ u64::from(space.0) << 8 ^ u64::from(state)) }
}

/// The word of the free frames at each home.
#[inline]
pub(super) fn free_word(free: [u32; Home::LIMIT]) -> u64 {
    mix(linear(free.map(u64::from)))
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
