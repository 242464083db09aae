//! Traces from files: text, or the bytes that a fuzzing engine keeps.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, anyhow, ensure};
use stalemap_campaign::Store;
use stalemap_operations::{ParseError, Trace, record};
use stalemap_report::grouped;
use walkdir::WalkDir;

use crate::ending::Ending;
use crate::interrupt::{Interrupted, interrupted, or_interrupted};
use crate::output;

/// The longest text that is read, in bytes: about 200 for each operation that a trace may have.
const LONGEST_TEXT: u64 = 1 << 28;
/// The most bytes of records that are read: the machine and as many operations as a trace may have.
const LONGEST_BYTES: usize = record::RECORD * (1 + Trace::MOST_STEPS);

/// What a file holds.
pub struct Input {
    /// The trace.
    pub trace: Trace,
    /// The text that it was read from; none where it was bytes.
    pub text: Option<String>,
}

/// Reads a trace from a file, or from stdin where the path is `-`.
///
/// A file whose name ends in `.trace` is text. One that is named as fuzzing engines name what they keep, or whose
/// content is no text, is bytes. All else is text.
///
/// # Errors
/// A sentence with the file, and for a text with line and column.
pub fn read(path: &Path) -> Result<Input> {
    let content = read_content(path).with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(!content.is_empty(), "{}: the file is empty; a trace begins with a machine line", path.display());
    if is_bytes(path, &content) {
        ensure!(
            content.len() <= LONGEST_BYTES,
            "{}: {} bytes are more than the {} that {} operations take",
            path.display(),
            grouped(content.len() as u64),
            grouped(LONGEST_BYTES as u64),
            grouped(Trace::MOST_STEPS as u64)
        );
        return Ok(Input { trace: Trace::from_bytes(&content), text: None });
    }
    let text = String::from_utf8(content).map_err(|error| {
        let (line, column) = end_of(&String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]));
        anyhow!("{}:{line}:{column}: expected text in UTF-8, found bytes that are none", path.display())
    })?;
    let trace = Trace::parse(&text).map_err(|error| at(path, &error))?;
    Ok(Input { trace, text: Some(text) })
}

/// The files that paths mean: a folder stands for the traces and the engines' inputs below it.
///
/// # Errors
/// When a folder cannot be listed, or holds neither.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    list(paths, |_, error| Err(error))
}

/// The files that paths mean, and what cannot be listed, each with why.
#[must_use]
pub fn files_and_troubles(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<(PathBuf, Error)>) {
    let mut troubles = Vec::new();
    let listed = list(paths, |path, error| {
        troubles.push((path.to_owned(), error));
        Ok(())
    });
    (listed.unwrap_or_default(), troubles)
}

/// Lists files; what cannot be listed is handed on, and the list goes on unless that fails.
fn list(paths: &[PathBuf], mut trouble: impl FnMut(&Path, Error) -> Result<()>) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let (before, mut is_whole) = (files.len(), true);
        let entries = WalkDir::new(path).sort_by_file_name().into_iter();
        for entry in entries.filter_entry(|entry| entry.depth() == 0 || entry.file_name() != Store::INSIDE) {
            match entry {
                Ok(entry) if entry.file_type().is_file() && is_input(entry.path()) => files.push(entry.into_path()),
                Ok(_) => {}
                Err(error) => {
                    is_whole = false;
                    let unlisted = error.path().unwrap_or(path).to_owned();
                    let cause = error.into_io_error().map_or_else(|| anyhow!("a link leads to itself"), Error::new);
                    trouble(&unlisted, cause.context(format!("cannot list {}", unlisted.display())))?;
                }
            }
        }
        if is_whole && files.len() == before {
            let folder = path.display();
            let error = anyhow!("{folder}: the folder holds no trace (*.trace) and no input of a fuzzing engine");
            trouble(path, error)?;
        }
    }
    Ok(files)
}

/// The inputs that paths mean, one after the other. What cannot be read is told on stderr and left out, and does not stop the
/// others.
pub struct Inputs {
    files: std::vec::IntoIter<PathBuf>,
    is_whole: bool,
}

impl Inputs {
    /// The inputs that these paths mean.
    #[must_use]
    pub fn of(paths: &[PathBuf]) -> Inputs {
        let (files, troubles) = files_and_troubles(paths);
        troubles.iter().for_each(|(_, error)| output::complain(error));
        Inputs { files: files.into_iter(), is_whole: troubles.is_empty() }
    }

    /// How many files are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.files.len()
    }

    /// The next file that can be read, and what it holds.
    ///
    /// # Errors
    /// When the user interrupts.
    pub fn read_next(&mut self) -> Result<Option<(PathBuf, Input)>, Interrupted> {
        while let Some(file) = self.files.next() {
            if interrupted() {
                return Err(Interrupted);
            }
            match read(&file) {
                Ok(input) => return Ok(Some((file, input))),
                Err(error) if error.chain().any(|cause| cause.is::<Interrupted>()) => return Err(Interrupted),
                Err(error) => self.tell(&error),
            }
        }
        Ok(None)
    }

    /// Tells that something is left out.
    pub fn tell(&mut self, error: &Error) {
        output::complain(error);
        self.is_whole = false;
    }

    /// How the work on these ends: as it would otherwise, or in trouble where something was left out.
    #[must_use]
    pub fn ending(&self, otherwise: Ending) -> Ending {
        if self.is_whole { otherwise } else { Ending::Trouble }
    }
}

/// All that a file holds, or stdin where the path is `-`. A pipe is waited for until the user interrupts.
pub(crate) fn read_content(path: &Path) -> Result<Vec<u8>> {
    if path != Path::new("-") && fs::metadata(path)?.is_file() {
        return Ok(read_all(File::open(path)?)?);
    }
    let path = path.to_owned();
    // To open a pipe waits for who writes into it.
    let waiting = move || if path == Path::new("-") { read_all(io::stdin()) } else { read_all(File::open(path)?) };
    Ok(or_interrupted(waiting)??)
}

fn read_all(from: impl Read) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    from.take(LONGEST_TEXT + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LONGEST_TEXT {
        return Err(io::Error::other(format!("it is longer than {} bytes", grouped(LONGEST_TEXT))));
    }
    Ok(content)
}

fn is_input(path: &Path) -> bool {
    is_trace(path) || is_kept_by_an_engine(path)
}

fn is_bytes(path: &Path, content: &[u8]) -> bool {
    if is_trace(path) {
        return false;
    }
    let is_text = |byte: &u8| *byte >= b' ' || matches!(byte, b'\n' | b'\r' | b'\t');
    is_kept_by_an_engine(path) || !content.iter().all(is_text) || str::from_utf8(content).is_err()
}

fn is_trace(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("trace"))
}

/// The names that libFuzzer gives to what it finds and to its corpus, and that AFL++ gives to its queue and crashes.
fn is_kept_by_an_engine(path: &Path) -> bool {
    const PREFIXES: [&str; 7] = ["crash-", "oom-", "timeout-", "slow-unit-", "leak-", "minimized-from-", "id:"];
    let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    let is_digest = name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// `path:line:column: expected …`
fn at(path: &Path, error: &ParseError) -> anyhow::Error {
    anyhow!("{}:{error}", path.display())
}

/// Line and column, from 1, behind a text.
fn end_of(text: &str) -> (usize, usize) {
    let line = 1 + text.matches('\n').count();
    let last = text.rsplit('\n').next().unwrap_or_default();
    (line, 1 + last.chars().count())
}
