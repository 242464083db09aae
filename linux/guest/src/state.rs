//! What the guest sees after an operation: entries, page descriptors, transactions and references, by frame.

use serde::{Deserialize, Serialize};

/// A frame as the driver's edit names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Frame {
    /// 0 is RAM, 1 and 2 are the devices.
    pub home: u8,
    /// Frames before it: in RAM its frame number, on a device counted from the start of the device's chunk.
    pub number: u32,
}

/// What is at a mapped place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryKind {
    /// Nothing, or the shared zero page.
    Hole,
    /// A page.
    Maps,
    /// A migration entry.
    Migrating,
    /// An entry of a kind that no operation makes.
    Unknown,
}

/// A mapped place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestPlace {
    /// The space's number.
    pub space: u8,
    /// The virtual page's number.
    pub page: u8,
    /// 0 none, 1 reading, 2 reading and writing.
    pub access: u8,
    /// What is there.
    pub entry: EntryKind,
    /// The writable bit.
    pub writable: bool,
    /// Of a page its flag, of a migration entry its kind.
    pub exclusive: bool,
    /// Whether it is a part of a huge entry.
    pub huge: bool,
    /// Where the page is; of a hole nothing.
    pub frame: Frame,
}

/// A page's descriptor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestPage {
    /// Where it is.
    pub frame: Frame,
    /// Whether it is anonymous by its mapping word.
    pub anonymous: bool,
    /// Its flag.
    pub exclusive: bool,
    /// Its first byte.
    pub stamp: u8,
    /// How many entries it is counted to have.
    pub mapcount: i32,
    /// Its reference count.
    pub refcount: i32,
    /// What its reverse map walk finds: space and virtual page; space 255 is none of the program.
    pub rmap: Vec<(u8, u8)>,
    /// The large folio that it is a page of.
    pub folio: Option<GuestFolio>,
}

/// A large folio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestFolio {
    /// The number of its first frame.
    pub head: u32,
    /// Entries that map any part of it, a huge one once.
    pub mapcount: i32,
}

/// A candidate of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its frame; none of a hole.
    pub source: Option<Frame>,
    /// The frame that `copy` gave it.
    pub destination: Option<Frame>,
    /// Whether it is still going to move, or has moved.
    pub moves: bool,
}

/// An open transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestTransaction {
    /// Its slot.
    pub slot: u8,
    /// 1 collected, 2 copied, 3 moved.
    pub phase: u8,
    /// What it was opened with.
    pub candidates: Vec<Candidate>,
}

/// A reference to a page: a pin or a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The pins' slots, then the holds'.
    pub slot: u8,
    /// The page's frame.
    pub frame: Frame,
}

/// A block of frames of RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestBlock {
    /// Its slot.
    pub slot: u8,
    /// It was taken with two to this many frames.
    pub order: u8,
    /// Whether its frames are given back one by one.
    pub split: bool,
    /// Frames that were not given back.
    pub held: u32,
}

/// Everything that can be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestState {
    /// The spaces that are alive, bit `i` for space `i`.
    pub alive: u8,
    /// The spaces that an open `setup` locks.
    pub locked: u8,
    /// The mapped places in ascending order.
    pub places: Vec<GuestPlace>,
    /// The pages that a place, a transaction or a reference names, ascending by frame.
    pub pages: Vec<GuestPage>,
    /// The open transactions in ascending order.
    pub transactions: Vec<GuestTransaction>,
    /// The references in ascending order.
    pub held: Vec<Held>,
    /// The blocks in ascending order. A guest cannot take any.
    pub blocks: Vec<GuestBlock>,
    /// Free frames of RAM and of the devices; a guest shows none.
    pub free: [u32; 3],
}

impl GuestState {
    /// The descriptor of the page in this frame.
    #[must_use]
    pub fn page(&self, frame: Frame) -> Option<&GuestPage> {
        self.pages.binary_search_by_key(&frame, |page| page.frame).ok().map(|index| &self.pages[index])
    }
}

impl GuestState {
    /// Whether each home and each access is one that there is.
    pub(crate) fn is_valid(&self) -> bool {
        let candidates = self.transactions.iter().flat_map(|it| &it.candidates);
        let frames = self.places.iter().map(|it| it.frame).chain(self.pages.iter().map(|it| it.frame));
        let frames = frames.chain(candidates.flat_map(|it| it.source.into_iter().chain(it.destination)));
        let mut frames = frames.chain(self.held.iter().map(|it| it.frame));
        frames.all(|frame| frame.home <= 2) && self.places.iter().all(|it| it.access <= 2)
    }
}
