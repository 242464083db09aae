//! A hunt: one engine looks for one bug at one seed, until an oracle sees a mismatch or its time is over.
//!
//! Here for engines that make executions in this process; the others are in `outside`.

use std::time::Duration;

use anyhow::{Result, anyhow};
use rustix::time::{ClockId, clock_gettime};
use stalemap_commands::interrupt::interrupted;
use stalemap_harness::{Compare, Divergence};
use stalemap_implementation::{Bug, Switch};
use stalemap_operations::Program;

use super::engine::Source;
use crate::seeded;

/// When a hunt gives up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The most operations in an execution.
    pub(crate) operations: u32,
    /// CPU time of this thread.
    pub(crate) time: Duration,
    /// Executions.
    pub(crate) executions: Option<u64>,
}

/// What a hunt came to.
pub(crate) struct Hunt {
    pub(crate) executions: u64,
    pub(crate) operations: u64,
    pub(crate) time: Duration,
    pub(crate) reached: u64,
    pub(crate) triggered: u64,
    pub(crate) found: Option<Found>,
}

/// The execution that diverged.
pub(crate) struct Found {
    pub(crate) program: Program,
    pub(crate) divergence: Divergence,
}

/// Executions between two looks at the clock.
const BETWEEN_LOOKS: u64 = 16;

/// Hunts a bug with an engine that makes executions for us, or with `None` false alarms; nothing where the user
/// interrupts.
///
/// # Errors
/// When the subject cannot be a machine.
pub(crate) fn hunt(source: &mut dyn Source, bug: Option<Bug>, limits: Limits) -> Result<Option<Hunt>> {
    let switch = Switch::new(bug);
    let mut driver = seeded::driver(&switch);
    let mut made = Program::default();
    let mut hunt = Hunt { executions: 0, operations: 0, time: Duration::ZERO, reached: 0, triggered: 0, found: None };
    let start = cpu_time();
    while hunt.found.is_none() && limits.executions.is_none_or(|most| hunt.executions < most) {
        if hunt.executions.is_multiple_of(BETWEEN_LOOKS) {
            if interrupted() {
                return Ok(None);
            }
            if cpu_time().saturating_sub(start) >= limits.time {
                break;
            }
        }
        source.next(&mut made);
        let run = driver.run(&made, Compare::Touched).map_err(|it| anyhow!(it))?;
        hunt.executions += 1;
        hunt.operations += run.steps as u64;
        hunt.found = run.divergence.map(|divergence| Found { program: made.clone(), divergence });
    }
    hunt.time = cpu_time().saturating_sub(start);
    (hunt.reached, hunt.triggered) = (switch.reached(), switch.triggered());
    Ok(Some(hunt))
}

/// CPU time that this thread has used.
pub(super) fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}
