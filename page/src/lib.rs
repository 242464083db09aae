//! The page of a finding: one HTML file without a network, in which each step of a trace is shown for all sides.
//!
//! [`Section`] computes what is shown of one finding with the real driver: each side's answers and facts step by step, who
//! wrote each last, why each operation is there, and what becomes of mutated traces. [`document`](fn@document) writes one or
//! several of them down as HTML.

mod cell;
mod document;
mod error;
mod facts;
mod history;
mod look;
mod neighbours;
mod rules;
mod section;
mod verdict;
mod visible;
mod why;

pub use cell::{Cell, Facts, Group};
pub use document::{Contents, LeftOut, MOST_BYTES, document};
pub use error::PageError;
pub use history::{Change, Side, is_compared};
pub use look::{Look, MOST_FACTS, MOST_OPERATIONS, Shown, look};
pub use neighbours::{Counts, Neighbours};
pub use rules::Rule;
pub use section::{Copies, Progress, Request, Section};
pub use verdict::Verdict;
pub use why::Why;
