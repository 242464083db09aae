//! The entries of `known.toml`: read, brought together, and written.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};
use stalemap_harness::Signature;

use super::day::Day;
use crate::{input, output};

/// The file in a folder of findings that names those that are known.
pub(crate) const FILE: &str = "known.toml";

/// Why and for how long a finding is known, as its author has written it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) signature: String,
    pub(crate) reason: String,
    /// The day after which it is a finding again.
    pub(crate) expires: String,
    /// A trace that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trace: Option<PathBuf>,
}

impl Entry {
    /// Whether its day is over.
    pub(crate) fn has_expired(&self) -> bool {
        self.expires.parse::<Day>().is_ok_and(|day| day < Day::today())
    }

    /// Of two entries for one finding the lower one counts. The later day comes first, so that what is known in one folder is known in
    /// all of them together.
    fn rank(&self) -> impl Ord {
        (Reverse(&self.expires), &self.reason, self.trace.is_none(), &self.trace)
    }

    /// The words of its author.
    fn words(&self) -> String {
        format!("\"{}\" until {}", self.reason, self.expires)
    }
}

/// What stands in a file.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    #[serde(default)]
    known: Vec<Entry>,
}

/// The entries of a text, whose signatures and days are right. A path is meant from the file.
pub(super) fn entries(file: &Path, text: &str) -> Result<Vec<(Signature, Entry)>> {
    let listed: Listed = basic_toml::from_str(text).with_context(|| format!("{} cannot be used", file.display()))?;
    let checked = listed.known.into_iter().map(|entry| {
        let of_entry = || format!("{}: the entry \"{}\"", file.display(), entry.signature);
        let signature: Signature = entry.signature.parse().map_err(|error| anyhow!("{}: {error}", of_entry()))?;
        entry.expires.parse::<Day>().with_context(of_entry)?;
        let trace = entry.trace.as_ref().map(|trace| file.parent().unwrap_or(Path::new("")).join(trace));
        Ok((signature, Entry { trace, ..entry }))
    });
    checked.collect()
}

/// The text of a file.
pub(super) fn text(file: &Path) -> Result<String> {
    let text = input::read_content(file).and_then(|content| Ok(String::from_utf8(content)?));
    text.with_context(|| format!("cannot read {}", file.display()))
}

/// The entries of several folders of findings, one for each finding, whatever the order of the folders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct List {
    entries: BTreeMap<String, Entry>,
    /// The words for each finding.
    words: BTreeMap<String, BTreeSet<String>>,
}

impl List {
    /// What the folders name. Each trace goes through `kept`, which says how it is named from then on.
    pub(crate) fn of(folders: &[PathBuf], mut kept: impl FnMut(PathBuf) -> Result<PathBuf>) -> Result<List> {
        let mut list = List::default();
        for file in folders.iter().map(|folder| folder.join(FILE)).filter(|file| file.exists()) {
            for (signature, entry) in entries(&file, &text(&file)?)? {
                let trace = entry.trace.map(&mut kept).transpose().with_context(|| file.display().to_string())?;
                list.add(Entry { signature: signature.to_string(), trace, ..entry });
            }
        }
        Ok(list)
    }

    fn add(&mut self, entry: Entry) {
        self.words.entry(entry.signature.clone()).or_default().insert(entry.words());
        let counts = self.entries.entry(entry.signature.clone()).or_insert_with(|| entry.clone());
        if entry.rank() < counts.rank() {
            *counts = entry;
        }
    }

    /// Tells of each finding that has several words which of them count.
    pub(crate) fn tell_differences(&self) {
        for entry in self.entries.values() {
            let counts = entry.words();
            let others: Vec<_> =
                self.words[&entry.signature].iter().filter(|words| **words != counts).cloned().collect();
            if !others.is_empty() {
                let signature = &entry.signature;
                output::tell(format_args!("{signature} is known as {counts}, and not as {}", others.join(", ")));
            }
        }
    }

    /// The entry of a finding.
    pub(crate) fn get(&self, signature: &str) -> Option<&Entry> {
        self.entries.get(signature)
    }

    /// All entries, by signature.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// The file that has these entries.
    pub(crate) fn text(&self) -> Result<String> {
        let listed = Listed { known: self.entries().cloned().collect() };
        Ok(basic_toml::to_string(&listed)?)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Entry, List, entries};

    fn entry(signature: &str, expires: &str, reason: &str, trace: Option<&str>) -> Entry {
        let [signature, expires, reason] = [signature, expires, reason].map(str::to_string);
        Entry { signature, reason, expires, trace: trace.map(Into::into) }
    }

    fn list(entries: &[Entry]) -> List {
        let mut list = List::default();
        entries.iter().cloned().for_each(|entry| list.add(entry));
        list
    }

    #[test]
    fn of_several_entries_for_one_finding_the_same_counts_in_every_order() {
        let one = [
            entry("content.value@read", "2027-01-01", "issue 1", None),
            entry("content.value@read", "2028-01-01", "issue 3", None),
            entry("content.value@read", "2028-01-01", "issue 2", None),
            entry("content.value@read", "2028-01-01", "issue 2", Some("known/b.trace")),
            entry("content.value@read", "2028-01-01", "issue 2", Some("known/a.trace")),
        ];
        let all = list(&one);
        assert_eq!(all.get("content.value@read"), Some(&one[4]));
        for first in 0..one.len() {
            let mut turned = one.clone();
            turned.rotate_left(first);
            assert_eq!(list(&turned), all);
            turned.reverse();
            assert_eq!(list(&turned), all);
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let all = list(&[
            entry("outcome.effect@read", "2027-01-01", "it \"reads\" = \\ wrong\n", None),
            entry("content.value@read", "2028-01-01", "issue 2", Some("known/a.trace")),
        ]);
        let read = entries(Path::new("known.toml"), &all.text().expect("a text")).expect("entries");
        let read: Vec<Entry> = read.into_iter().map(|(_, entry)| entry).collect();
        assert_eq!(list(&read), all);
        assert_eq!(list(&[]).text().expect("a text"), "known = []\n");
    }
}
