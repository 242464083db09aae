//! How long a worker is waited for: by the time that it has had, not by the clock on the wall.
//!
//! A process that the machine stalls is not one that hangs. So its time is counted as it passes: where it asks for the processor
//! only what it got counts; where it sleeps, which is its own doing, all of it. While it is stopped, or waits for
//! memory that was swapped out, nothing counts. Where the system does not tell, all time does.

use std::io::{self, ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// A worker that has had less time than the deadline is given up when this many deadlines have passed on the wall.
const STALLED: u32 = 10;

/// How often in a deadline one looks at what the worker does.
const LOOKS: u32 = 16;

/// Reads what a worker answers, as long as it has time for it.
pub(crate) struct Patience<'a> {
    connection: &'a UnixStream,
    worker: u32,
    deadline: Duration,
    start: Instant,
    /// The last look, and the time on the processor that the worker had used by then.
    last: Option<(Instant, Duration)>,
    /// The time that it has had.
    had: Duration,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    /// Time on the processor, of all its threads.
    used: Duration,
    /// All its threads sleep.
    sleeps: bool,
}

impl<'a> Patience<'a> {
    /// With the answer of this process.
    pub(crate) fn with(connection: &'a UnixStream, worker: u32, deadline: Duration) -> io::Result<Patience<'a>> {
        connection.set_read_timeout(Some((deadline / LOOKS).max(Duration::from_millis(1))))?;
        Ok(Patience { connection, worker, deadline, start: Instant::now(), last: None, had: Duration::ZERO })
    }

    /// Whether the worker has had less time than it may take: where it did not answer, that is not known to be its fault.
    pub(crate) fn was_stalled(&self) -> bool {
        self.had < self.deadline
    }

    fn is_over(&mut self) -> bool {
        let now = Instant::now();
        let Some(Seen { used, sleeps }) = seen(self.worker) else {
            self.had = now - self.start;
            return !self.was_stalled();
        };
        // What was before the first look is not known.
        if let Some((then, before)) = self.last {
            // This process may have been stalled as well.
            let passed = (now - then).min(2 * self.deadline / LOOKS);
            self.had += if sleeps { passed } else { used.saturating_sub(before) };
        }
        self.last = Some((now, used));
        !self.was_stalled() || now - self.start >= STALLED * self.deadline
    }
}

impl Read for Patience<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.connection.read(into) {
                Err(error) if is_timeout(&error) && !self.is_over() => {}
                read => return read,
            }
        }
    }
}

/// Whether nothing came in time.
pub(crate) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// What a process does, where the system tells.
#[cfg(target_os = "linux")]
fn seen(process: u32) -> Option<Seen> {
    let (_, used) = state_and_time(&std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?)?;
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).ok()?.map_while(Result::ok);
    // A thread that has gone since does not sleep.
    let state = |path: std::path::PathBuf| Some(state_and_time(&std::fs::read_to_string(path).ok()?)?.0);
    let sleeps = threads.map(|thread| state(thread.path().join("stat"))).all(|state| state == Some('S'));
    Some(Seen { used, sleeps })
}

#[cfg(not(target_os = "linux"))]
fn seen(_: u32) -> Option<Seen> {
    None
}

/// State and time on the processor from a line of `/proc/…/stat`. The name before them may have any characters.
#[cfg(target_os = "linux")]
fn state_and_time(line: &str) -> Option<(char, Duration)> {
    let fields: Vec<&str> = line[line.rfind(')')? + 1..].split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    let used = Duration::from_millis(ticks * 1_000 / rustix::param::clock_ticks_per_second().max(1));
    Some((fields.first()?.chars().next()?, used))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::Duration;

    use super::{seen, state_and_time};

    #[test]
    fn state_and_time_are_read_behind_whatever_name_a_process_has() {
        let line = "12 (a) R (b 1) S 1 12 12 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 1 0 100 1000 100";
        let ticks = rustix::param::clock_ticks_per_second();
        assert_eq!(state_and_time(line), Some(('S', Duration::from_millis(300 * 1_000 / ticks))));
        assert_eq!(state_and_time("12 (a) S 1"), None);
    }

    #[test]
    fn a_process_that_looks_at_itself_does_not_sleep() {
        assert!(!seen(std::process::id()).expect("it is there").sleeps);
    }
}
