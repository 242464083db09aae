//! Traces from files: text, or the bytes that a fuzzing engine keeps.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use stalemap_operations::{ParseError, Trace, record};
use walkdir::WalkDir;

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
            "{}: {} bytes are more than the {LONGEST_BYTES} that {} operations take",
            path.display(),
            content.len(),
            Trace::MOST_STEPS
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
/// When a path is not there, or a folder holds neither.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        for entry in WalkDir::new(path).sort_by_file_name() {
            let entry = entry.with_context(|| format!("cannot list {}", path.display()))?;
            if entry.file_type().is_file() && (is_trace(entry.path()) || is_kept_by_an_engine(entry.path())) {
                files.push(entry.into_path());
            }
        }
        if files.len() == before {
            bail!("{}: the folder holds no trace (*.trace) and no input of a fuzzing engine", path.display());
        }
    }
    Ok(files)
}

fn read_content(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let longest = LONGEST_TEXT + 1;
    if path == Path::new("-") {
        io::stdin().lock().take(longest).read_to_end(&mut content)?;
    } else {
        File::open(path)?.take(longest).read_to_end(&mut content)?;
    }
    if content.len() as u64 >= longest {
        return Err(io::Error::other(format!("it is longer than {LONGEST_TEXT} bytes")));
    }
    Ok(content)
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
