//! The kernel as a native process: User Mode Linux with our agent in it, and memory that both sides share.

mod edits;
mod kernel;
mod memory;
mod process;
mod table;

pub use kernel::{HugeOrder, Instrument, Native};
pub use process::NativeBoot;
