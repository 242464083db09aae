//! Ctrl-C, SIGTERM and SIGHUP: the first asks the work to end and keep what it has, the second ends it at once. A hangup that is
//! ignored when the program starts, as `nohup` has it, stays ignored.

use std::fmt::{self, Display, Formatter};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::ending::Ending;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// How often something that waits looks for an interruption.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// The user has interrupted before the work was done. A command that ends with this error ends with 130.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

impl Display for Interrupted {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// Begins to listen. `at_once` is called before a second signal ends the program: it ends what the program has started.
///
/// # Errors
/// When the system refuses a handler or a thread.
pub fn listen(at_once: impl Fn() + Send + 'static) -> Result<()> {
    // A script's `command &` ignores Ctrl-C too, and `kill -INT` is still to end it in order.
    let hangup = if ignores_hangups() { None } else { Some(SIGHUP) };
    let mut signals = Signals::new([SIGINT, SIGTERM].into_iter().chain(hangup)).context("cannot listen for Ctrl-C")?;
    let hear = move || {
        for _ in signals.forever() {
            if INTERRUPTED.swap(true, Ordering::SeqCst) {
                at_once();
                std::process::exit(Ending::Interrupted.number().into());
            }
        }
    };
    thread::Builder::new().name("signals".to_string()).spawn(hear).context("cannot listen for Ctrl-C")?;
    Ok(())
}

/// Whether this process was started with SIGHUP ignored. Linux tells it; where nothing does, the answer is no.
fn ignores_hangups() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    ignored.is_some_and(|ignored| ignored >> (SIGHUP - 1) & 1 == 1)
}

/// Whether the user has interrupted.
#[must_use]
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Does work that waits for others, such as the reader of a pipe, on a thread of its own: a signal does not end a system call
/// that waits, since it is begun again. The thread is left behind when the user interrupts.
///
/// # Errors
/// When the user interrupts.
///
/// # Panics
/// When the work does.
pub fn or_interrupted<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Interrupted> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        // There is no receiver when the user has interrupted.
        let _ = sender.send(work());
    });
    loop {
        match receiver.recv_timeout(BETWEEN_LOOKS) {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Timeout) if interrupted() => return Err(Interrupted),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => panic!("the work has panicked"),
        }
    }
}
