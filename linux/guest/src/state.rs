//! What the guest sees after an operation: entries, page descriptors, transactions and references, by frame.

use crate::bytes::{Bytes, Malformed, put_list};

/// A frame as the driver's edit names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Frame {
    /// 0 is RAM, 1 and 2 are the devices.
    pub home: u8,
    /// Frames before it: in RAM its frame number, on a device counted from the start of the device's chunk.
    pub number: u32,
}

/// What is at a mapped place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// Where the page is; of a hole nothing.
    pub frame: Frame,
}

/// A page's descriptor.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}

/// A candidate of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its frame; none of a hole.
    pub source: Option<Frame>,
    /// The frame that `copy` gave it.
    pub destination: Option<Frame>,
    /// Whether it is still going to move, or has moved.
    pub moves: bool,
}

/// An open transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestTransaction {
    /// Its slot.
    pub slot: u8,
    /// 1 collected, 2 copied, 3 moved.
    pub phase: u8,
    /// What it was opened with.
    pub candidates: Vec<Candidate>,
}

/// A reference to a page: a pin or a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The pins' slots, then the holds'.
    pub slot: u8,
    /// The page's frame.
    pub frame: Frame,
}

/// Everything that can be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
}

impl GuestState {
    /// Appends the bytes of it.
    pub fn write(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&[self.alive, self.locked]);
        put_list(into, &self.places, GuestPlace::write);
        put_list(into, &self.pages, GuestPage::write);
        put_list(into, &self.transactions, GuestTransaction::write);
        put_list(into, &self.held, |held, into| {
            into.push(held.slot);
            held.frame.write(into);
        });
    }

    /// Reads it.
    ///
    /// # Errors
    /// When the bytes are something else.
    pub fn read(from: &mut Bytes<'_>) -> Result<GuestState, Malformed> {
        Ok(GuestState {
            alive: from.u8()?,
            locked: from.u8()?,
            places: from.list(GuestPlace::read)?,
            pages: from.list(GuestPage::read)?,
            transactions: from.list(GuestTransaction::read)?,
            held: from.list(|from| Ok(Held { slot: from.u8()?, frame: Frame::read(from)? }))?,
        })
    }

    /// The descriptor of the page in this frame.
    #[must_use]
    pub fn page(&self, frame: Frame) -> Option<&GuestPage> {
        self.pages.binary_search_by_key(&frame, |page| page.frame).ok().map(|index| &self.pages[index])
    }
}

impl Frame {
    fn write(self, into: &mut Vec<u8>) {
        into.push(self.home);
        into.extend_from_slice(&self.number.to_le_bytes());
    }

    fn read(from: &mut Bytes<'_>) -> Result<Frame, Malformed> {
        match from.u8()? {
            home @ 0..=2 => Ok(Frame { home, number: from.u32()? }),
            _ => Err(Malformed("there is no such home")),
        }
    }
}

const WRITABLE: u8 = 1;
const EXCLUSIVE: u8 = 2;
const ANONYMOUS: u8 = 4;

impl GuestPlace {
    fn write(&self, into: &mut Vec<u8>) {
        let kind = match self.entry {
            EntryKind::Hole => 0,
            EntryKind::Maps => 1,
            EntryKind::Migrating => 2,
            EntryKind::Unknown => 3,
        };
        let bits = u8::from(self.writable) * WRITABLE + u8::from(self.exclusive) * EXCLUSIVE;
        into.extend_from_slice(&[self.space, self.page, self.access << 4 | kind, bits]);
        if kind != 0 {
            self.frame.write(into);
        }
    }

    fn read(from: &mut Bytes<'_>) -> Result<GuestPlace, Malformed> {
        let (space, page, kind, bits) = (from.u8()?, from.u8()?, from.u8()?, from.u8()?);
        let entry = match kind & 15 {
            0 => EntryKind::Hole,
            1 => EntryKind::Maps,
            2 => EntryKind::Migrating,
            3 => EntryKind::Unknown,
            _ => return Err(Malformed("there is no such entry")),
        };
        if kind >> 4 > 2 {
            return Err(Malformed("there is no such access"));
        }
        let frame = if entry == EntryKind::Hole { Frame { home: 0, number: 0 } } else { Frame::read(from)? };
        let [writable, exclusive] = [WRITABLE, EXCLUSIVE].map(|bit| bits & bit != 0);
        Ok(GuestPlace { space, page, access: kind >> 4, entry, writable, exclusive, frame })
    }
}

impl GuestPage {
    fn write(&self, into: &mut Vec<u8>) {
        self.frame.write(into);
        into.push(u8::from(self.exclusive) * EXCLUSIVE + u8::from(self.anonymous) * ANONYMOUS);
        into.push(self.stamp);
        into.extend_from_slice(&self.mapcount.to_le_bytes());
        into.extend_from_slice(&self.refcount.to_le_bytes());
        put_list(into, &self.rmap, |&(space, page), into| into.extend_from_slice(&[space, page]));
    }

    fn read(from: &mut Bytes<'_>) -> Result<GuestPage, Malformed> {
        let frame = Frame::read(from)?;
        let bits = from.u8()?;
        Ok(GuestPage {
            frame,
            anonymous: bits & ANONYMOUS != 0,
            exclusive: bits & EXCLUSIVE != 0,
            stamp: from.u8()?,
            mapcount: from.u32()?.cast_signed(),
            refcount: from.u32()?.cast_signed(),
            rmap: from.list(|from| Ok((from.u8()?, from.u8()?)))?,
        })
    }
}

const HAS_SOURCE: u8 = 1;
const HAS_DESTINATION: u8 = 2;
const MOVES: u8 = 4;

impl Candidate {
    fn write(&self, into: &mut Vec<u8>) {
        into.push(
            u8::from(self.source.is_some()) * HAS_SOURCE
                + u8::from(self.destination.is_some()) * HAS_DESTINATION
                + u8::from(self.moves) * MOVES,
        );
        self.source.iter().chain(&self.destination).for_each(|frame| frame.write(into));
    }

    fn read(from: &mut Bytes<'_>) -> Result<Candidate, Malformed> {
        let bits = from.u8()?;
        let mut frame = |bit| if bits & bit != 0 { Frame::read(from).map(Some) } else { Ok(None) };
        Ok(Candidate { source: frame(HAS_SOURCE)?, destination: frame(HAS_DESTINATION)?, moves: bits & MOVES != 0 })
    }
}

impl GuestTransaction {
    fn write(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&[self.slot, self.phase]);
        put_list(into, &self.candidates, Candidate::write);
    }

    fn read(from: &mut Bytes<'_>) -> Result<GuestTransaction, Malformed> {
        Ok(GuestTransaction { slot: from.u8()?, phase: from.u8()?, candidates: from.list(Candidate::read)? })
    }
}
