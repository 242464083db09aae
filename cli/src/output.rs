//! Where results go: stdout, stripped of colour where nobody sees it, and files that are whole or not there.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use stalemap_report::style::BAD;

/// Prints a text to stdout as it is, styles included.
pub(crate) fn print(text: impl Display) -> Result<()> {
    write!(anstream::stdout().lock(), "{text}")?;
    Ok(())
}

/// Prints a line to stdout.
pub(crate) fn print_line(text: impl Display) -> Result<()> {
    writeln!(anstream::stdout().lock(), "{text}")?;
    Ok(())
}

/// Prints bytes to stdout.
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<()> {
    io::stdout().lock().write_all(bytes)?;
    Ok(())
}

/// Makes sure that all that was printed has arrived.
pub(crate) fn flush() -> Result<()> {
    io::stdout().lock().flush()?;
    Ok(())
}

/// Tells something beside the results, on stderr.
pub(crate) fn tell(text: impl Display) {
    // Nobody can be told that nobody can be told.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Tells what could not be done.
pub(crate) fn complain(error: &anyhow::Error) {
    tell(format_args!("{BAD}error:{BAD:#} {error:#}"));
}

/// Whether whoever read our output has gone away.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.into_iter().any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// Writes a file that is there as a whole or not at all; its folder is made if it is missing.
pub(crate) fn write_file(path: &Path, content: &[u8]) -> Result<()> {
    stalemap_campaign::write_whole(path, content).with_context(|| format!("cannot write {}", path.display()))
}

/// Whether files can be written into a folder, or into the folder in which it would be made.
///
/// # Errors
/// Says why not. Asked before long work, whose findings could not be kept otherwise.
pub(crate) fn check_folder(folder: &Path) -> Result<()> {
    stalemap_campaign::check_folder(folder).with_context(|| format!("cannot write into {}", folder.display()))
}

/// How this program was called, for commands that can be pasted.
pub(crate) fn program() -> String {
    // Cargo says in the environment of what it runs that it does.
    if std::env::var_os("CARGO_MANIFEST_DIR").is_some() && std::env::var_os("CARGO").is_some() {
        let profile = if cfg!(debug_assertions) { "" } else { " --release" };
        let features = if cfg!(feature = "seeded-bugs") { " --features seeded-bugs" } else { "" };
        return format!("cargo run{profile}{features} --");
    }
    let name = std::env::args().next().unwrap_or_else(|| "stalemap".to_string());
    quoted(&name)
}

/// A word as a shell reads it back.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_=./,:+@".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_string();
    }
    shlex::try_quote(word).map_or_else(|_| word.to_string(), |quoted| quoted.into_owned())
}
