//! Folders of a test, and what lies in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use tempfile::{TempDir, tempdir, tempdir_in};

/// A new folder, in memory where the system has such a place: thousands of files are written for certain.
pub(crate) fn folder() -> TempDir {
    tempdir_in("/dev/shm").or_else(|_| tempdir()).expect("a folder")
}

/// Every file below a folder with its content.
pub(crate) fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for path in fs::read_dir(next).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it is below").display().to_string();
                files.insert(name, fs::read_to_string(&path).expect("text"));
            }
        }
    }
    files
}

/// Fails with the first difference of two stores.
pub(crate) fn assert_same(one: &Path, other: &Path, which: &str) {
    let [one, other] = [one, other].map(tree);
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    for name in names {
        assert_eq!(one.get(name), other.get(name), "{which}: {name}");
    }
}
