//! The built program, run in a folder of its own.

use std::path::Path;
use std::process::{Command, Stdio};

/// How a run of the program ended.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Runs a command to its end.
    pub(crate) fn of(command: &mut Command) -> Ended {
        let output = command.stdin(Stdio::null()).output().expect("the built program");
        Ended {
            code: output.status.code().expect("an exit code"),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

/// The program with arguments, in a folder, as a user starts it without cargo.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("stalemap"));
    command.current_dir(folder).args(arguments);
    for variable in ["CARGO", "CARGO_MANIFEST_DIR", "NO_COLOR", "CLICOLOR_FORCE"] {
        command.env_remove(variable);
    }
    command
}

/// Runs the program.
pub(crate) fn stalemap(folder: &Path, arguments: &[&str]) -> Ended {
    Ended::of(&mut command(folder, arguments))
}

/// Does something in a new folder.
pub(crate) fn in_folder(work: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().expect("a folder");
    work(folder.path());
}
