//! Situations: the abstract state of a place and its page, by which a campaign tells one transition from another.

use stalemap_operations::{Access, Home, Place};

use crate::entry::{Entry, Mapped};
use crate::model::Model;

/// Number of the abstract state of a place: unmapped, or access × (hole, migration entry with or without the writable
/// bit, or a page by home × writable bit × exclusive × free of references, held, pinned × locked).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Situation(u16);

const HOLE: u16 = 0;
const MIGRATING: u16 = 1;
const MAPS: u16 = 3;
/// Home × writable × exclusive × references × locked.
const PAGES: u16 = 3 * 2 * 2 * 3 * 2;
const ENTRIES: u16 = MAPS + PAGES;

impl Situation {
    /// How many there are.
    pub const COUNT: usize = 1 + Access::ALL.len() * ENTRIES as usize;
    /// The place is not mapped.
    pub const UNMAPPED: Situation = Situation(0);

    /// All of them by number, those included that no place can be in.
    pub fn all() -> impl Iterator<Item = Situation> {
        (0..).map(Situation).take(Self::COUNT)
    }

    /// Its number, less than [`COUNT`](Self::COUNT).
    #[inline]
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Whether what is always true lets a place be in it: writable only with access `rw` and an exclusive page, pinned
    /// only exclusive, pinned or held only in RAM. Locked only on a device and as `pages` made it, exclusive, readable
    /// and writable iff the mapping is, since its space is locked.
    #[must_use]
    pub fn is_possible(self) -> bool {
        let Some(mapped) = self.0.checked_sub(1) else {
            return true;
        };
        let access = Access::ALL[usize::from(mapped / ENTRIES)];
        let Some(page) = (mapped % ENTRIES).checked_sub(MAPS) else {
            return access.writable() || mapped % ENTRIES != MIGRATING + 1;
        };
        let (in_ram, writable, exclusive) = (page / 24 == 0, page / 12 % 2 == 1, page / 6 % 2 == 1);
        let (held, pinned, locked) = (page / 2 % 3 == 1, page / 2 % 3 == 2, page % 2 == 1);
        let as_made = !in_ram && exclusive && access.readable() && writable == access.writable();
        (!writable || access.writable() && exclusive)
            && (!pinned || exclusive)
            && (in_ram || !held && !pinned)
            && (!locked || as_made)
    }

    /// In words, such as `rw, device page, writable, exclusive`.
    #[must_use]
    pub fn words(self) -> alloc::string::String {
        let Some(mapped) = self.0.checked_sub(1) else {
            return "unmapped".into();
        };
        let access = Access::ALL[usize::from(mapped / ENTRIES)].word();
        let entry = mapped % ENTRIES;
        let Some(page) = entry.checked_sub(MAPS) else {
            let entry = ["hole", "migration entry", "migration entry, writable"][usize::from(entry)];
            return alloc::format!("{access}, {entry}");
        };
        let pick = |divisor: u16, words: &'static [&'static str]| words[usize::from(page / divisor) % words.len()];
        let home = pick(24, &["page in ram", "page on dev0", "page on dev1"]);
        let writable = pick(12, &["", ", writable"]);
        let exclusive = pick(6, &["", ", exclusive"]);
        let references = pick(2, &["", ", held", ", pinned"]);
        let locked = pick(1, &["", ", locked"]);
        alloc::format!("{access}, {home}{writable}{exclusive}{references}{locked}")
    }
}

impl Model {
    /// The abstract state of a place.
    #[must_use]
    pub fn situation(&self, place: Place) -> Situation {
        let Some(Mapped { access, entry, .. }) = self.at(place) else {
            return Situation::UNMAPPED;
        };
        let entry = match entry {
            Entry::Hole => HOLE,
            Entry::Migrating { writable, .. } => MIGRATING + u16::from(writable),
            Entry::Maps { page: token, writable, .. } => {
                let page = self.page(token);
                let home = match page.home {
                    Home::Ram => 0,
                    Home::Device(device) => 1 + u16::from(device.0 > 0),
                };
                let references = match (self.pins_on(token), self.holds_on(token)) {
                    (0, 0) => 0,
                    (0, _) => 1,
                    (_, _) => 2,
                };
                // Only a device page can be locked by a transaction.
                let locked = page.home != Home::Ram && self.is_page_locked(token);
                let bits = (home * 2 + u16::from(writable)) * 2 + u16::from(page.exclusive);
                MAPS + (bits * 3 + references) * 2 + u16::from(locked)
            }
        };
        Situation(1 + access as u16 * ENTRIES + entry)
    }
}
