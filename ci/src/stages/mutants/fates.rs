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

/// A change with which the tests of a pass do not end.
pub(super) const TIMEOUT: &str = "timeout";

/// A change that no test of the passes so far has noticed.
pub(super) const MISSED: &str = "missed";

/// The changes that are settled or missed, a line each: name and fate, with a tab between.
const KEPT: &str = "fates.tsv";

/// The sources that they are changes of, a line each: path and digest, with a tab between.
const SOURCES: &str = "sources.tsv";

/// The name of the pass that runs, or was interrupted.
const PASS: &str = "pass.txt";

/// By the name of each change that was tested: [`UNVIABLE`], [`TIMEOUT`], [`MISSED`], or the pass that noticed it.
#[derive(Debug)]
pub(super) struct Fates {
    by_name: BTreeMap<String, String>,
    /// Where they are kept.
    folder: PathBuf,
}

impl Fates {
    /// What earlier runs have settled, interrupted ones too, of sources that are still the same.
    pub(super) fn kept(folder: &Path, root: &Path, sources: &Path) -> Result<Fates> {
        let mut fates = Fates { by_name: pairs(&folder.join(KEPT))?, folder: folder.to_owned() };
        fates.harvest()?;
        let (before, now) = (pairs(&folder.join(SOURCES))?, digests(root, sources)?);
        let is_same = |path: &str| before.contains_key(path) && before.get(path) == now.get(path);
        fates.by_name.retain(|name, _| name.split(':').next().is_some_and(is_same));
        write_pairs(&folder.join(KEPT), &fates.by_name)?;
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

    /// Prepares the folder for a pass of cargo-mutants, which skips what stands in this list.
    pub(super) fn begin(&self, pass: &str) -> Result<()> {
        let record = self.folder.join("mutants.out");
        if record.exists() {
            fs::remove_dir_all(&record).with_context(|| format!("cannot empty {}", record.display()))?;
        }
        fs::create_dir_all(&record).with_context(|| format!("cannot make {}", record.display()))?;
        let settled = self.by_name.iter().filter(|(_, fate)| *fate != MISSED);
        let list: String = settled.map(|(name, _)| format!("{name}\n")).collect();
        write(&record.join("previously_caught.txt"), &list)?;
        write(&self.folder.join(PASS), pass)
    }

    /// Adds what cargo-mutants has settled since the pass began, and keeps it.
    pub(super) fn harvest(&mut self) -> Result<()> {
        let (pass, record) = (read(&self.folder.join(PASS))?, self.folder.join("mutants.out"));
        let lists = [
            ("missed.txt", MISSED),
            ("caught.txt", pass.as_str()),
            ("timeout.txt", TIMEOUT),
            ("unviable.txt", UNVIABLE),
        ];
        for (list, fate) in lists {
            let names = read(&record.join(list))?;
            self.by_name.extend(names.lines().map(|name| (name.to_owned(), fate.to_owned())));
        }
        write_pairs(&self.folder.join(KEPT), &self.by_name)
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

    use super::{Fates, MISSED, TIMEOUT, UNVIABLE};

    #[test]
    fn an_interrupted_pass_is_kept_while_the_source_stays_the_same() {
        let root = tempfile::tempdir().unwrap();
        let (root, folder, sources) = (root.path(), root.path().join("kept"), root.path().join("a/src"));
        fs::create_dir_all(&sources).unwrap();
        fs::create_dir(&folder).unwrap();
        fs::write(sources.join("a.rs"), "one").unwrap();
        fs::write(sources.join("b.rs"), "two").unwrap();
        let kept = || Fates::kept(&folder, root, &sources).unwrap();
        kept().begin("quick").unwrap();
        let record = folder.join("mutants.out");
        fs::write(record.join("caught.txt"), "a/src/a.rs:1:2: replace a\na/src/b.rs:1:2: replace b\n").unwrap();
        fs::write(record.join("timeout.txt"), "a/src/b.rs:3:4: replace c\n").unwrap();
        fs::write(record.join("unviable.txt"), "a/src/b.rs:5:6: replace d\n").unwrap();
        fs::write(record.join("missed.txt"), "a/src/b.rs:7:8: replace e\n").unwrap();
        fs::write(sources.join("a.rs"), "one, changed").unwrap();
        let fates = kept();
        let names = [":1:2: replace b", ":3:4: replace c", ":5:6: replace d", ":7:8: replace e"];
        let found = names.map(|name| fates.get(&format!("a/src/b.rs{name}")));
        assert_eq!(found, [Some("quick"), Some(TIMEOUT), Some(UNVIABLE), Some(MISSED)]);
        assert!(fates.is_settled("a/src/b.rs:1:2: replace b") && !fates.is_settled("a/src/b.rs:7:8: replace e"));
        assert_eq!(fates.get("a/src/a.rs:1:2: replace a"), None, "its source is another now");
        fates.begin("thorough").unwrap();
        let list = fs::read_to_string(record.join("previously_caught.txt")).unwrap();
        assert_eq!(list.lines().count(), 3);
        assert_eq!(kept().get("a/src/b.rs:1:2: replace b"), Some("quick"));
    }
}
