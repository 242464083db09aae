//! The messages: frames of bytes, a batch of programs, and what comes back of each.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use stalemap_operations::{Errno, Outcome, Row, TABLE};

use crate::state::GuestState;

/// The longest message; what is longer is no message.
const LONGEST: u32 = 1 << 24;

/// Sends a message behind its length.
///
/// # Errors
/// As the writer's.
///
/// # Panics
/// When the message is longer than any may be.
pub fn write_frame(to: &mut impl Write, message: &[u8]) -> io::Result<()> {
    let length = u32::try_from(message.len()).ok().filter(|&length| length <= LONGEST).expect("a short message");
    to.write_all(&length.to_le_bytes())?;
    to.write_all(message)
}

/// Receives a message.
///
/// # Errors
/// As the reader's, and `InvalidData` for a length that no message has.
pub fn read_frame(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a message of {length} bytes")));
    }
    let mut message = vec![0; length as usize];
    from.read_exact(&mut message)?;
    Ok(message)
}

/// The programs that are to be run, each from the start of its machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Whether each step is to be sent as soon as it is done, so that one that never ends is known.
    pub eager: bool,
    /// Machines and operations as records.
    pub programs: Vec<Vec<u8>>,
}

/// The guest's first message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The [`table_text`] of what it was built with.
    pub table: String,
    /// The kernel's release.
    pub release: String,
}

/// What a step came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The class of the outcome, as [`Outcome::class`] counts.
    pub class: u8,
    /// The pages or the stamp, where the operation answers with some. What ended in a step the host counts.
    pub number: u32,
    /// Whether each run of frames that the operation asked for was found, in order.
    pub runs: Vec<bool>,
    /// What is seen afterwards.
    pub state: GuestState,
}

/// The end of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// What the kernel reports of its own health (`/proc/sys/kernel/tainted`), 0 where it is well.
    pub tainted: u64,
    /// Frames of RAM and of each device that are in use after everything has been given back; of RAM a guest knows none.
    pub leaked: [u32; 3],
    /// What the kernel logged as a bug or a warning.
    pub log: String,
}

/// What the guest sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromGuest {
    /// It is up.
    Hello(Hello),
    /// A step is done.
    Shown(Shown),
    /// A program is done.
    End(End),
    /// Nothing goes on although a program is not done.
    Hang,
}

/// Bytes that are not the message that was expected.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// They cannot be read.
    #[error("a malformed message: {0}")]
    Bytes(#[from] postcard::Error),
    /// There are more of them than the message has.
    #[error("a malformed message: {0} bytes too many")]
    TooLong(usize),
    /// A number in them names nothing.
    #[error("a malformed message: there is no such outcome, home or access")]
    Number,
}

/// The bytes of a message.
fn to_bytes(message: &impl Serialize) -> Vec<u8> {
    postcard::to_allocvec(message).expect("a vector takes everything")
}

/// The message that all of the bytes are.
fn from_bytes<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Malformed> {
    let (message, rest) = postcard::take_from_bytes(bytes)?;
    if rest.is_empty() { Ok(message) } else { Err(Malformed::TooLong(rest.len())) }
}

impl Batch {
    /// The bytes of it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        to_bytes(self)
    }

    /// Reads it.
    ///
    /// # Errors
    /// When the bytes are something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Batch, Malformed> {
        from_bytes(bytes)
    }
}

impl FromGuest {
    /// The bytes of it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        to_bytes(self)
    }

    /// Reads it.
    ///
    /// # Errors
    /// When the bytes are something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<FromGuest, Malformed> {
        let message = from_bytes(bytes)?;
        match &message {
            FromGuest::Shown(shown) if usize::from(shown.class) >= Outcome::CLASSES || !shown.state.is_valid() => {
                Err(Malformed::Number)
            }
            FromGuest::Hello(_) | FromGuest::Shown(_) | FromGuest::End(_) | FromGuest::Hang => Ok(message),
        }
    }
}

/// The operations' table as text: numbers, words and fields of the rows, and the names of the errnos. A guest of another
/// table would take an operation for another one, so it is refused; see [`Hello::table`].
#[must_use]
pub fn table_text() -> String {
    let row = |row: &Row| format!("{} {} {:?}\n", row.number, row.word, row.fields);
    let rows: String = TABLE.iter().map(row).collect();
    let errnos: Vec<&str> = Errno::ALL.iter().map(|errno| errno.name()).collect();
    rows + &errnos.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{Batch, End, FromGuest, Hello, Malformed, Outcome, Shown, read_frame, table_text, write_frame};
    use crate::state::{
        Candidate, EntryKind, Frame, GuestBlock, GuestFolio, GuestPage, GuestPlace, GuestState, GuestTransaction, Held,
    };

    fn state() -> GuestState {
        let (ram, device) = (Frame { home: 0, number: 70_000 }, Frame { home: 2, number: 3 });
        let place = GuestPlace {
            space: 1,
            page: 7,
            access: 2,
            entry: EntryKind::Migrating,
            writable: true,
            exclusive: true,
            huge: true,
            frame: ram,
        };
        let page = GuestPage {
            frame: ram,
            anonymous: true,
            exclusive: false,
            stamp: 0x2a,
            mapcount: -1,
            refcount: 3,
            rmap: vec![(0, 1), (255, 0)],
            folio: Some(GuestFolio { head: 69_999, mapcount: 2 }),
        };
        let candidates = vec![
            Candidate { source: Some(ram), destination: Some(device), moves: true },
            Candidate { source: None, destination: None, moves: false },
        ];
        GuestState {
            alive: 3,
            locked: 2,
            places: vec![place, GuestPlace { entry: EntryKind::Hole, frame: Frame { home: 0, number: 0 }, ..place }],
            pages: vec![page],
            transactions: vec![GuestTransaction { slot: 3, phase: 2, candidates }],
            held: vec![Held { slot: 19, frame: ram }],
            blocks: vec![GuestBlock { slot: 7, order: 3, split: true, held: 5 }],
            free: [1, 2, 300],
        }
    }

    #[test]
    fn what_the_guest_sends_is_read_back() {
        let end = End { tainted: 1 << 9, leaked: [0, 0, 2], log: "BUG: Bad page".to_string() };
        let shown = Shown { class: 1, number: 77, runs: vec![true, false], state: state() };
        for message in [
            FromGuest::Hello(Hello { table: table_text(), release: "6.1.0".to_string() }),
            FromGuest::Shown(shown),
            FromGuest::End(end),
            FromGuest::Hang,
        ] {
            assert_eq!(FromGuest::from_bytes(&message.to_bytes()).expect("a message"), message);
        }
    }

    #[test]
    fn a_batch_is_read_back() {
        let batch = Batch { eager: true, programs: vec![vec![], vec![1, 2, 3], vec![0; 300]] };
        assert_eq!(Batch::from_bytes(&batch.to_bytes()).expect("a batch"), batch);
    }

    #[test]
    fn a_message_that_is_cut_or_goes_on_is_refused_at_every_length() {
        let bytes = FromGuest::Shown(Shown { class: 0, number: 1, runs: Vec::new(), state: state() }).to_bytes();
        for length in 0..bytes.len() {
            assert!(FromGuest::from_bytes(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
        }
        assert!(FromGuest::from_bytes(&[bytes.as_slice(), &[0]].concat()).is_err());
        assert!(FromGuest::from_bytes(&[9]).is_err());
    }

    #[test]
    fn a_number_that_names_nothing_is_refused() {
        let nowhere = Frame { home: 3, number: 0 };
        type Change = fn(&mut GuestState, Frame);
        let changes: [(u8, Change); 7] = [
            (u8::try_from(Outcome::CLASSES).expect("few classes"), |_, _| {}),
            (0, |state, _| state.places[0].access = 3),
            (0, |state, nowhere| state.places[0].frame = nowhere),
            (0, |state, nowhere| state.pages[0].frame = nowhere),
            (0, |state, nowhere| state.held[0].frame = nowhere),
            (0, |state, nowhere| state.transactions[0].candidates[0].source = Some(nowhere)),
            (0, |state, nowhere| state.transactions[0].candidates[1].destination = Some(nowhere)),
        ];
        for (index, (class, change)) in changes.into_iter().enumerate() {
            let mut state = state();
            change(&mut state, nowhere);
            let bytes = FromGuest::Shown(Shown { class, number: 0, runs: Vec::new(), state }).to_bytes();
            assert!(matches!(FromGuest::from_bytes(&bytes), Err(Malformed::Number)), "change {index}");
        }
    }

    #[test]
    fn frames_follow_each_other_and_an_impossible_length_is_an_error() {
        let mut pipe = Vec::new();
        write_frame(&mut pipe, b"one").expect("a vector takes it");
        write_frame(&mut pipe, b"").expect("a vector takes it");
        let mut from = pipe.as_slice();
        assert_eq!(read_frame(&mut from).expect("a message"), b"one");
        assert_eq!(read_frame(&mut from).expect("a message"), b"");
        assert!(read_frame(&mut from).is_err());
        assert!(read_frame(&mut [255_u8, 255, 255, 255].as_slice()).is_err());
    }
}
