//! What the commands of a build write: how far they are, and what went wrong.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The file to which all commands of a build write, one behind the other.
pub(crate) struct BuildLog {
    path: PathBuf,
}

/// What the line of a command begins with.
const COMMAND: &str = "== ";
/// The most lines of a complaint.
const LINES: usize = 25;

impl BuildLog {
    pub(crate) fn at(path: PathBuf) -> BuildLog {
        BuildLog { path }
    }

    /// The file for a command that begins.
    pub(crate) fn begin(&self, what: &str) -> io::Result<File> {
        let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        writeln!(file, "{COMMAND}{what}")?;
        Ok(file)
    }

    /// How many files the last command has compiled.
    pub(crate) fn objects(&self) -> usize {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        last_command(&text).lines().filter(|line| line.starts_with("  CC ")).count()
    }

    /// Why the last command has failed, as far as it says.
    pub(crate) fn complaint(&self, folder: &Path) -> String {
        let bytes = fs::read(&self.path).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let command = last_command(&text);
        if command.contains("No space left on device") {
            return format!("the disk of {} is full", folder.display());
        }
        let complaints: Vec<&str> = command.lines().filter(|line| is_complaint(line)).take(LINES).collect();
        if complaints.is_empty() {
            let lines: Vec<&str> = command.lines().collect();
            let end = &lines[lines.len().saturating_sub(LINES)..];
            return format!("the end of {}:\n{}", self.path.display(), end.join("\n"));
        }
        format!("in {}:\n{}", self.path.display(), complaints.join("\n"))
    }
}

fn last_command(text: &str) -> &str {
    let start = if text.starts_with(COMMAND) { Some(0) } else { None };
    text.rfind(&format!("\n{COMMAND}")).or(start).map_or("", |at| &text[at..])
}

/// Whether a line tells of the fault itself, not of what failed because of it.
fn is_complaint(line: &str) -> bool {
    let words = ["error:", "undefined reference", "Error: ", ": not found", "Cannot open", "Killed"];
    words.iter().any(|word| line.contains(word))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::Path;

    use super::BuildLog;

    fn log(commands: &[&str]) -> (tempfile::TempDir, BuildLog) {
        let folder = tempfile::tempdir().expect("a folder");
        let log = BuildLog::at(folder.path().join("log"));
        for command in commands {
            let mut file = log.begin("building").expect("a log");
            file.write_all(command.as_bytes()).expect("a log");
        }
        (folder, log)
    }

    #[test]
    fn the_files_of_the_last_command_are_counted() {
        let (_folder, log) = log(&["  CC  a.o\n  CC  b.o\n", "  CC  c.o\n  LD  d.o\n"]);
        assert_eq!(log.objects(), 1);
    }

    #[test]
    fn the_fault_is_told_and_not_what_came_after_it() {
        let (_folder, log) = log(&["x.c:1: error: old\n", "x.c:2:1: error: no such thing\nmake: *** Error 2\n"]);
        let complaint = log.complaint(Path::new("somewhere"));
        assert!(complaint.ends_with(":\nx.c:2:1: error: no such thing"), "{complaint}");
    }

    #[test]
    fn a_full_disk_is_named() {
        let (_folder, log) = log(&["cc1: error: No space left on device\n"]);
        assert_eq!(log.complaint(Path::new("somewhere")), "the disk of somewhere is full");
    }

    #[test]
    fn without_a_known_fault_the_end_is_told() {
        let (_folder, log) = log(&["one\ntwo\n"]);
        assert!(log.complaint(Path::new("somewhere")).ends_with("== building\none\ntwo"));
    }
}
