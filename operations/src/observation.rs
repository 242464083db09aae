//! Observations: what can be seen of a machine from outside, without seeing anything private.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use crate::machine::Home;
use crate::operand::{Access, BlockSlot, HoldSlot, Order, PinSlot, Space, Stamp, TransactionSlot, VirtualPage};
use crate::space_set::SpaceSet;

/// A virtual page of a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Place {
    /// Whose.
    pub space: Space,
    /// Which.
    pub page: VirtualPage,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.space, self.page)
    }
}

/// A subject's own name for a page: equal means the same page, and nothing else may be read from it.
///
/// A page keeps its token while it lives, wherever it moves; a token may be used again once its page has ended.
/// Small numbers keep tables of them small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PageToken(pub u32);

/// A frame as only the placement and refusal oracles may read it: the home and how far into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FrameToken {
    /// RAM or a device.
    pub home: Home,
    /// Frames before it in this home.
    pub offset: u32,
}

/// What is mapped at a mapped place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Entry {
    /// Nothing there yet; reads as zero.
    Hole,
    /// The page is mapped.
    Maps {
        /// Which page.
        page: PageToken,
        /// The writable bit.
        writable: bool,
        /// Whether the place is one of a huge entry, which maps all places of its group at once.
        huge: bool,
    },
    /// A migration entry: the page is collected by a transaction.
    Migrating {
        /// Which page.
        page: PageToken,
        /// The writable bit that the entry will have again.
        writable: bool,
        /// Whether the place is one of a huge migration entry.
        huge: bool,
    },
}

impl Entry {
    /// The page that the entry names.
    #[inline]
    #[must_use]
    pub const fn page(self) -> Option<PageToken> {
        match self {
            Entry::Hole => None,
            Entry::Maps { page, .. } | Entry::Migrating { page, .. } => Some(page),
        }
    }
}

/// What a place shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum PlaceState {
    /// No mapping.
    Unmapped,
    /// A mapping with this access and entry.
    Mapped {
        /// The rights of the mapping.
        access: Access,
        /// What is there.
        entry: Entry,
    },
}

impl PlaceState {
    /// The page that the place shows.
    #[inline]
    #[must_use]
    pub const fn page(self) -> Option<PageToken> {
        match self {
            PlaceState::Unmapped => None,
            PlaceState::Mapped { entry, .. } => entry.page(),
        }
    }
}

/// A page as its owner shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PageView {
    /// The subject's name for it.
    pub token: PageToken,
    /// Where it is.
    pub home: Home,
    /// What was last written to it.
    pub stamp: Stamp,
    /// Whether it is known to belong to one place (Linux: `PageAnonExclusive`).
    pub exclusive: bool,
    /// Number of entries that map it; migration entries do not count.
    pub mapcount: u32,
    /// mapcount + pins + holds + 1 while a transaction has it; of a page of a large folio the folio's, in which each entry counts
    /// once, and the pins and holds of all its pages.
    pub refcount: u32,
    /// The places that the subject's own reverse map walk answers, in [`Observation::rmaps`]; any order.
    pub rmap: Range<usize>,
    /// Its frame, where the subject shows frames.
    pub frame: Option<FrameToken>,
    /// The large folio that it is a page of.
    pub folio: Option<FolioView>,
}

/// A large folio as one of its pages shows it: contiguous pages that live and die as one (Linux: `struct folio`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FolioView {
    /// Its first page.
    pub head: PageToken,
    /// Which of its pages the page is, counted from 0.
    pub index: u32,
    /// Entries that map it or a part of it; a huge entry counts once (`folio_mapcount`).
    pub mapcount: u32,
}

/// A slot of any kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Slot {
    /// Of a migration transaction.
    Transaction(TransactionSlot),
    /// Of a pin.
    Pin(PinSlot),
    /// Of a bare reference.
    Hold(HoldSlot),
    /// Of a block of frames.
    Block(BlockSlot),
}

impl Slot {
    /// How many slots there are.
    pub const COUNT: usize = (TransactionSlot::LIMIT + PinSlot::LIMIT + HoldSlot::LIMIT + BlockSlot::LIMIT) as usize;

    /// Its place in the order of [`all`](Self::all), below [`COUNT`](Self::COUNT).
    #[inline]
    #[must_use]
    pub const fn index(self) -> usize {
        let before_pins = TransactionSlot::LIMIT as usize;
        let before_holds = before_pins + PinSlot::LIMIT as usize;
        let before_blocks = before_holds + HoldSlot::LIMIT as usize;
        match self {
            Slot::Transaction(slot) => slot.index(),
            Slot::Pin(slot) => before_pins + slot.index(),
            Slot::Hold(slot) => before_holds + slot.index(),
            Slot::Block(slot) => before_blocks + slot.index(),
        }
    }

    /// Every slot, in order.
    pub fn all() -> impl Iterator<Item = Slot> {
        let transactions = (0..TransactionSlot::LIMIT).map(|n| Slot::Transaction(TransactionSlot(n)));
        let pins = (0..PinSlot::LIMIT).map(|n| Slot::Pin(PinSlot(n)));
        let holds = (0..HoldSlot::LIMIT).map(|n| Slot::Hold(HoldSlot(n)));
        let blocks = (0..BlockSlot::LIMIT).map(|n| Slot::Block(BlockSlot(n)));
        transactions.chain(pins).chain(holds).chain(blocks)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Slot::Transaction(slot) => slot.fmt(f),
            Slot::Pin(slot) => slot.fmt(f),
            Slot::Hold(slot) => slot.fmt(f),
            Slot::Block(slot) => slot.fmt(f),
        }
    }
}

/// How far a transaction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Phase {
    /// After `setup` or `collect`.
    Collected,
    /// After `copy`.
    Copied,
    /// After `pages`.
    Moved,
}

impl Phase {
    /// The word in a report.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Phase::Collected => "collected",
            Phase::Copied => "copied",
            Phase::Moved => "moved",
        }
    }
}

/// What a slot shows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum SlotState {
    /// Nothing.
    Empty,
    /// An open transaction.
    Transaction {
        /// How far it has come.
        phase: Phase,
        /// Candidates that `setup` or `collect` counted.
        candidates: u32,
        /// The frames that it has beside those of living pages (given by `copy` and not, or no longer, used), in
        /// [`Observation::frames`] where the subject shows frames.
        frames: Range<usize>,
    },
    /// A pinned page.
    Pin(PageToken),
    /// A held page.
    Hold(PageToken),
    /// A block.
    Block {
        /// The order that it was taken with.
        order: Order,
        /// Whether it was split.
        split: bool,
        /// How many of its frames are still held: the highest ones.
        held: u32,
        /// Its lowest frame when it was taken, where the subject shows frames.
        base: Option<FrameToken>,
    },
}

impl SlotState {
    /// The page that the slot shows.
    #[inline]
    #[must_use]
    pub const fn page(&self) -> Option<PageToken> {
        match self {
            SlotState::Pin(page) | SlotState::Hold(page) => Some(*page),
            SlotState::Empty | SlotState::Transaction { .. } | SlotState::Block { .. } => None,
        }
    }
}

/// A place and what it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PlaceView {
    /// Where.
    pub place: Place,
    /// What.
    pub state: PlaceState,
}

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Observation {
    /// The places of the scope in its order; of everything, the mapped places in ascending order.
    pub places: Vec<PlaceView>,
    /// The living pages among the scope's and those that a seen place, pin or hold shows; of everything, all living
    /// pages. Ascending by token, each once.
    pub pages: Vec<PageView>,
    /// The slots of the scope in its order; of everything, those that are not empty, in order.
    pub slots: Vec<(Slot, SlotState)>,
    /// The spaces that are alive. Always seen.
    pub alive: SpaceSet,
    /// The spaces that an open `setup` locks, likewise.
    pub locked: SpaceSet,
    /// Free frames at each home, by [`Home::index`]. Always seen.
    pub free: [u32; Home::LIMIT],
    /// What [`PageView::rmap`] points into.
    pub rmaps: Vec<Place>,
    /// What [`SlotState::Transaction`] points into.
    pub frames: Vec<FrameToken>,
    /// Room for the subject to gather the tokens that it is about to show; it has no meaning.
    pub tokens: Vec<PageToken>,
}

impl Observation {
    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.places.clear();
        self.pages.clear();
        self.slots.clear();
        self.alive.clear();
        self.locked.clear();
        self.free = [0; Home::LIMIT];
        self.rmaps.clear();
        self.frames.clear();
        self.tokens.clear();
    }

    /// The view of this page, if it was seen.
    #[inline]
    #[must_use]
    pub fn page(&self, token: PageToken) -> Option<&PageView> {
        self.position(token).map(|at| &self.pages[at])
    }

    /// Where in [`pages`](Self::pages) the view of this page is, if it was seen.
    #[inline]
    #[must_use]
    pub fn position(&self, token: PageToken) -> Option<usize> {
        self.pages.binary_search_by_key(&token, |page| page.token).ok()
    }

    /// The places that the page's reverse map walk answered.
    #[inline]
    #[must_use]
    pub fn rmap(&self, page: &PageView) -> &[Place] {
        &self.rmaps[page.rmap.clone()]
    }
}
