//! The repository of a subject: its commits, a worktree in which they are checked out, and git bisect, which chooses among them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;

/// A git repository.
pub(super) struct Repository(PathBuf);

/// A worktree of its own, which is removed when this is dropped.
pub(super) struct Worktree {
    repository: PathBuf,
    path: PathBuf,
    _folder: TempDir,
}

/// What git says when a commit was marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Marked {
    /// This commit is checked out and tried next; so many are left behind it.
    Next {
        /// The commit.
        commit: String,
        /// How many are left.
        left: usize,
    },
    /// This one is the first bad commit.
    First(String),
    /// It is one of these, all but one of which were skipped.
    OneOf(Vec<String>),
}

impl Repository {
    /// The repository that this folder is in.
    pub(super) fn open(folder: &Path) -> Result<Repository> {
        ensure!(folder.is_dir(), "{} is no folder", folder.display());
        let root = git(folder, &["rev-parse", "--show-toplevel"])?;
        ensure!(root.status.success(), "{} is in no git repository: {}", folder.display(), last_words(&root));
        Ok(Repository(PathBuf::from(said(&root))))
    }

    /// The commit that a revision names.
    pub(super) fn commit(&self, revision: &str) -> Result<String> {
        let named =
            git(&self.0, &["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}^{{commit}}")])?;
        ensure!(named.status.success(), "{} has no revision {revision}", self.0.display());
        Ok(said(&named))
    }

    /// Whether something is changed and not committed.
    pub(super) fn is_dirty(&self) -> Result<bool> {
        Ok(!said(&git(&self.0, &["status", "--porcelain", "--untracked-files=no"])?).is_empty())
    }

    /// A worktree with this commit. Those that a killed program has left behind are forgotten.
    pub(super) fn worktree(&self, commit: &str) -> Result<Worktree> {
        git(&self.0, &["worktree", "prune"])?;
        let folder = tempfile::Builder::new().prefix("stalemap-bisect-").tempdir().context("cannot make a folder")?;
        let path = folder.path().join("tree");
        let added = git(&self.0, &["worktree", "add", "--detach", "--quiet", &path.to_string_lossy(), commit])?;
        ensure!(added.status.success(), "git makes no worktree: {}", last_words(&added));
        Ok(Worktree { repository: self.0.clone(), path, _folder: folder })
    }
}

impl Worktree {
    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Checks a commit out; what a build has changed in files of the repository is undone.
    pub(super) fn check_out(&self, commit: &str) -> Result<()> {
        self.undo()?;
        self.must(&["checkout", "--detach", "--quiet", commit]).map(drop)
    }

    /// Begins the search. The commit that is tried next is checked out.
    pub(super) fn begin(&self, good: &str, bad: &str) -> Result<Marked> {
        self.undo()?;
        let begun = self.must(&["bisect", "start", bad, good])?;
        self.after(&begun)
    }

    /// Marks the commit that is checked out.
    pub(super) fn mark(&self, word: &str) -> Result<Marked> {
        self.undo()?;
        let marked = git(&self.path, &["bisect", word])?;
        let text = said(&marked);
        if text.contains("We cannot bisect more!") {
            let commits = text.lines().filter(|line| is_commit(line)).map(str::to_string);
            return Ok(Marked::OneOf(commits.collect()));
        }
        ensure!(marked.status.success(), "git bisect {word}: {}", last_words(&marked));
        self.after(&text)
    }

    fn after(&self, text: &str) -> Result<Marked> {
        let first = text.lines().find_map(|line| line.strip_suffix(" is the first bad commit"));
        if let Some(first) = first.filter(|first| is_commit(first)) {
            return Ok(Marked::First(first.to_string()));
        }
        let commit = self.must(&["rev-parse", "HEAD"])?;
        let refs = self.must(&["for-each-ref", "--format=%(refname)", "refs/bisect/"])?;
        let good: Vec<String> = refs.lines().filter(|it| it.contains("/good-")).map(|it| format!("^{it}")).collect();
        let mut words = vec!["rev-list", "--count", "refs/bisect/bad"];
        words.extend(good.iter().map(String::as_str));
        let left = self.must(&words)?.parse().context("git counts commits")?;
        Ok(Marked::Next { commit, left })
    }

    /// The first line of a commit's message.
    pub(super) fn subject_of(&self, commit: &str) -> Result<String> {
        self.must(&["log", "-1", "--format=%s", commit])
    }

    /// A commit for its reader: its name, author, day and message.
    pub(super) fn described(&self, commit: &str) -> Result<String> {
        self.must(&["log", "-1", "--date=short", "--format=%H%n  %an, %ad%n  %s", commit])
    }

    fn undo(&self) -> Result<()> {
        self.must(&["reset", "--hard", "--quiet"])?;
        // What a build leaves beside, unless the repository ignores it.
        self.must(&["clean", "-fdq"]).map(drop)
    }

    fn must(&self, words: &[&str]) -> Result<String> {
        let output = git(&self.path, words)?;
        if !output.status.success() {
            bail!("git {}: {}", words.join(" "), last_words(&output));
        }
        Ok(said(&output))
    }
}

impl Drop for Worktree {
    fn drop(&mut self) {
        // The state of the search goes with it.
        let _ = git(&self.repository, &["worktree", "remove", "--force", &self.path.to_string_lossy()]);
    }
}

/// Runs git in a folder. It is in a group of its own, so that Ctrl-C does not end it in the middle.
fn git(folder: &Path, words: &[&str]) -> Result<Output> {
    use std::os::unix::process::CommandExt as _;
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(words).env("LC_ALL", "C").process_group(0);
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(variable);
    }
    command.output().context("git cannot be run")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_string()
}

/// What git says last when it fails.
fn last_words(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    text.lines().filter(|line| !line.trim().is_empty()).take(3).collect::<Vec<_>>().join("; ")
}

fn is_commit(word: &str) -> bool {
    word.len() >= 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}
