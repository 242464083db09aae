//! Orders: what a page asks the server for.

use serde::Deserialize;

/// Work on a trace.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkOrder {
    /// The tab that asks; its earlier work ends.
    pub(super) tab: String,
    pub(super) work: Work,
    /// The trace.
    pub(super) text: String,
    /// The subjects that it is run on, in the order of the columns.
    pub(super) subjects: Vec<Wanted>,
    /// What the trace is called, or is to be.
    #[serde(default)]
    pub(super) name: String,
}

/// What is done with a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Work {
    /// It is run, and each step is shown.
    Run,
    /// Changed traces are tried too.
    Explain,
    /// It is shortened.
    Minimise,
    /// It is kept in the folder.
    Keep,
}

/// A subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    pub(super) name: String,
    /// The fault that is switched on in it.
    pub(super) variant: Option<String>,
}

/// Work that goes on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JobOrder {
    pub(super) tab: String,
    pub(super) job: u64,
}

/// All work of a tab ends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StopOrder {
    pub(super) tab: String,
}

/// A trace of the folder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TraceOrder {
    pub(super) name: String,
}

/// What the folder holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FolderOrder {
    /// What the page knows already.
    pub(super) stamp: String,
}
