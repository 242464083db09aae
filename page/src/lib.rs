//! Pages: one HTML file without a network that shows each step of a trace for all sides, or what folders of findings hold.
//!
//! [`Section`] computes what is shown of one finding with the real driver: each side's answers and facts step by step, who
//! wrote each last, why each operation is there, and what becomes of mutated traces. [`Campaigns`] gathers what
//! folders of findings hold. [`document`](fn@document) writes all of it down as HTML.

mod campaigns;
mod cell;
mod document;
mod editor;
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

pub use campaigns::{Campaigns, Folder};
pub use cell::{Cell, Facts, Group};
pub use document::{Contents, LeftOut, MOST_BYTES, document};
pub use editor::{Editor, Offer, Variant};
pub use error::PageError;
pub use history::{Change, Side, is_compared};
pub use look::{Difference, Look, MOST_FACTS, MOST_OPERATIONS, Shown, look};
pub use neighbours::{Counts, Neighbours};
pub use rules::Rule;
pub use section::{Copies, Progress, Request, Section};
pub use verdict::Verdict;
pub use why::Why;
