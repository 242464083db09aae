//! What a rule is, and what it says when something breaks it.

use std::fmt;

use crate::tree::{File, Tree};

/// A rule that the whole workspace keeps.
#[derive(Debug)]
pub struct Rule {
    /// Its name, as it stands in messages and in the tests.
    pub name: &'static str,
    /// Why it is there, as a sentence.
    pub why: &'static str,
    /// What to do instead, as a sentence.
    pub instead: &'static str,
    /// Finds what breaks it.
    pub(crate) check: fn(&Tree, &mut Offences),
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It is printed, and that is all.
    Warning,
    /// The stage fails.
    Error,
}

/// A place that breaks a rule.
#[derive(Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How bad it is.
    pub severity: Severity,
    /// The file.
    pub path: String,
    /// The line in it, from 1.
    pub line: usize,
    /// What stands there, as a part of a sentence.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let Finding { rule, path, line, what, .. } = self;
        write!(f, "{path}:{line}: {severity}: {what} [{}]", rule.name)?;
        write!(f, "\n    why:     {}\n    instead: {}", rule.why, rule.instead)
    }
}

/// Where the check of a rule puts what it found.
#[derive(Debug, Default)]
pub(crate) struct Offences(Vec<(Severity, String, usize, String)>);

impl Offences {
    /// Something that fails the stage.
    pub(crate) fn error(&mut self, file: &File, line: usize, what: impl Into<String>) {
        self.0.push((Severity::Error, file.path.clone(), line, what.into()));
    }

    /// Something that is only said.
    pub(crate) fn warning(&mut self, file: &File, line: usize, what: impl Into<String>) {
        self.0.push((Severity::Warning, file.path.clone(), line, what.into()));
    }
}

/// What breaks the rules in the tree: rule by rule, and of one rule in the order of paths and lines.
#[must_use]
pub fn check(rules: &'static [Rule], tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in rules {
        let mut offences = Offences::default();
        (rule.check)(tree, &mut offences);
        offences.0.sort_by(|(_, path, line, _), (_, other, other_line, _)| (path, line).cmp(&(other, other_line)));
        let found = offences.0.into_iter();
        findings.extend(found.map(|(severity, path, line, what)| Finding { rule, severity, path, line, what }));
    }
    findings
}
