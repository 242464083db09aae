//! The changes that cargo-mutants would make: where each is and what stands there then.

use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;
use xshell::{Shell, cmd};

/// What sort of change it is, which says what its place is a place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// A function returns a value at once.
    Body,
    /// An operator between two operands is another.
    Binary,
    /// An operator before its operand is gone.
    Unary,
    /// An arm of a `match` is gone.
    Arm,
    /// The condition of an arm is a constant.
    Guard,
    /// A field of a struct expression keeps what the base has.
    Field,
}

/// A change of one place of a source.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// File, line, column, and what is done: as cargo-mutants names it.
    pub(super) name: String,
    /// The file, as a path from the root.
    pub(super) file: String,
    /// Its place, in bytes of the file.
    pub(super) place: Range<usize>,
    /// What stands there then.
    pub(super) replacement: String,
    pub(super) sort: Sort,
}

/// Lists the changes of a package.
///
/// `how` holds more arguments of cargo-mutants.
pub(super) fn list(sh: &Shell, program: &Path, how: &[&str]) -> Result<Vec<Change>> {
    let text = cmd!(sh, "{program} mutants --list --json {how...}").quiet().read()?;
    let root = sh.current_dir();
    read(&text, &|file| sh.read_file(root.join(file)).map_err(anyhow::Error::from))
}

/// Reads a list in JSON; `source` gives the text of a file.
fn read(list: &str, source: &dyn Fn(&str) -> Result<String>) -> Result<Vec<Change>> {
    let list: Vec<Value> = serde_json::from_str(list).context("the list of cargo-mutants is no JSON")?;
    let mut kept: Option<(String, String)> = None;
    let mut changes = Vec::new();
    for value in &list {
        let text = |field: &str| value[field].as_str().with_context(|| format!("no `{field}` in {value}"));
        let file = text("file")?;
        if kept.as_ref().is_none_or(|(name, _)| name != file) {
            kept = Some((file.to_owned(), source(file)?));
        }
        let source = kept.as_ref().map_or("", |(_, source)| source);
        let offset = |end: &str| {
            let number = |field: &str| value["span"][end][field].as_u64().and_then(|it| usize::try_from(it).ok());
            number("line").zip(number("column")).and_then(|(line, column)| offset(source, line, column))
        };
        let place = offset("start").zip(offset("end")).with_context(|| format!("no place in {value}"))?;
        let sort = match text("genre")? {
            "FnValue" => Sort::Body,
            "BinaryOperator" => Sort::Binary,
            "UnaryOperator" => Sort::Unary,
            "MatchArm" => Sort::Arm,
            "MatchArmGuard" => Sort::Guard,
            "StructField" => Sort::Field,
            other => anyhow::bail!("cargo-mutants makes a change of an unknown sort: {other}"),
        };
        changes.push(Change {
            name: text("name")?.to_owned(),
            file: file.to_owned(),
            place: place.0..place.1,
            replacement: text("replacement")?.to_owned(),
            sort,
        });
    }
    Ok(changes)
}

/// The byte at a line and a column, which count from one; columns count characters.
fn offset(source: &str, line: usize, column: usize) -> Option<usize> {
    let start: usize = source.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let rest = source.get(start..)?;
    let mut places = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    Some(start + places.nth(column.checked_sub(1)?)?)
}

#[cfg(test)]
mod tests {
    use super::{Sort, read};

    #[test]
    fn a_listed_change_is_found_in_its_source() {
        let list = r#"[{
            "file": "a/src/b.rs", "name": "a/src/b.rs:2:7: replace + with - in f", "genre": "BinaryOperator", "replacement": "-",
            "span": {"start": {"line": 2, "column": 7}, "end": {"line": 2, "column": 8}}
        }]"#;
        let source = "fn f() {\n  'é' + b\n}\n";
        let changes = read(list, &|_| Ok(source.to_owned())).unwrap();
        assert_eq!(&source[changes[0].place.clone()], "+");
        assert_eq!((changes[0].sort, changes[0].file.as_str()), (Sort::Binary, "a/src/b.rs"));
        let unknown = list.replace("BinaryOperator", "Other");
        assert!(
            read(&unknown, &|_| Ok(source.to_owned())).unwrap_err().to_string().ends_with("an unknown sort: Other")
        );
        let outside = list.replace("\"line\": 2", "\"line\": 9");
        assert!(read(&outside, &|_| Ok(source.to_owned())).unwrap_err().to_string().starts_with("no place in "));
    }
}
