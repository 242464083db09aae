//! Situations: the abstract state of a place and its page, by which a campaign tells one transition from another.

use stalemap_operations::{Access, Home, PageToken, Place};

use crate::entry::{Entry, Mapped};
use crate::model::Model;

/// Number of the abstract state of a place: unmapped, or access × (hole, migration entry with or without the writable
/// bit, or a page by home × writable bit × exclusive × free of references, held, pinned × locked). Behind these are the situations of
/// machines with huge pages: a hole of a group that a large folio may fill, and what a huge entry, or a small entry of a large
/// folio, can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Situation(u16);

const HOLE: u16 = 0;
const MIGRATING: u16 = 1;
const MAPS: u16 = 3;
/// Home × writable × exclusive × references × locked.
const PAGES: u16 = 3 * 2 * 2 * 3 * 2;
const ENTRIES: u16 = MAPS + PAGES;
/// The number of the first situation of machines with huge pages.
const FIRST_LARGE: u16 = 1 + 3 * ENTRIES;
const _: () = assert!(Access::ALL.len() == 3, "each access has situations");

/// With huge pages: a hole that a large folio may fill, and an entry that is small or huge.
const LARGE: u16 = 1 + 2 * LARGE_ENTRIES;
/// A migration entry with or without the writable bit; a page of a large folio in RAM: bits × references; on a device.
const LARGE_ENTRIES: u16 = 2 + 3 * BITS + ON_DEVICE;
/// Neither writable nor exclusive, exclusive, both.
const BITS: u16 = 3;
/// The same, and locked by its transaction: exclusive, both.
const ON_DEVICE: u16 = BITS + 2;

impl Situation {
    /// How many there are on machines without huge pages; they have the lowest numbers.
    pub const SMALL: usize = FIRST_LARGE as usize;
    /// How many there are.
    pub const COUNT: usize = Self::SMALL + Access::ALL.len() * LARGE as usize;
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
        if let Some((access, large)) = self.large() {
            return large.is_possible(access);
        }
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
        if let Some((access, large)) = self.large() {
            return alloc::format!("{}, {}", access.word(), large.words());
        }
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

    /// What it is on a machine with huge pages, if it is none of the others.
    fn large(self) -> Option<(Access, Large)> {
        let number = self.0.checked_sub(FIRST_LARGE)?;
        Some((Access::ALL[usize::from(number / LARGE)], Large::by_number(number % LARGE)))
    }
}

/// What is at a mapped place of a machine with huge pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Large {
    /// A hole that a large folio may fill with others.
    Hole,
    /// A migration entry that leads to a page of a large folio.
    Migrating { huge: bool, writable: bool },
    /// A page of a large folio in RAM. `references` are 0: nothing but entries, 1: held, 2: pinned.
    InRam { huge: bool, bits: u16, references: u16 },
    /// One on a device.
    OnDevice { huge: bool, bits: u16, locked: bool },
}

/// The writable bit and whether the page is exclusive, by the number of both.
const fn writable_exclusive(bits: u16) -> (bool, bool) {
    (bits == 2, bits > 0)
}

impl Large {
    fn number(self) -> u16 {
        let (huge, number) = match self {
            Large::Hole => return 0,
            Large::Migrating { huge, writable } => (huge, u16::from(writable)),
            Large::InRam { huge, bits, references } => (huge, 2 + bits * 3 + references),
            Large::OnDevice { huge, bits, locked: false } => (huge, 2 + 3 * BITS + bits),
            Large::OnDevice { huge, bits, locked: true } => (huge, 2 + 4 * BITS + bits.saturating_sub(1)),
        };
        1 + u16::from(huge) * LARGE_ENTRIES + number
    }

    fn by_number(number: u16) -> Large {
        let Some(number) = number.checked_sub(1) else { return Large::Hole };
        let (huge, number) = (number >= LARGE_ENTRIES, number % LARGE_ENTRIES);
        let Some(page) = number.checked_sub(2) else { return Large::Migrating { huge, writable: number == 1 } };
        match (page.checked_sub(3 * BITS), page.checked_sub(4 * BITS)) {
            (_, Some(locked)) => Large::OnDevice { huge, bits: 1 + locked, locked: true },
            (Some(bits), None) => Large::OnDevice { huge, bits, locked: false },
            (None, None) => Large::InRam { huge, bits: page / 3, references: page % 3 },
        }
    }

    /// As for small pages. A pin is of one page of the folio; the others need not be exclusive.
    fn is_possible(self, access: Access) -> bool {
        match self {
            Large::Hole => true,
            Large::Migrating { writable, .. } => !writable || access.writable(),
            // All pages behind a huge entry are exclusive where one is, as that of a pin.
            Large::InRam { huge: true, bits: 0, references: 2 } => false,
            Large::InRam { bits, .. } | Large::OnDevice { bits, locked: false, .. } => {
                !writable_exclusive(bits).0 || access.writable()
            }
            Large::OnDevice { bits, locked: true, .. } => {
                access.readable() && writable_exclusive(bits).0 == access.writable()
            }
        }
    }

    fn words(self) -> alloc::string::String {
        let bits = |bits| match writable_exclusive(bits) {
            (false, false) => "",
            (false, true) => ", exclusive",
            (true, _) => ", writable, exclusive",
        };
        let size = |huge: bool| if huge { "huge" } else { "small" };
        match self {
            Large::Hole => "hole that a large folio may fill".into(),
            Large::Migrating { huge, writable } => {
                let writable = if writable { ", writable" } else { "" };
                alloc::format!("{} migration entry of a large folio{writable}", size(huge))
            }
            Large::InRam { huge, bits: number, references } => {
                let references = ["", ", held", ", pinned"][usize::from(references)];
                alloc::format!("{} entry of a large folio in ram{}{references}", size(huge), bits(number))
            }
            Large::OnDevice { huge, bits: number, locked } => {
                let locked = if locked { ", locked" } else { "" };
                alloc::format!("{} entry of a large folio on a device{}{locked}", size(huge), bits(number))
            }
        }
    }
}

impl Model {
    /// The abstract state of a place.
    #[must_use]
    pub fn situation(&self, place: Place) -> Situation {
        let Some(Mapped { access, entry, .. }) = self.at(place) else {
            return Situation::UNMAPPED;
        };
        if self.machine.huge().is_some()
            && let Some(large) = self.large_situation(place, entry)
        {
            return Situation(FIRST_LARGE + access as u16 * LARGE + large.number());
        }
        let entry = match entry {
            Entry::Hole => HOLE,
            Entry::Migrating { writable, .. } => MIGRATING + u16::from(writable),
            Entry::Maps { page: token, writable, .. } => {
                let page = self.page(token);
                let home = match page.home {
                    Home::Ram => 0,
                    Home::Device(device) => 1 + u16::from(device.0 > 0),
                };
                // Only a device page can be locked by a transaction.
                let locked = page.home != Home::Ram && self.is_page_locked(token);
                let bits = (home * 2 + u16::from(writable)) * 2 + u16::from(page.exclusive);
                MAPS + (bits * 3 + self.other_users(token)) * 2 + u16::from(locked)
            }
        };
        Situation(1 + access as u16 * ENTRIES + entry)
    }

    /// 0 where neither a pin nor a hold refers to the page or its folio, 1 where holds do, 2 where a pin does.
    #[inline]
    fn other_users(&self, token: PageToken) -> u16 {
        match (self.pins_on(token), self.holds_on(token)) {
            (0, 0) => 0,
            (0, _) => 1,
            (_, _) => 2,
        }
    }

    /// What is there, if it is a page of a large folio or may become one.
    fn large_situation(&self, place: Place, entry: Entry) -> Option<Large> {
        match entry {
            Entry::Hole => self.may_fill_group(place).then_some(Large::Hole),
            Entry::Migrating { page, writable, huge } => {
                self.is_large(page).then_some(Large::Migrating { huge, writable })
            }
            Entry::Maps { page: token, writable, huge, .. } => {
                let page = self.page(token);
                page.folio?;
                let bits = if writable { 2 } else { u16::from(page.exclusive) };
                Some(match page.home {
                    Home::Ram => Large::InRam { huge, bits, references: self.other_users(token) },
                    Home::Device(_) => Large::OnDevice { huge, bits, locked: self.is_page_locked(token) },
                })
            }
        }
    }
}
