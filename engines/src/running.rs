//! An engine at work: its processes, and the folders into which it writes inputs.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::error::{EngineError, ToolFailure};
use crate::process::Group;
use crate::watch::Watch;

/// An engine at work. Its processes end when it is dropped.
pub struct Running {
    processes: Vec<Group>,
    artifacts: Watch,
    corpora: Watch,
    deadline: Option<Instant>,
    failure: Option<ToolFailure>,
    progress: Progress,
}

/// How far an engine is.
pub(crate) struct Progress {
    /// Executions so far.
    pub(crate) executions: Box<dyn Fn() -> u64>,
    /// Operations of all executions; known at the end, where the processes report them.
    pub(crate) operations: Box<dyn Fn() -> Option<u64>>,
}

/// Folders into which an engine writes inputs.
pub(crate) struct Folders {
    /// Inputs that stopped the target.
    pub(crate) artifacts: Vec<PathBuf>,
    /// Inputs that met something new.
    pub(crate) corpora: Vec<PathBuf>,
}

impl Running {
    /// These processes were started now, and end after the time.
    pub(crate) fn new(processes: Vec<Group>, folders: Folders, time: Option<Duration>, progress: Progress) -> Running {
        Running {
            processes,
            artifacts: Watch::of(folders.artifacts),
            corpora: Watch::of(folders.corpora),
            deadline: time.map(|time| Instant::now() + time),
            failure: None,
            progress,
        }
    }

    /// Whether a process works and the time is not over.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn is_at_work(&mut self) -> Result<bool, EngineError> {
        let mut at_work = false;
        for process in &mut self.processes {
            match process.ended()? {
                Some(Err(failure)) => self.failure = self.failure.take().or(Some(failure)),
                Some(Ok(())) => {}
                None => at_work = true,
            }
        }
        Ok(at_work && self.deadline.is_none_or(|deadline| Instant::now() <= deadline))
    }

    /// Ends all processes; those that do not end within seconds are killed.
    pub fn end(&mut self) {
        self.processes.iter_mut().for_each(Group::end);
    }

    /// The first process that failed by itself, as [`is_at_work`](Running::is_at_work) has seen it.
    #[must_use]
    pub fn failure(&self) -> Option<&ToolFailure> {
        self.failure.as_ref()
    }

    /// Inputs that stopped the target and were not returned before, in the order of their names.
    pub fn stopping_inputs(&mut self) -> Vec<PathBuf> {
        self.artifacts.look(usize::MAX)
    }

    /// At most so many inputs that met something new and were not returned before, in the order of their names.
    pub fn kept_inputs(&mut self, most: usize) -> Vec<PathBuf> {
        self.corpora.look(most)
    }

    /// Executions so far, as the engine last reported them.
    #[must_use]
    pub fn executions(&self) -> u64 {
        (self.progress.executions)()
    }

    /// Operations of all executions. Only libFuzzer reports them, when it ends.
    #[must_use]
    pub fn operations(&self) -> Option<u64> {
        (self.progress.operations)()
    }

    /// Seconds of CPU time of all processes and of all that they started; known after [`end`](Running::end), on Linux.
    #[must_use]
    pub fn cpu_seconds(&self) -> Option<f64> {
        self.processes.iter().map(Group::seconds_in_all).sum()
    }
}
