//! What campaigns have passed of a subject's own code, such as a kernel's: the union of all that is added.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::folder::{Folder, Locked, entries, read_json};

/// The lines and functions of a subject's own code that are counted, each with whether it was passed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// The subject's name.
    pub subject: String,
    /// By the path of the source.
    pub files: BTreeMap<String, PassedFile>,
}

/// One source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedFile {
    /// By name.
    pub functions: BTreeMap<String, bool>,
    /// By number.
    #[serde(with = "pairs")]
    pub lines: BTreeMap<u32, bool>,
}

/// A map as pairs: a key that is a number does not come through the flattened content of a file.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(lines: &BTreeMap<u32, bool>, into: S) -> Result<S::Ok, S::Error> {
        into.collect_seq(lines)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<BTreeMap<u32, bool>, D::Error> {
        Ok(Vec::<(u32, bool)>::deserialize(from)?.into_iter().collect())
    }
}

impl Passed {
    /// Adds what others have passed of the same code.
    pub fn add(&mut self, other: &Passed) {
        for (name, file) in &other.files {
            let ours = self.files.entry(name.clone()).or_default();
            for (function, is_passed) in &file.functions {
                *ours.functions.entry(function.clone()).or_default() |= is_passed;
            }
            for (line, is_passed) in &file.lines {
                *ours.lines.entry(*line).or_default() |= is_passed;
            }
        }
    }

    /// Adds this to the one of the same subject, or to the list.
    pub(super) fn add_to(&self, all: &mut Vec<Passed>) {
        match all.binary_search_by(|it| it.subject.cmp(&self.subject)) {
            Ok(at) => all[at].add(self),
            Err(at) => all.insert(at, self.clone()),
        }
    }
}

impl PassedFile {
    /// Functions that were passed, and all.
    #[must_use]
    pub fn functions(&self) -> [usize; 2] {
        [self.functions.values().filter(|is_passed| **is_passed).count(), self.functions.len()]
    }

    /// Lines that were passed, and all.
    #[must_use]
    pub fn lines(&self) -> [usize; 2] {
        [self.lines.values().filter(|is_passed| **is_passed).count(), self.lines.len()]
    }
}

/// All that lies in a store, by subject, and what cannot be read.
pub(super) fn read_all(folder: &Folder, damaged: &mut Vec<StoreError>) -> Result<Vec<Passed>, StoreError> {
    let mut all = Vec::new();
    for path in entries(&passed(folder))? {
        match read_json::<Passed>(&path) {
            Ok(read) => read.iter().for_each(|passed| passed.add_to(&mut all)),
            Err(error) => damaged.push(error),
        }
    }
    Ok(all)
}

/// Adds to what lies in a store; a file that is damaged is replaced.
pub(super) fn add(folder: &Folder, locked: &Locked<'_>, more: &Passed) -> Result<(), StoreError> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let name: String = more.subject.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
    let path = passed(folder).join(format!("{name}.json"));
    let mut sum = match read_json::<Passed>(&path) {
        Ok(there) => there.unwrap_or_default(),
        Err(StoreError::Damaged { .. }) => Passed::default(),
        Err(error) => return Err(error),
    };
    sum.subject.clone_from(&more.subject);
    sum.add(more);
    locked.write_json(&path, &sum)
}

fn passed(folder: &Folder) -> PathBuf {
    folder.inside().join("passed")
}
