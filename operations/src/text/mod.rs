//! The text of traces: lines of words, read and printed by the operation table.

mod error;
mod line;
mod parse;
mod print;

pub use error::ParseError;
pub(crate) use line::{Line, Word, decimal};
pub(crate) use parse::parse;
pub(crate) use print::print;
