//! Why there is no page.

use stalemap_harness::CannotBuild;
use stalemap_report::{counted, grouped};
use thiserror::Error;

/// Why there is no page.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PageError {
    /// There is no finding.
    #[error("all sides agree on all {}; there is no finding to show", counted(*.operations as u64, "operation"))]
    Agree {
        /// How many operations were done.
        operations: usize,
    },
    /// The trace is too long.
    #[error(
        "{} are more than the {} that a page shows; `stalemap minimize` shortens the trace",
        counted(*.operations as u64, "operation"), grouped(*.most as u64)
    )]
    TooLong {
        /// How many it has.
        operations: usize,
        /// How many it may have.
        most: usize,
    },
    /// The state is too large.
    #[error(
        "after operation {step} a side shows {}, more than the {} that a page shows; `stalemap minimize` makes the machine smaller",
        counted(*.facts as u64, "fact"), grouped(*.most as u64)
    )]
    TooLarge {
        /// At this operation.
        step: usize,
        /// So many facts are shown.
        facts: usize,
        /// So many may be.
        most: usize,
    },
    /// A subject cannot be built.
    #[error(transparent)]
    NotBuilt(#[from] CannotBuild),
    /// The page would be too large.
    #[error(
        "the page would have {} bytes, more than {}; `stalemap minimize` shortens the trace",
        grouped(*.bytes as u64), grouped(*.most as u64)
    )]
    TooMuch {
        /// How many it would have.
        bytes: usize,
        /// How many it may have.
        most: usize,
    },
}
