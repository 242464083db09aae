//! A command with all that it starts, as a group of processes that ends as a whole.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};

/// The groups that run, for [`end_all`].
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// Kills all commands that run, and what they have started. It may be called from any thread.
pub fn end_all() {
    for &id in RUNNING.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        kill(id);
    }
}

/// A command that runs in a group of its own. It ends when this is dropped.
pub(crate) struct Group(Child);

impl Group {
    pub(crate) fn start(command: &mut Command) -> io::Result<Group> {
        let child = command.process_group(0).spawn()?;
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).push(child.id());
        Ok(Group(child))
    }

    /// The number of the command's process.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Ends it.
    pub(crate) fn kill(&mut self) {
        // The number of a command that was waited for may be another's.
        if matches!(self.0.try_wait(), Ok(None)) {
            kill(self.0.id());
            let _ = self.0.wait();
        }
    }

    /// How the command has ended, if it has.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.try_wait()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
        let id = self.0.id();
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).retain(|&running| running != id);
    }
}

/// Sends SIGKILL to a group; unsafe code would be needed to do it without a program.
fn kill(group: u32) {
    let mut command = Command::new("kill");
    command.args(["-KILL", "--", &format!("-{group}")]);
    let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::Group;

    /// A compiler that `make` has started must not go on when the build is ended.
    #[test]
    fn what_a_command_has_started_ends_with_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("child");
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 300 & echo $! > \"$0\"; wait"]).arg(&file);
        let group = Group::start(&mut command).expect("a shell");
        let waited = |holds: &dyn Fn() -> bool| {
            let start = Instant::now();
            while !holds() && start.elapsed() < Duration::from_secs(20) {
                std::thread::sleep(Duration::from_millis(10));
            }
            holds()
        };
        let child = || std::fs::read_to_string(&file).unwrap_or_default().trim().to_string();
        assert!(waited(&|| !child().is_empty()));
        let state = || std::fs::read_to_string(Path::new("/proc").join(child()).join("stat")).unwrap_or_default();
        assert!(waited(&|| state().contains("(sleep)")), "{}", state());
        drop(group);
        // A process that was not waited for yet is a zombie.
        assert!(waited(&|| state().is_empty() || state().contains(") Z ")), "{}", state());
    }
}
