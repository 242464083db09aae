//! How programs are run in a kernel: what starts one, and what one does with a batch.

use std::any::Any;

use anyhow::Result;
use stalemap_guest::{End, Shown};
use stalemap_operations::Program;

use crate::passes::BatchPasses;
use crate::way::Way;

/// Why nothing more comes from a kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The kernel has stopped; the last line that it printed.
    Crash(String),
    /// It shows nothing and does not stop.
    Hang,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All steps were done.
    Ended(End),
    /// The kernel was lost in the step after the last that was shown.
    Lost(Lost),
}

/// What a program came to: what each step showed, and the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// What the steps showed.
    pub steps: Vec<Shown>,
    /// How it ended.
    pub ending: Ending,
}

/// What a kernel did of a batch.
#[derive(Debug)]
pub struct Ran {
    /// The programs that ended, from the first on.
    pub done: Vec<Recording>,
    /// Why there is not one for each program.
    pub stopped: Option<Stopped>,
}

/// Why a kernel runs no more programs of a batch.
#[derive(Debug)]
pub enum Stopped {
    /// What it does from now on may be the fault of the program that it did last.
    Ill,
    /// It was lost in the next program, in the step after the last that is recorded.
    Lost(Recording),
    /// It was lost in the next program, in a step that is not known: that program has to be run alone.
    LostSomewhere,
}

/// Starts kernels.
pub trait Runner: Send + Sync {
    /// Starts one and waits until it can run programs.
    ///
    /// # Errors
    /// When it does not come up.
    fn start(&self) -> Result<Box<dyn RunningKernel>>;

    /// Who does the operations in these kernels.
    fn way(&self) -> Way;

    /// The runner as what it is, for callers that can do more with it.
    fn as_any(&self) -> &dyn Any;
}

/// A kernel that is up. It ends when it is dropped.
pub trait RunningKernel: Send {
    /// Runs programs in their order, each from the start of its machine.
    ///
    /// # Errors
    /// When programs cannot be given to it, or what it says means nothing.
    fn run(&mut self, programs: &[Program]) -> Result<Ran>;

    /// Everything that it has printed.
    fn console(&self) -> String;

    /// The release that it names itself by, such as `6.1.192`.
    fn release(&self) -> &str;

    /// What it passed in the last batch; none of a kernel that does not count.
    fn passes(&self) -> Option<&BatchPasses> {
        None
    }
}
