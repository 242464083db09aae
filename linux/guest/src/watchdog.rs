//! The watchdog: a process that reports to the host when the machine is idle in the middle of a program, which then hangs.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use stalemap_guest::{FromGuest, write_frame};

/// How often it looks, and how often in a row nothing must have gone on.
const TICK: Duration = Duration::from_millis(250);
const IDLE_TICKS: u32 = 3;

/// What init does, as the watchdog sees it.
#[derive(Clone, Copy)]
pub(crate) struct Watched(&'static AtomicU64);

impl Watched {
    /// Starts the watchdog.
    pub(crate) fn start(port: &File) -> io::Result<Watched> {
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: a fresh mapping of zeroes that is large enough and never unmapped; there is one thread, so the child
        // goes on with a copy of its memory.
        let (watched, process) = unsafe {
            let memory = libc::mmap(ptr::null_mut(), size_of::<AtomicU64>(), protection, flags, -1, 0);
            if memory == libc::MAP_FAILED {
                return Err(io::Error::last_os_error());
            }
            (Watched(&*memory.cast()), libc::fork())
        };
        match process {
            0 => watched.watch(port),
            process if process < 0 => Err(io::Error::last_os_error()),
            _ => Ok(watched),
        }
    }

    /// Init goes on to its next step; the number is odd in a program.
    pub(crate) fn step(self) {
        let steps = self.0.load(Ordering::SeqCst);
        self.0.store((steps | 1) + 2, Ordering::SeqCst);
    }

    /// Init waits for the host.
    pub(crate) fn rest(self) {
        let steps = self.0.load(Ordering::SeqCst);
        self.0.store((steps | 1) + 1, Ordering::SeqCst);
    }

    fn watch(self, mut port: &File) -> ! {
        let (mut last, mut idle) = (0, 0);
        loop {
            thread::sleep(TICK);
            let steps = self.0.load(Ordering::SeqCst);
            // A process that runs may come to an end; that takes its time where the host is busy.
            let hangs = steps % 2 == 1 && steps == last && nothing_else_runs();
            idle = if hangs { idle + 1 } else { 0 };
            last = steps;
            if idle == IDLE_TICKS {
                // The host stops the machine; if it does not receive this, its own time limit ends.
                let _ = write_frame(&mut port, &FromGuest::Hang.to_bytes()).and_then(|()| port.flush());
            }
        }
    }
}

/// Whether the watchdog is the only one that runs: the fourth word of `/proc/loadavg` is `running/all`.
fn nothing_else_runs() -> bool {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').nth(3).and_then(|word| word.split('/').next()).is_some_and(|running| running == "1")
}
