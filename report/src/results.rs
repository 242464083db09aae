//! Results of replayed files.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::finding::Finding;

/// How a file came out.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Both sides agree, and every written answer is right.
    Agree,
    /// They differ, or a written answer is wrong.
    Diverge(Box<Finding>),
    /// It could not be run.
    Trouble(String),
}

/// A file and how it came out.
#[derive(Clone, Debug, Serialize)]
pub struct FileResult {
    /// Its path as given.
    pub file: String,
    /// Operations that were done.
    pub operations: usize,
    /// Words of the operations that the subject cannot do, each once: it was not asked for them.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub left_out: BTreeSet<&'static str>,
    /// The line of its text at which it diverges, counted from 1; none where it does not, or is bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// How it came out.
    pub verdict: Verdict,
}
