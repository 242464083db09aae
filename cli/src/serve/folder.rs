//! The folder that is served: the traces and campaigns in it, and the traces that are kept there. Nothing outside it is read.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use stalemap_campaign::Store;
use stalemap_commands::input::{self, Input};
use stalemap_page::Campaigns;

/// Names of traces that are listed.
const MOST_NAMES: usize = 2_000;
/// Letters of the name of a trace that is kept.
const MOST_LETTERS: usize = 120;

/// The folder that is served.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// This folder, which need not be there yet.
    pub(super) fn open(path: &Path) -> Result<Folder> {
        match fs::metadata(path) {
            Ok(there) if !there.is_dir() => bail!("{} is no folder", path.display()),
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot use {}", path.display()))
            }
            Ok(_) | Err(_) => Ok(Folder(path.to_owned())),
        }
    }

    /// As its user calls it.
    pub(super) fn name(&self) -> String {
        self.0.display().to_string()
    }

    /// The traces and inputs of engines below it, by their paths in it.
    pub(super) fn traces(&self) -> Vec<String> {
        let (files, _) = input::files_and_troubles(std::slice::from_ref(&self.0));
        let inside = |path: &PathBuf| path.strip_prefix(&self.0).ok().and_then(Path::to_str).map(str::to_string);
        files.iter().filter_map(inside).take(MOST_NAMES).collect()
    }

    /// The trace of this name, which is one of those that are listed.
    pub(super) fn read(&self, name: &str) -> Result<Input> {
        ensure!(self.traces().iter().any(|it| it == name), "{} holds no trace of this name", self.0.display());
        let (folder, path) = (fs::canonicalize(&self.0)?, fs::canonicalize(self.0.join(name))?);
        ensure!(path.starts_with(folder), "{} holds no trace of this name", self.0.display());
        input::read(&path).map_err(|error| anyhow!("{name}: {}", error.root_cause()))
    }

    /// Keeps a trace under a name that nothing has yet; the name of its file.
    pub(super) fn keep(&self, name: &str, text: &str) -> Result<String> {
        let name = name.trim_end_matches(".trace");
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._@+-".contains(letter);
        let is_name = (1..=MOST_LETTERS).contains(&name.len()) && !name.starts_with('.') && name.chars().all(is_plain);
        ensure!(is_name, "a name has up to {MOST_LETTERS} letters, digits and ._@+-, and does not begin with a point");
        let file = format!("{name}.trace");
        fs::create_dir_all(&self.0).with_context(|| format!("cannot make {}", self.0.display()))?;
        match self.write_new(&self.0.join(&file), text) {
            Ok(()) => Ok(file),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                bail!("{file} is there already: give another name")
            }
            Err(error) => Err(error).with_context(|| format!("cannot keep {file}")),
        }
    }

    /// Writes a file that is there as a whole or not at all, and takes the place of none.
    fn write_new(&self, path: &Path, text: &str) -> std::io::Result<()> {
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.prefix(".stalemap-").tempfile_in(&self.0)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// What campaigns have done there; none where there was none.
    pub(super) fn campaigns(&self) -> Result<Option<Campaigns>> {
        let store = Store::to_read(&self.0);
        if !store.is_there() {
            return Ok(None);
        }
        let contents = store.read()?;
        let name = self.name();
        Ok(Some(Campaigns::new(&[stalemap_page::Folder { name: &name, contents: &contents }])))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Folder;

    const TRACE: &str = "machine ram=1 spaces=1 pages=1\nread s0 v0\n";

    #[test]
    fn only_traces_of_the_folder_are_read() {
        let outside = tempfile::tempdir().expect("a folder");
        let inside = outside.path().join("inside");
        fs::create_dir_all(inside.join("deep")).expect("a folder");
        fs::write(outside.path().join("secret.trace"), TRACE).expect("a file");
        fs::write(inside.join("deep/a.trace"), TRACE).expect("a file");
        fs::write(inside.join("notes.txt"), "secret").expect("a file");
        #[cfg(unix)]
        std::os::unix::fs::symlink(outside.path().join("secret.trace"), inside.join("link.trace")).expect("a link");
        #[cfg(unix)]
        std::os::unix::fs::symlink(outside.path(), inside.join("linked")).expect("a link");
        let folder = Folder::open(&inside).expect("a folder");
        assert_eq!(folder.traces(), ["deep/a.trace"]);
        assert_eq!(folder.read("deep/a.trace").expect("a trace").text.as_deref(), Some(TRACE));
        let secret = outside.path().join("secret.trace").display().to_string();
        for name in [
            "../secret.trace",
            "deep/../../secret.trace",
            "link.trace",
            "linked/secret.trace",
            "notes.txt",
            "",
            &secret,
        ] {
            assert!(folder.read(name).is_err(), "{name}");
        }
    }

    #[test]
    fn what_is_kept_takes_the_place_of_nothing_and_stays_in_the_folder() {
        let outside = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(&outside.path().join("new")).expect("a folder");
        assert_eq!(folder.keep("a@b-1.trace", TRACE).expect("it is kept"), "a@b-1.trace");
        assert_eq!(folder.keep("c", TRACE).expect("it is kept"), "c.trace");
        let error = folder.keep("c", "other").expect_err("it is there");
        assert!(error.to_string().contains("c.trace is there already"), "{error}");
        assert_eq!(fs::read_to_string(outside.path().join("new/c.trace")).expect("a file"), TRACE);
        for name in ["", ".trace", "../x", "/tmp/x", "a/b", ".hidden", "a b", "x\0", &"x".repeat(121)] {
            assert!(folder.keep(name, TRACE).is_err(), "{name:?}");
        }
        assert_eq!(folder.traces(), ["a@b-1.trace", "c.trace"]);
        assert_eq!(fs::read_dir(outside.path()).expect("a folder").count(), 1, "nothing is written beside it");
    }
}
