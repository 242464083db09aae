//! A hunt: one engine looks for one bug at one seed, until an execution diverges or its time is over.
//!
//! Here for engines that make executions in this process; the others are in `outside`.

use std::time::Duration;

use anyhow::Result;
use rustix::time::{ClockId, clock_gettime};
use stalemap_campaign::{FirstDivergence, Source};
use stalemap_commands::interrupt::interrupted;
use stalemap_harness::Divergence;
use stalemap_implementation::{Bug, Switch};
use stalemap_operations::Program;

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

impl From<FirstDivergence> for Found {
    fn from(FirstDivergence { program, divergence, .. }: FirstDivergence) -> Found {
        Found { program, divergence }
    }
}

/// Hunts a bug with an engine that makes executions for us, or with `None` false alarms; nothing where the user interrupts.
///
/// # Errors
/// When the subject cannot be a machine.
pub(crate) fn hunt(source: &mut dyn Source, bug: Option<Bug>, limits: Limits) -> Result<Option<Hunt>> {
    let switch = Switch::new(bug);
    let hunt = of_bug(&switch).executions(limits.executions).time(limits.time);
    let hunted = hunt.source(source)?;
    Ok((!hunted.stopped).then(|| Hunt {
        executions: hunted.executions,
        operations: hunted.operations,
        time: hunted.time,
        reached: switch.reached(),
        triggered: switch.triggered(),
        found: hunted.found.map(Found::from),
    }))
}

/// A hunt on machines with this switch, which measures CPU time and stops where the user interrupts.
pub(super) fn of_bug(switch: &Switch) -> stalemap_campaign::Hunt {
    stalemap_campaign::Hunt::new(seeded::build(switch)).clock(cpu_time).stop_when(interrupted)
}

/// CPU time that this thread has used.
pub(super) fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}
