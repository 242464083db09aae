//! Folders into which an engine writes inputs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that are looked at again and again.
pub(crate) struct Watch {
    folders: Vec<PathBuf>,
    seen: BTreeSet<PathBuf>,
}

impl Watch {
    /// Whatever is in the folders is new.
    pub(crate) fn of(folders: Vec<PathBuf>) -> Watch {
        Watch { folders, seen: BTreeSet::new() }
    }

    /// At most so many files that are new since the last look, in the order of their names.
    pub(crate) fn look(&mut self, most: usize) -> Vec<PathBuf> {
        let mut new: Vec<PathBuf> =
            self.folders.iter().flat_map(|folder| files(folder)).filter(|file| !self.seen.contains(file)).collect();
        new.sort();
        new.truncate(most);
        self.seen.extend(new.iter().cloned());
        new
    }
}

/// How many inputs a folder holds.
#[must_use]
pub fn count(folder: &Path) -> usize {
    files(folder).len()
}

/// The inputs in a folder: all files but those that AFL++ writes about itself, and empty ones: an engine is about to write
/// into them, or was ended when it was.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_input = |path: &PathBuf| {
        let is_about = path.file_name().is_some_and(|name| name == "README.txt" || name.as_encoded_bytes()[0] == b'.');
        !is_about && fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() > 0)
    };
    entries.filter(is_input).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Watch;

    #[test]
    fn an_input_is_new_once_and_not_before_it_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let mut watch = Watch::of(vec![folder.path().to_owned()]);
        fs::write(path("b"), "").expect("a file");
        fs::write(path("a"), "bytes").expect("a file");
        assert_eq!(watch.look(usize::MAX), [path("a")]);
        fs::write(path("b"), "bytes").expect("a file");
        assert_eq!([watch.look(usize::MAX), watch.look(usize::MAX)], [vec![path("b")], vec![]]);
    }
}
