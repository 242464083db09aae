//! The pool of kernels: runs programs in one, starts another one after a crash or a hang, and finds the culprit step.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, anyhow};
use stalemap_operations::Program;

use crate::passes::Passes;
use crate::runner::{Ran, Recording, Runner, RunningKernel, Stopped};

/// A kernel, replaced whenever it is lost, and what it has shown ahead of time.
pub struct KernelPool {
    runner: Arc<dyn Runner>,
    kernel: Option<Box<dyn RunningKernel>>,
    ahead: HashMap<Program, Arc<Recording>>,
    /// The last program that was replayed: a driver replays it again to find a step.
    last: Option<(Program, Arc<Recording>)>,
    starts: u64,
    unrepeated: u64,
    /// What the console of the kernel showed that was lost last.
    console: String,
    /// What kernels have passed that count it.
    passes: Arc<Mutex<Passes>>,
}

impl KernelPool {
    /// A pool whose kernels are started like this; none is yet.
    #[must_use]
    pub fn new(runner: Arc<dyn Runner>) -> KernelPool {
        KernelPool::counting(runner, Arc::default())
    }

    /// A pool whose kernels add what they pass to this.
    pub(crate) fn counting(runner: Arc<dyn Runner>, passes: Arc<Mutex<Passes>>) -> KernelPool {
        KernelPool {
            passes,
            runner,
            kernel: None,
            ahead: HashMap::new(),
            last: None,
            starts: 0,
            unrepeated: 0,
            console: String::new(),
        }
    }

    /// Kernels that were started so far.
    #[must_use]
    pub fn starts(&self) -> u64 {
        self.starts
    }

    /// Programs in which a kernel was lost in a batch, and not when they were run alone.
    #[must_use]
    pub fn unrepeated(&self) -> u64 {
        self.unrepeated
    }

    /// Runs many programs at once, to be replayed later.
    ///
    /// # Errors
    /// When no kernel can be started.
    pub fn run_ahead(&mut self, programs: impl IntoIterator<Item = Program>) -> Result<()> {
        let new: Vec<Program> = programs.into_iter().filter(|program| !self.ahead.contains_key(program)).collect();
        let recordings = self.run(&new)?;
        self.ahead.extend(new.into_iter().zip(recordings.into_iter().map(Arc::new)));
        Ok(())
    }

    /// What one program comes to.
    ///
    /// # Errors
    /// When no kernel can be started.
    pub fn replay(&mut self, program: &Program) -> Result<Arc<Recording>> {
        if let Some((_, recording)) = self.last.as_ref().filter(|(last, _)| last == program) {
            return Ok(Arc::clone(recording));
        }
        let (program, recording) = match self.ahead.remove_entry(program) {
            Some(known) => known,
            None => (program.clone(), Arc::new(self.run(std::slice::from_ref(program))?.pop().ok_or_else(nothing)?)),
        };
        self.last = Some((program, Arc::clone(&recording)));
        Ok(recording)
    }

    /// Lets a test say what a program comes to.
    #[cfg(test)]
    pub(crate) fn remember(&mut self, program: &Program, recording: Recording) {
        self.ahead.insert(program.clone(), Arc::new(recording));
    }

    /// Everything that the console of the kernel showed that was lost last.
    #[must_use]
    pub fn last_console(&self) -> &str {
        &self.console
    }

    /// Runs a program alone and afresh.
    ///
    /// # Errors
    /// When no kernel can be started.
    pub fn replay_alone(&mut self, program: &Program) -> Result<Recording> {
        self.run(std::slice::from_ref(program))?.pop().ok_or_else(nothing)
    }

    /// Runs programs until each has a recording.
    fn run(&mut self, programs: &[Program]) -> Result<Vec<Recording>> {
        let mut recordings = Vec::with_capacity(programs.len());
        while recordings.len() < programs.len() {
            let rest = &programs[recordings.len()..];
            let Ran { done, stopped } = self.run_batch(rest)?;
            let next = &rest[done.len()..];
            let is_stuck = done.is_empty() && stopped.is_none();
            recordings.extend(done);
            match stopped {
                Some(Stopped::Lost(recording)) => recordings.push(recording),
                Some(Stopped::LostSomewhere) => recordings.push(self.find_step(&next[..1])?),
                Some(Stopped::Ill) => {}
                None if is_stuck => return Err(nothing()),
                None => {}
            }
        }
        Ok(recordings)
    }

    /// Runs a program in which a kernel was lost in a batch, alone.
    fn find_step(&mut self, culprit: &[Program]) -> Result<Recording> {
        let Ran { mut done, stopped } = self.run_batch(culprit)?;
        match stopped {
            Some(Stopped::Lost(recording)) => Ok(recording),
            Some(Stopped::LostSomewhere | Stopped::Ill) | None => {
                self.unrepeated += 1;
                done.pop().ok_or_else(nothing)
            }
        }
    }

    /// Gives programs to the kernel that is up, or to a new one; one that has stopped is not used again.
    fn run_batch(&mut self, programs: &[Program]) -> Result<Ran> {
        let mut kernel = match self.kernel.take() {
            Some(kernel) => kernel,
            None => {
                self.starts += 1;
                self.runner.start()?
            }
        };
        let ran = kernel.run(programs)?;
        if let Some(batch) = kernel.passes() {
            self.passes.lock().unwrap_or_else(PoisonError::into_inner).add(batch);
        }
        match ran.stopped {
            None => self.kernel = Some(kernel),
            Some(Stopped::Lost(_) | Stopped::LostSomewhere) => self.console = kernel.console(),
            Some(Stopped::Ill) => {}
        }
        Ok(ran)
    }
}

fn nothing() -> anyhow::Error {
    anyhow!("a program without a recording")
}
