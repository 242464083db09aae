//! The tables of the README: a campaign's numbers go into the line of its row.

use std::path::{Path, PathBuf};

use crate::campaign::Outcome;
use crate::catalogue::{Known, Row};

/// Where it is.
#[must_use]
pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

/// How the line of a row begins.
#[must_use]
pub fn start(row: &Row) -> String {
    format!("| `{}` | {} | {} | ", row.name(), row.released, row.level)
}

/// The README with what a campaign came to: how many executions agreed, of a version that agrees, or which execution was the first to
/// show its fault. None without a line for the row.
#[must_use]
pub fn with(readme: &str, row: &Row, outcome: &Outcome) -> Option<String> {
    let start = start(row);
    let first = outcome.findings.values().map(|found| found.executions).min();
    let number = match (row.known, first) {
        (Known::Fault { repaired: Some(_), .. }, Some(first)) => first,
        _ => outcome.executions,
    };
    let line = readme.lines().find(|line| line.starts_with(&start))?;
    let (_, rest) = line[start.len()..].split_once('|')?;
    Some(readme.replace(line, &format!("{start}{} |{rest}", grouped(number))))
}

/// With a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Outcome, start, with};
    use crate::catalogue::row;

    #[test]
    fn a_line_gets_the_executions_of_its_campaign_and_no_other_line_changes() {
        let row = row("range-alloc").expect("a row");
        let before = format!("| a | b |\n{}7 | agrees | ranges |\n| c | d |\n", start(row));
        let outcome = Outcome { executions: 1_234_567, operations: 0, findings: BTreeMap::new() };
        let after = format!("| a | b |\n{}1,234,567 | agrees | ranges |\n| c | d |\n", start(row));
        assert_eq!(with(&before, row, &outcome), Some(after));
        assert_eq!(with("| a | b |\n", row, &outcome), None);
    }
}
