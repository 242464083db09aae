//! The files of the workspace as the rules see them: everything that could be committed, read once.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::exempt::{declared_test_files, is_test_path, without_tests};
use crate::tokens::{self, Node};

/// A file of the workspace.
#[derive(Debug)]
pub struct File {
    /// Its path from the root of the workspace, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Its tokens; empty if it is not a Rust source.
    pub tokens: Vec<Node>,
    /// Its tokens outside test code.
    pub live: Vec<Node>,
    /// Why it cannot be read, although it should be a Rust source.
    pub unreadable: Option<String>,
}

impl File {
    fn new(path: String, text: String) -> Self {
        let (tokens, unreadable) = match path.ends_with(".rs").then(|| tokens::read(&text)) {
            Some(Ok(tokens)) => (tokens, None),
            Some(Err(sentence)) => (Vec::new(), Some(sentence)),
            None => (Vec::new(), None),
        };
        let live = if is_test_path(&path) { Vec::new() } else { without_tests(&tokens) };
        File { path, text, tokens, live, unreadable }
    }

    /// Is it a Rust source?
    #[must_use]
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Does it stand in this folder, or below it?
    #[must_use]
    pub fn is_in(&self, folder: &str) -> bool {
        self.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Its lines with their numbers.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.split('\n'))
    }
}

/// All files of the workspace, ordered by path.
#[derive(Debug)]
pub struct Tree {
    /// The files.
    pub files: Vec<File>,
}

impl Tree {
    /// Reads what stands under the root and is not ignored; files that are no text are passed over.
    ///
    /// # Errors
    /// When a folder or file cannot be read.
    pub fn read(root: &Path) -> Result<Self> {
        let ignored = Ignored::of(root);
        let mut texts = Vec::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
            for entry in entries {
                let entry = entry?;
                let path = path_from(root, &entry.path());
                if ignored.covers(&path) {
                    continue;
                }
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() {
                    let bytes = fs::read(entry.path()).with_context(|| format!("cannot read {path}"))?;
                    texts.extend(String::from_utf8(bytes).ok().map(|text| (path, text)));
                }
            }
        }
        texts.sort();
        Ok(Self::of(texts))
    }

    /// A tree of the given paths and texts.
    pub fn of(texts: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut files: Vec<File> = texts.into_iter().map(|(path, text)| File::new(path, text)).collect();
        let declared: BTreeSet<String> =
            files.iter().flat_map(|file| declared_test_files(&file.path, &file.tokens)).collect();
        for file in &mut files {
            let is_declared = |name: &String| file.path == *name || name.ends_with('/') && file.path.starts_with(name);
            if declared.iter().any(is_declared) {
                file.live.clear();
            }
        }
        Tree { files }
    }

    /// The Rust sources.
    pub fn sources(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_rust())
    }

    /// The Rust sources of some folders.
    pub fn sources_in(&self, folders: &[&str]) -> impl Iterator<Item = &File> {
        self.sources().filter(|file| folders.iter().any(|folder| file.is_in(folder)))
    }
}

fn path_from(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// What the root's `.gitignore` names, as far as this workspace uses its language: `/path`, `name` and `name*`.
struct Ignored {
    patterns: Vec<String>,
}

impl Ignored {
    fn of(root: &Path) -> Self {
        let text = fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let patterns = lines.map(|line| line.trim_end_matches('/').to_owned());
        Ignored { patterns: patterns.chain([".git".to_owned(), "target".to_owned()]).collect() }
    }

    fn covers(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.patterns.iter().any(|pattern| match pattern.strip_prefix('/') {
            Some(anchored) => path == anchored,
            None if pattern.contains('/') => path == pattern,
            None => match pattern.split_once('*') {
                Some((start, end)) => {
                    name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
                }
                None => name == pattern,
            },
        })
    }
}

/// The root of the workspace that holds the folder: the nearest one whose manifest has a `[workspace]` table.
///
/// # Errors
/// When there is none.
pub fn find_root(folder: &Path) -> Result<PathBuf> {
    let is_root = |folder: &&Path| {
        fs::read_to_string(folder.join("Cargo.toml")).is_ok_and(|text| text.lines().any(|line| line == "[workspace]"))
    };
    let root = folder.ancestors().find(is_root);
    root.map(Path::to_owned).with_context(|| {
        format!("neither {} nor any folder above it holds a Cargo.toml with a [workspace] table", folder.display())
    })
}

#[cfg(test)]
mod tests {
    use super::Ignored;

    #[test]
    fn ignored_files_are_not_looked_at() {
        let patterns = ["/finds", "/fuzz/corpus", "mutants.out*", "*.swp", ".git"].map(str::to_owned).to_vec();
        let ignored = Ignored { patterns };
        for path in ["finds", "fuzz/corpus", "mutants.out.old", "a/b.swp", ".git"] {
            assert!(ignored.covers(path), "{path}");
        }
        for path in ["corpus", "a/finds", ".github", "fuzz", "swp"] {
            assert!(!ignored.covers(path), "{path}");
        }
    }
}
