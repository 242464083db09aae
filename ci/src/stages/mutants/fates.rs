//! What became of the changed lines, kept from call to call while their files stay the same.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use stalemap_ci::files_below;

/// A change that does not compile.
pub(super) const UNVIABLE: &str = "unviable";

/// A change with which a test does not end.
pub(super) const TIMEOUT: &str = "timeout";

/// A change that no test so far has noticed.
pub(super) const MISSED: &str = "missed";

/// The changes that are settled or missed, a line each: name and fate, with a tab between.
const KEPT: &str = "fates.tsv";

/// The sources that they are changes of, a line each: path and digest, with a tab between.
const SOURCES: &str = "sources.tsv";

/// The changes that no switch can make, a line each: name and why.
const LONE: &str = "alone.tsv";

/// By the name of each change that was tested: [`UNVIABLE`], [`TIMEOUT`], [`MISSED`], or the test that noticed it.
#[derive(Debug)]
pub(super) struct Fates {
    by_name: BTreeMap<String, String>,
    /// Those that no switch can make: each needs a build of its own.
    alone: BTreeMap<String, String>,
    /// Where they are kept.
    folder: PathBuf,
}

impl Fates {
    /// What earlier runs have settled, interrupted ones too, of sources that are still the same.
    ///
    /// `sources` are folders below the root.
    pub(super) fn kept(folder: &Path, root: &Path, sources: &[PathBuf]) -> Result<Fates> {
        let (by_name, alone) = (pairs(&folder.join(KEPT))?, pairs(&folder.join(LONE))?);
        let mut fates = Fates { by_name, alone, folder: folder.to_owned() };
        let (before, mut now) = (pairs(&folder.join(SOURCES))?, BTreeMap::new());
        for source in sources {
            now.append(&mut digests(root, source)?);
        }
        let is_same = |path: &str| before.contains_key(path) && before.get(path) == now.get(path);
        for kept in [&mut fates.by_name, &mut fates.alone] {
            kept.retain(|name, _| name.split(':').next().is_some_and(is_same));
        }
        fates.keep()?;
        write_pairs(&folder.join(SOURCES), &now)?;
        Ok(fates)
    }

    /// Whether it needs no more tests.
    pub(super) fn is_settled(&self, name: &str) -> bool {
        self.get(name).is_some_and(|fate| fate != MISSED)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.by_name.get(name).map(String::as_str)
    }

    pub(super) fn set(&mut self, name: &str, fate: &str) {
        self.by_name.insert(name.to_owned(), fate.to_owned());
    }

    /// Whether no switch can make it.
    pub(super) fn is_alone(&self, name: &str) -> bool {
        self.alone.contains_key(name)
    }

    pub(super) fn set_alone(&mut self, name: &str, why: &str) {
        self.alone.insert(name.to_owned(), why.to_owned());
    }

    /// Writes them down.
    pub(super) fn keep(&self) -> Result<()> {
        write_pairs(&self.folder.join(KEPT), &self.by_name)?;
        write_pairs(&self.folder.join(LONE), &self.alone)
    }
}

/// A number for the text of each file below a folder, by its path from the root.
fn digests(root: &Path, folder: &Path) -> Result<BTreeMap<String, String>> {
    let digest = |path: PathBuf| {
        let mut hasher = DefaultHasher::new();
        read(&path)?.hash(&mut hasher);
        Ok((path.strip_prefix(root)?.to_string_lossy().into_owned(), format!("{:016x}", hasher.finish())))
    };
    files_below(folder)?.into_iter().map(digest).collect()
}

fn pairs(path: &Path) -> Result<BTreeMap<String, String>> {
    let text = read(path)?;
    let pairs = text.lines().filter_map(|line| line.rsplit_once('\t'));
    Ok(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn write_pairs(path: &Path, pairs: &BTreeMap<String, String>) -> Result<()> {
    let text: String = pairs.iter().map(|(name, value)| format!("{name}\t{value}\n")).collect();
    write(path, &text)
}

/// The text of a file; a file that does not exist has none.
fn read(path: &Path) -> Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        text => text.with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Writes a file, whole or not at all.
fn write(path: &Path, text: &str) -> Result<()> {
    let beside = path.with_extension("part");
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, path));
    written.with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Fates, MISSED, UNVIABLE};

    #[test]
    fn what_is_settled_is_kept_while_the_source_stays_the_same() {
        let root = tempfile::tempdir().unwrap();
        let (root, folder, sources) = (root.path(), root.path().join("kept"), root.path().join("a/src"));
        fs::create_dir_all(&sources).unwrap();
        fs::create_dir(&folder).unwrap();
        fs::write(sources.join("a.rs"), "one").unwrap();
        fs::write(sources.join("b.rs"), "two").unwrap();
        let kept = || Fates::kept(&folder, root, std::slice::from_ref(&sources)).unwrap();
        let mut fates = kept();
        let names = ["a/src/a.rs:1:2: replace a", "a/src/b.rs:1:2: replace b", "a/src/b.rs:5:6: replace d"];
        names.into_iter().zip(["some test", MISSED, UNVIABLE]).for_each(|(name, fate)| fates.set(name, fate));
        fates.set_alone("a/src/b.rs:7:8: replace e", "constant");
        fates.keep().unwrap();
        fs::write(sources.join("a.rs"), "one, changed").unwrap();
        let fates = kept();
        assert_eq!(names.map(|name| fates.get(name)), [None, Some(MISSED), Some(UNVIABLE)]);
        assert!(!fates.is_settled(names[1]) && fates.is_settled(names[2]), "a missed one is tried again");
        assert!(fates.is_alone("a/src/b.rs:7:8: replace e"));
    }
}
