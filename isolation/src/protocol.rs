//! What is sent to a worker and back, and what the worker writes of each step.

use std::io::{self, Read, Write};
use std::ops::Range;

use postcard::ser_flavors::Flavor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use stalemap_operations::{Capabilities, FieldValues, Home, Kind, Machine, Observation, Operation, Outcome};
use thiserror::Error;

/// A message is no longer than this, in bytes; a longer one is nonsense.
const LONGEST: u32 = 1 << 26;

/// Why a subject cannot be driven in a process of its own.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IsolationError {
    /// The worker cannot be started.
    #[error("cannot start the worker {command}: {source}")]
    Start {
        /// What was to be started.
        command: String,
        /// Why not.
        source: io::Error,
    },
    /// The worker cannot build any subject; says why.
    #[error("{0}")]
    Unusable(String),
    /// The loading was stopped.
    #[error("the loading of the subject was stopped")]
    Stopped,
    /// The file in which steps are written cannot be made, read or written.
    #[error("the file that is shared with the worker: {0}")]
    Shared(io::Error),
    /// The other process has gone.
    #[error("the connection between worker and campaign has ended: {0}")]
    Connection(#[from] io::Error),
    /// The other process says what means nothing.
    #[error("what the other process says means nothing: {0}")]
    Nonsense(#[from] postcard::Error),
}

/// What the campaign asks of the worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Load what builds the subjects.
    Load,
    /// Build a subject for this machine; the worker keeps it.
    Build(Machine),
    /// Run operations from the start of the machine. The steps are written under this number; one by one where it is careful,
    /// so that those in front of a crash are there, and otherwise in few pieces, which is faster.
    Run { run: u32, machine: Machine, operations: Vec<Packed>, recounts_each: bool, is_careful: bool },
}

/// What the worker answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// Subjects can be built.
    Loaded,
    /// No subject can be built, for this reason.
    Unusable(String),
    /// The subject is there.
    Built(Described),
    /// The subject cannot be this machine.
    Refused(String),
    /// The constructor has panicked.
    Panicked(String),
    /// All steps are written, in so many bytes of the shared file.
    Done { length: u64 },
}

/// What a subject says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Described {
    pub(crate) name: String,
    pub(crate) capabilities: Capabilities,
    pub(crate) machine: Machine,
    pub(crate) capacity: [u32; Home::LIMIT],
}

/// What became of an operation.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// It was answered. A recount that was not made balances; `runs` are those of [`Subject::runs`](stalemap_operations::Subject::runs).
    Outcome { outcome: Outcome, runs: Vec<bool>, recount: Result<(), String> },
    /// The subject has panicked; its message.
    Panicked(String),
}

/// An operation: its number in the table, and the values of its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Packed(u8, [u32; FieldValues::MOST]);

impl From<&Operation> for Packed {
    fn from(operation: &Operation) -> Packed {
        let mut values = [0; FieldValues::MOST];
        for (value, (_, of_field)) in values.iter_mut().zip(operation.values().iter()) {
            *value = of_field;
        }
        Packed(operation.kind().row().number, values)
    }
}

impl Packed {
    /// The operation; none where no row has the number.
    pub(crate) fn operation(&self) -> Option<Operation> {
        let kind = Kind::ALL.iter().find(|kind| kind.row().number == self.0)?;
        Some(kind.with_values(&self.1))
    }
}

/// Writes a message with its length in front.
pub(crate) fn send(to: &mut impl Write, message: &impl Serialize, room: &mut Vec<u8>) -> Result<(), IsolationError> {
    pack(message, 4, room)?;
    let length = u32::try_from(room.len() - 4).expect("a message is short");
    room[..4].copy_from_slice(&length.to_le_bytes());
    Ok(to.write_all(room)?)
}

/// Reads a message.
pub(crate) fn receive<T: DeserializeOwned>(from: &mut impl Read, room: &mut Vec<u8>) -> Result<T, IsolationError> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > LONGEST {
        return Err(IsolationError::Nonsense(postcard::Error::DeserializeBadEncoding));
    }
    room.resize(length as usize, 0);
    from.read_exact(room)?;
    Ok(postcard::from_bytes(room)?)
}

/// What stands in front of a step in the shared file: the number of the run, and in bytes the lengths of the answer and of what
/// is shown behind it.
const HEADER: usize = 12;

/// Adds a step as it stands in the shared file, its header included.
pub(crate) fn pack_step(
    run: u32,
    answer: &Answer,
    shown: &Observation,
    into: &mut Vec<u8>,
) -> Result<(), IsolationError> {
    let start = into.len();
    into.extend([0; HEADER]);
    append(answer, into)?;
    let middle = into.len();
    append(shown, into)?;
    let length = |bytes: usize| u32::try_from(bytes).expect("a step is short");
    let header = [run, length(middle - start - HEADER), length(into.len() - middle)];
    for (place, number) in into[start..].chunks_exact_mut(4).zip(header) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    Ok(())
}

/// The steps of a run that were written whole. What is shown is read when it is looked at.
#[derive(Default)]
pub(crate) struct Steps {
    bytes: Vec<u8>,
    /// Each answer, and where what is shown stands.
    each: Vec<(Answer, Range<usize>)>,
}

impl Steps {
    /// Those in what stands in the shared file.
    pub(crate) fn read(run: u32, bytes: Vec<u8>) -> Steps {
        let mut each = Vec::new();
        let mut at = 0;
        while let Some(header) = bytes.get(at..at + HEADER) {
            let mut numbers =
                header.chunks_exact(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]));
            let [number, answer, shown] = [(); 3].map(|()| numbers.next().unwrap_or_default());
            let middle = at + HEADER + answer as usize;
            let end = middle + shown as usize;
            let whole = bytes.get(at + HEADER..middle).filter(|_| number == run && end <= bytes.len());
            let Some(answer) = whole.and_then(|whole| postcard::from_bytes(whole).ok()) else { break };
            each.push((answer, middle..end));
            at = end;
        }
        Steps { bytes, each }
    }

    /// What became of the operation with this index.
    pub(crate) fn answer(&self, index: usize) -> Option<&Answer> {
        self.each.get(index).map(|(answer, _)| answer)
    }

    /// What is shown behind it; nothing where the subject has panicked.
    ///
    /// # Errors
    /// The worker has written what means nothing.
    pub(crate) fn shown(&self, index: usize) -> Option<Result<Observation, postcard::Error>> {
        match self.each.get(index)? {
            (Answer::Outcome { .. }, shown) => Some(postcard::from_bytes(&self.bytes[shown.clone()])),
            (Answer::Panicked(_), _) => None,
        }
    }

    /// Leaves the last one out.
    pub(crate) fn pop(&mut self) {
        self.each.pop();
    }
}

fn pack(message: &impl Serialize, behind: usize, room: &mut Vec<u8>) -> Result<(), IsolationError> {
    room.clear();
    room.resize(behind, 0);
    append(message, room)
}

fn append(message: &impl Serialize, into: &mut Vec<u8>) -> Result<(), IsolationError> {
    Ok(postcard::serialize_with_flavor(message, Append(into))?)
}

/// Bytes go to the end of a vector: postcard's own way goes through an iterator for each of them.
struct Append<'a>(&'a mut Vec<u8>);

impl Flavor for Append<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}
