//! What a minimiser makes of a finding.

use std::time::Duration;

use super::hunt::Found;

/// A finding that a minimiser has shortened.
pub(super) struct Shortened {
    pub(super) found: Found,
    /// Executions that this took.
    pub(super) executions: u64,
    /// CPU time that this took.
    pub(super) time: Duration,
}
