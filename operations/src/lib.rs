//! The words of Stalemap: operations and their operands, outcomes, observations, the machine, traces, and the seam
//! behind which every subject stands.
//!
//! One table of operations ([`table`]) has three spellings: values in memory, lines of text ([`Trace`]) and records
//! of 8 bytes ([`record`]). `operations → bytes → operations` and `operations → text → operations` are identities.

#![no_std]
// Which they are, and why, is in clippy.toml.
#![warn(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types)]

extern crate alloc;

mod capabilities;
mod explorable;
mod machine;
mod observation;
mod operand;
mod outcome;
mod program;
pub mod record;
mod scope;
mod space_set;
mod subject;
pub mod table;
mod text;
mod trace;
mod visit;

#[cfg(feature = "arbitrary")]
mod arbitrary;

pub use capabilities::{BlockContract, Capabilities, LargeFolios, Observables, Refusals};
pub use explorable::{CompleteState, Explorable};
pub use machine::{Dialect, Home, Machine};
pub use observation::{
    Entry, FolioView, FrameToken, Observation, PageToken, PageView, Phase, Place, PlaceState, PlaceView, Slot,
    SlotState,
};
pub use operand::{
    Access, Advice, BlockSlot, Destination, Device, Field, FieldValues, HoldSlot, Mask, OperandKind, Order, PageRange,
    PinSlot, Route, Space, Stamp, TransactionSlot, VirtualPage,
};
pub use outcome::{Effect, EffectShape, Errno, Outcome};
pub use program::Program;
pub use scope::{Scope, Touched};
pub use space_set::SpaceSet;
pub use subject::Subject;
pub use table::{Act, KernelFunction, Kind, KindSet, LARGE_FOLIOS, Operation, Row, TABLE};
pub use text::ParseError;
pub use trace::{Step, Trace};
pub use visit::{Counts, PageFacts, Visitor};
