//! What an observer of a run is shown.

use stalemap_operations::{Observables, Observation, Operation, Outcome};

use crate::mismatch::Mismatch;
use crate::names::Names;

/// A step as it is shown to an observer of a run.
#[derive(Debug)]
pub struct Watched<'a> {
    /// Index of the operation.
    pub step: usize,
    /// What was done.
    pub operation: Operation,
    /// What the reference answers.
    pub expected: Outcome,
    /// What the subject answers.
    pub claimed: Outcome,
    /// Everything of the reference.
    pub reference: &'a Observation,
    /// Everything of the subject.
    pub subject: &'a Observation,
    /// What of them is compared: the subject shows it, or there is nothing of it to show ([`Capabilities::known`](stalemap_operations::Capabilities::known)). Whatever
    /// else stands in the subject's observation means nothing.
    pub shown: Observables,
    /// Names for the pages of both.
    pub names: &'a Names,
    /// What an oracle finds; no step comes behind it.
    pub mismatch: Option<&'a Mismatch>,
}

/// The observer of a run, if there is one.
pub(crate) type Watcher<'w> = Option<&'w mut dyn FnMut(&Watched<'_>)>;
