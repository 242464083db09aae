//! A check: a part of an oracle, and what it needs to see.

use stalemap_operations::Observables;

use super::difference::Difference;
use super::step::StepView;

/// An oracle that checks each step.
pub(crate) struct Oracle {
    /// Its name, the first word of a signature.
    pub(crate) name: &'static str,
    /// What it checks, in order.
    pub(crate) checks: &'static [Check],
}

/// A part of an oracle that needs the same observables throughout.
pub(crate) struct Check {
    /// Its name, which no other check of its oracle has.
    pub(crate) name: &'static str,
    /// The observables that it needs.
    pub(crate) needs: Observables,
    /// Finds a difference in a step.
    pub(super) find: fn(&StepView<'_>) -> Result<(), Difference>,
}
