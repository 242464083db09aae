//! The watchdog: a thread that notices when an execution does not end.
//!
//! It decides nothing about an execution that ends, so a trace still has one result. A thread cannot be ended from outside,
//! so what hangs hangs: the callback is given what is needed to write it down, and ends the process.

#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "it watches a run from outside")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use stalemap_operations::Program;

use crate::divergence::Divergence;
use crate::mismatch::{Mismatch, Sense};

/// How long an execution may take unless something else is said.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// What did not end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hang {
    /// What was running.
    pub program: Program,
    /// In which step, and that it did not end: `termination.hang`.
    pub divergence: Divergence,
    /// Its index, where it is an execution of a campaign.
    pub index: Option<u64>,
}

/// Where a driver says what it is running: one for each thread that drives.
#[derive(Clone, Debug, Default)]
pub struct Watch(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    program: Mutex<Program>,
    /// The index of what is run, where it is an execution of a campaign.
    index: Mutex<Option<u64>>,
    /// How often an execution has begun or ended, shifted left by 32, plus the step; an even number is between two.
    at: AtomicU64,
}

/// The thread that watches; it ends when this is dropped.
#[derive(Debug)]
pub struct Watchdog {
    stop: mpsc::Sender<()>,
    thread: Option<thread::JoinHandle<()>>,
}

const STEPS: u32 = 32;

impl Watch {
    /// What is run from now on is the execution of a campaign with this index.
    pub fn at_index(&self, index: u64) {
        *self.0.index.lock().unwrap_or_else(PoisonError::into_inner) = Some(index);
    }

    /// An execution begins.
    pub(crate) fn begin(&self, program: &Program) {
        {
            let mut running = self.0.program.lock().unwrap_or_else(PoisonError::into_inner);
            running.machine = program.machine;
            running.operations.clear();
            running.operations.extend_from_slice(&program.operations);
        }
        self.next();
    }

    /// The execution has ended.
    pub(crate) fn end(&self) {
        self.next();
    }

    fn next(&self) {
        let number = self.0.at.load(Ordering::Relaxed) >> STEPS;
        self.0.at.store((number + 1) << STEPS, Ordering::Release);
    }

    /// The execution is at this step.
    #[inline]
    pub(crate) fn step(&self, step: usize) {
        let number = self.0.at.load(Ordering::Relaxed) >> STEPS;
        self.0.at.store(number << STEPS | step as u64 & u64::from(u32::MAX), Ordering::Relaxed);
    }

    /// Number of the running execution.
    fn running(&self) -> Option<u64> {
        Some(self.0.at.load(Ordering::Acquire) >> STEPS).filter(|number| number % 2 == 1)
    }

    fn hang(&self, deadline: Duration) -> Hang {
        let step = self.0.at.load(Ordering::Acquire) & u64::from(u32::MAX);
        let step = usize::try_from(step).expect("it was a usize");
        let program = self.0.program.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let operation = program.operations.get(step).copied();
        let mismatch = Mismatch {
            oracle: "termination",
            fact: "hang".into(),
            expected: operation.map_or("an end".to_string(), |operation| format!("{operation} ends")),
            actual: format!("the execution has not ended after {} s", deadline.as_secs_f64()),
            sense: Sense::Other,
        };
        let index = *self.0.index.lock().unwrap_or_else(PoisonError::into_inner);
        Hang { program, divergence: Divergence { step, operation, mismatch }, index }
    }
}

impl Watchdog {
    /// Watches these until it is dropped. An execution that has run for the deadline, and for a quarter more at the most, is
    /// given to the callback, once. The callback runs on the watchdog's thread, beside what hangs.
    ///
    /// # Panics
    /// When no thread can be started.
    #[must_use]
    pub fn start(watches: Vec<Watch>, deadline: Duration, mut told: impl FnMut(Hang) + Send + 'static) -> Watchdog {
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            const LOOKS: u32 = 4;
            // The execution that was running at the last look, and for how many looks.
            let mut seen: Vec<(Option<u64>, u32)> = vec![(None, 0); watches.len()];
            while stopped.recv_timeout(deadline / LOOKS) == Err(mpsc::RecvTimeoutError::Timeout) {
                for (watch, (last, looks)) in watches.iter().zip(&mut seen) {
                    let running = watch.running();
                    *looks = if running.is_some() && running == *last { looks.saturating_add(1) } else { 0 };
                    *last = running;
                    if *looks == LOOKS {
                        told(watch.hang(deadline));
                    }
                }
            }
        });
        Watchdog { stop, thread: Some(thread) }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // The thread may have ended already, where the callback panicked.
        let _ = self.stop.send(());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
