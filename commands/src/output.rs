//! Where results go: stdout, stripped of colour where it is no terminal, and files that are whole or not there.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use stalemap_report::style::BAD;

/// Prints a text to stdout as it is, styles included.
///
/// # Errors
/// When stdout does not take it.
pub fn print(text: impl Display) -> Result<()> {
    write!(anstream::stdout().lock(), "{text}")?;
    Ok(())
}

/// Prints a line to stdout.
///
/// # Errors
/// When stdout does not take it.
pub fn print_line(text: impl Display) -> Result<()> {
    writeln!(anstream::stdout().lock(), "{text}")?;
    Ok(())
}

/// Prints bytes to stdout.
///
/// # Errors
/// When stdout does not take them.
pub fn print_bytes(bytes: &[u8]) -> Result<()> {
    io::stdout().lock().write_all(bytes)?;
    Ok(())
}

/// Makes sure that all that was printed has arrived.
///
/// # Errors
/// When it has not.
pub fn flush() -> Result<()> {
    io::stdout().lock().flush()?;
    Ok(())
}

/// Tells something beside the results, on stderr.
pub fn tell(text: impl Display) {
    // There is no other place to say that stderr is closed.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Tells what could not be done.
pub fn complain(error: &anyhow::Error) {
    tell(format_args!("{BAD}error:{BAD:#} {error:#}"));
}

/// Whether the reader of our output has gone away.
#[must_use]
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.into_iter().any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// Writes a file that is there as a whole or not at all; its folder is made if it is missing. Links stay, devices and pipes are
/// written through.
///
/// # Errors
/// When the path is a folder, or the system refuses.
pub fn write_file(path: &Path, content: &[u8]) -> Result<()> {
    stalemap_campaign::write_whole(path, content).with_context(|| format!("cannot write {}", path.display()))
}

/// Whether a file can be written.
///
/// # Errors
/// Says why not. Call it before long work, whose result could not be kept otherwise.
pub fn check_file(path: &Path) -> Result<()> {
    stalemap_campaign::check_file(path).with_context(|| format!("cannot write {}", path.display()))
}

/// Whether files can be written into a folder, or into the folder in which it would be made.
///
/// # Errors
/// Says why not. Call it before long work, whose findings could not be kept otherwise.
pub fn check_folder(folder: &Path) -> Result<()> {
    stalemap_campaign::check_folder(folder).with_context(|| format!("cannot write into {}", folder.display()))
}
