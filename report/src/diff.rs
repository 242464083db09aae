//! The difference of two states, line by line.

use std::fmt::Write;

use similar::{ChangeTag, TextDiff};

use crate::style::{BAD, GOOD};

/// Both states in one text, indented: lines of the reference alone begin with `-`, those of the subject alone with
/// `+`, under a line that says so. Equal states stand once and without it.
#[must_use]
pub fn diff(reference: &str, subject: &str, name: &str) -> String {
    let mut text = String::new();
    write_diff(&mut text, reference, subject, name).expect("a string takes everything");
    text
}

fn write_diff(text: &mut String, reference: &str, subject: &str, name: &str) -> std::fmt::Result {
    if reference != subject {
        writeln!(text, "  {BAD}- reference{BAD:#}   {GOOD}+ {name}{GOOD:#}")?;
    }
    for change in TextDiff::from_lines(reference, subject).iter_all_changes() {
        let line = change.value().trim_end();
        match change.tag() {
            ChangeTag::Delete => writeln!(text, "  {BAD}- {line}{BAD:#}")?,
            ChangeTag::Insert => writeln!(text, "  {GOOD}+ {line}{GOOD:#}")?,
            ChangeTag::Equal => writeln!(text, "    {line}")?,
        }
    }
    Ok(())
}
