//! Processes of an engine, each with all that it starts: a process group that ends as a whole and is never left behind.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};

use crate::control::Control;
use crate::cpu;
use crate::error::{EngineError, ToolFailure};

/// How long processes have to end before they are killed.
const PATIENCE: Duration = Duration::from_secs(3);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// Lines that are remembered for an error.
const REMEMBERED: usize = 30;

/// The groups that run, for [`end_all`].
static GROUPS: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// Kills all groups that run, without the time to end by themselves. It may be called from any thread.
pub fn end_all() {
    for &group in GROUPS.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        let sessions = cpu::sessions_below(group);
        let _ = kill_process_group(group, Signal::KILL);
        kill_sessions(&sessions);
    }
}

/// AFL++ lets its target begin a session of its own. If AFL++ dies before it has ended the target, that stays, stopped
/// between two inputs, and no signal to the group reaches it.
fn kill_sessions(sessions: &BTreeSet<i32>) {
    for process in cpu::in_sessions(sessions) {
        let _ = kill_process(process, Signal::KILL);
    }
}

/// What a process beside the leader of a group does: it waits until the program that has started the group ends, in whatever way, and then ends
/// the group. AFL++ ends its target when it is interrupted, and not when it is killed.
const GUARD: &str = "trap '' INT TERM HUP; read -r _; kill -INT 0; sleep 3; kill -KILL 0";

/// A process and what it starts. They end when this is dropped, and when the program that has started them ends, even by SIGKILL.
pub struct Group {
    child: Child,
    /// Ends the group when the other end of its input is closed.
    guard: Child,
    id: Pid,
    name: String,
    control: Control,
    said: Arc<Mutex<Vec<String>>>,
    is_over: bool,
    /// CPU time, once it is over.
    used: Duration,
    /// Seconds of CPU time of all processes below it as well, taken when it was about to end.
    used_in_all: Option<f64>,
}

impl Group {
    /// Starts a command in a group of its own. `hear` gets each line that it prints, on another thread; the name is for
    /// errors.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(
        command: &mut Command,
        name: &str,
        control: &Control,
        hear: impl FnMut(&str) + Send + Clone + 'static,
    ) -> Result<Group, EngineError> {
        Group::start_holding(None, command, name, control, hear)
    }

    /// Starts a command likewise. The lock of the file is held until the group has ended, even where this program is killed.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start_holding(
        lock: Option<&File>,
        command: &mut Command,
        name: &str,
        control: &Control,
        hear: impl FnMut(&str) + Send + Clone + 'static,
    ) -> Result<Group, EngineError> {
        let cannot = |source| EngineError::Start { name: name.to_string(), source };
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(cannot)?;
        let id = Pid::from_child(&child);
        let guard = guard(id, lock).map_err(|source| {
            let _ = kill_process_group(id, Signal::KILL);
            let _ = child.wait();
            cannot(source)
        })?;
        GROUPS.lock().unwrap_or_else(PoisonError::into_inner).push(id);
        let said = Arc::new(Mutex::new(Vec::new()));
        if let Some(output) = child.stdout.take() {
            listen(output, said.clone(), hear.clone());
        }
        if let Some(output) = child.stderr.take() {
            listen(output, said.clone(), hear);
        }
        Ok(Group {
            child,
            guard,
            id,
            name: name.to_string(),
            control: control.clone(),
            said,
            is_over: false,
            used: Duration::ZERO,
            used_in_all: None,
        })
    }

    /// Starts a command and waits for its end; `false` if the control interrupts it.
    ///
    /// # Errors
    /// When it cannot be started or fails.
    pub fn finish(
        command: &mut Command,
        name: &str,
        control: &Control,
        hear: impl FnMut(&str) + Send + Clone + 'static,
    ) -> Result<bool, EngineError> {
        let mut group = Group::start(command, name, control, hear)?;
        loop {
            if control.is_interrupted() {
                group.end();
                return Ok(false);
            }
            match group.ended()? {
                Some(Err(failure)) => return Err(failure.into()),
                Some(Ok(())) => return Ok(true),
                None => thread::sleep(BETWEEN_LOOKS),
            }
        }
    }

    /// How it has ended; `None` while it runs. A process that a signal ends during an interrupt has ended well.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn ended(&mut self) -> Result<Option<Result<(), ToolFailure>>, EngineError> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        if !self.is_over {
            let ended = waitid(WaitId::Pid(self.id), options);
            if ended.map_err(|errno| self.cannot_wait(errno.into()))?.is_none() {
                return Ok(None);
            }
        }
        self.end();
        let status = self.child.wait().map_err(|source| self.cannot_wait(source))?;
        if status.success() || status.signal().is_some() && self.control.is_interrupted() {
            return Ok(Some(Ok(())));
        }
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Some(Err(ToolFailure { name: self.name.clone(), status, said })))
    }

    fn cannot_wait(&self, source: io::Error) -> EngineError {
        EngineError::Wait { name: self.name.clone(), source }
    }

    /// CPU time of the group so far, with that of processes whose end it has waited for; zero where there is no `/proc`.
    #[must_use]
    pub fn cpu_time(&self) -> Duration {
        if self.is_over { self.used } else { cpu::of_group(self.id) }
    }

    /// Ends what still runs: SIGINT first, and SIGKILL after three seconds.
    pub fn end(&mut self) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        // Before anything ends: the time of a process that its parent did not wait for is lost.
        self.used_in_all = cpu::seconds_of_tree(self.id);
        let sessions = cpu::sessions_below(self.id);
        let deadline = Instant::now() + PATIENCE;
        let _ = kill_process_group(self.id, Signal::INT);
        while Instant::now() < deadline && matches!(waitid(WaitId::Pid(self.id), options), Ok(None)) {
            thread::sleep(BETWEEN_LOOKS);
        }
        // The leader is not waited for before this, so that no other process can have its number.
        let _ = kill_process_group(self.id, Signal::KILL);
        kill_sessions(&sessions);
        GROUPS.lock().unwrap_or_else(PoisonError::into_inner).retain(|&group| group != self.id);
        self.used = cpu::of_group(self.id);
        let _ = self.child.wait();
        let _ = self.guard.wait();
    }

    /// Seconds of CPU time of it and of all that it started, those in other groups too; known when it is over, where
    /// the system says.
    pub(crate) fn seconds_in_all(&self) -> Option<f64> {
        self.used_in_all
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

/// Starts the process that ends a group. It is in the group, whose number no other can have while it lives.
fn guard(group: Pid, lock: Option<&File>) -> io::Result<Child> {
    let held = match lock {
        Some(lock) => lock.try_clone()?.into(),
        None => Stdio::null(),
    };
    let mut guard = Command::new("sh");
    guard.args(["-c", GUARD]).process_group(group.as_raw_nonzero().get());
    guard.stdin(Stdio::piped()).stdout(held).stderr(Stdio::null()).spawn()
}

/// Reads lines until the other end is closed.
fn listen(
    output: impl Read + Send + 'static,
    said: Arc<Mutex<Vec<String>>>,
    mut hear: impl FnMut(&str) + Send + 'static,
) {
    thread::spawn(move || {
        let mut lines = BufReader::new(output).split(b'\n');
        while let Some(Ok(line)) = lines.next() {
            let line = String::from_utf8_lossy(&line).trim_end().to_string();
            hear(&line);
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            if said.len() == REMEMBERED {
                said.remove(0);
            }
            said.push(line);
        }
    });
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Command;
    use std::thread;
    use std::time::{Duration, Instant};

    use super::{BETWEEN_LOOKS, Control, EngineError, Group, cpu};

    /// Waits for something that takes a moment.
    fn comes_true(mut holds: impl FnMut() -> bool) -> bool {
        let start = Instant::now();
        while !holds() {
            if start.elapsed() > Duration::from_secs(20) {
                return false;
            }
            thread::sleep(BETWEEN_LOOKS);
        }
        true
    }

    #[test]
    fn what_a_process_has_started_in_another_session_ends_with_it_even_if_it_is_stopped() {
        let mut command = Command::new("sh");
        command.args(["-c", "setsid sh -c 'kill -STOP $$' & wait"]);
        let control = Control::new(|| false, |_| ());
        let mut group = Group::start(&mut command, "a test", &control, |_| ()).unwrap();
        let mut sessions = cpu::sessions_below(group.id);
        assert!(comes_true(|| {
            sessions = cpu::sessions_below(group.id);
            !sessions.is_empty()
        }));
        group.end();
        assert!(comes_true(|| cpu::in_sessions(&sessions).is_empty()), "it was left behind");
    }

    #[test]
    fn a_group_ends_when_the_program_that_started_it_is_gone_and_holds_its_lock_until_then() {
        let folder = tempfile::tempdir().unwrap();
        let open = || std::fs::File::create(folder.path().join("lock")).unwrap();
        let lock = open();
        lock.try_lock().unwrap();
        let control = Control::new(|| false, |_| ());
        let mut command = Command::new("sh");
        // It does not hear the interrupt.
        command.args(["-c", "trap '' INT; sleep 60; sleep 60"]);
        let mut group = Group::start_holding(Some(&lock), &mut command, "a test", &control, |_| ()).unwrap();
        drop(lock);
        assert!(open().try_lock().is_err(), "the group holds it");
        // The system closes it when the program is killed.
        drop(group.guard.stdin.take());
        assert!(comes_true(|| group.child.try_wait().unwrap().is_some()), "it goes on");
        assert!(comes_true(|| open().try_lock().is_ok()));
    }

    #[test]
    fn an_interrupt_ends_what_would_run_on() {
        let start = Instant::now();
        let control = Control::new(move || start.elapsed() > Duration::from_millis(100), |_| ());
        let mut command = Command::new("sleep");
        assert!(!Group::finish(command.arg("60"), "sleep", &control, |_| ()).unwrap());
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_failure_has_the_status_and_what_was_said() {
        let control = Control::new(|| false, |_| ());
        let mut command = Command::new("sh");
        // The rest of the time lets the last line arrive.
        command.args(["-c", "echo one; echo two >&2; sleep 1; exit 7"]);
        let Err(EngineError::Failed(failure)) = Group::finish(&mut command, "a test", &control, |_| ()) else {
            panic!("it does not fail");
        };
        let mut said = failure.said.clone();
        said.sort();
        assert_eq!((failure.name.as_str(), failure.status.code()), ("a test", Some(7)));
        assert_eq!(said, ["one", "two"]);
    }
}
