//! The changes of a line that make no difference that could be seen, each with its reason.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Changes that are left out for one reason.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Equivalent {
    /// What their names match.
    pub(super) pattern: String,
    pub(super) reason: String,
    /// The names of those that there are.
    pub(super) names: Vec<String>,
}

/// Reads cargo-mutants' settings: each pattern of `exclude_re` with the comment above it.
pub(super) fn read(settings: &Path) -> Result<Vec<Equivalent>> {
    let text = fs::read_to_string(settings).with_context(|| format!("cannot read {}", settings.display()))?;
    parse(&text).with_context(|| format!("cannot understand {}", settings.display()))
}

/// Several patterns may share the comment above the first of them.
fn parse(text: &str) -> Result<Vec<Equivalent>> {
    let Some((_, list)) = text.split_once("exclude_re = [") else { return Ok(Vec::new()) };
    let mut found: Vec<Equivalent> = Vec::new();
    let mut reason = String::new();
    let mut is_reading = false;
    for line in list.lines().map(str::trim).take_while(|line| *line != "]").filter(|line| !line.is_empty()) {
        if let Some(comment) = line.strip_prefix('#') {
            if !is_reading {
                reason.clear();
            }
            is_reading = true;
            let space = if reason.is_empty() { "" } else { " " };
            reason = format!("{reason}{space}{}", comment.trim());
            continue;
        }
        is_reading = false;
        let value: toml::Value = toml::Value::Table(toml::from_str(&format!("pattern = [{line}]"))?);
        let pattern = value["pattern"][0].as_str().context("a pattern is no text")?.to_owned();
        ensure!(!reason.is_empty(), "no reason stands above `{pattern}`");
        found.push(Equivalent { pattern, reason: reason.clone(), names: Vec::new() });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{Equivalent, parse};

    #[test]
    fn each_pattern_has_the_reason_above_it() {
        let text = r#"
            minimum_test_timeout = 60
            exclude_re = [
                # One reason
                # in two lines.
                "replace \\+ with - in A::b",
                "in A::c",
                # Another.
                'in D',
            ]
        "#;
        let expected = [
            (r"replace \+ with - in A::b", "One reason in two lines."),
            ("in A::c", "One reason in two lines."),
            ("in D", "Another."),
        ];
        let expected = expected.map(|(pattern, reason)| Equivalent {
            pattern: pattern.to_owned(),
            reason: reason.to_owned(),
            names: Vec::new(),
        });
        assert_eq!(parse(text).unwrap(), expected);
        assert!(parse("exclude_re = [\n\"in A\",\n]").unwrap_err().to_string().contains("no reason"));
    }
}
