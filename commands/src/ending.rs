//! How a program ends: the exit codes of `diff`, and that of an interrupted program.

use std::process::ExitCode;

use anyhow::Result;

use crate::interrupt::Interrupted;
use crate::output;

/// How a command came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Both sides agree, or the work is done.
    Agree,
    /// A divergence was found, also when interrupted after it.
    Diverge,
    /// Something could not be done.
    Trouble,
    /// Interrupted before anything was found.
    Interrupted,
}

impl Ending {
    /// The exit code: 0 agree, 1 divergence, 2 trouble, 130 interrupted (128 and the number of SIGINT).
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Ending::Agree => 0,
            Ending::Diverge => 1,
            Ending::Trouble => 2,
            Ending::Interrupted => 130,
        }
    }
}

/// The exit code for what a command came to; prints its error. A result that could not be printed is trouble.
#[must_use]
pub fn exit_code(result: Result<Ending>) -> ExitCode {
    let ending = match result.and_then(|ending| output::flush().map(|()| ending)) {
        Ok(ending) => ending,
        // The reader has read enough, as `head` does.
        Err(error) if output::is_broken_pipe(&error) => Ending::Trouble,
        Err(error) if error.chain().any(|cause| cause.is::<Interrupted>()) => Ending::Interrupted,
        Err(error) => {
            output::complain(&error);
            Ending::Trouble
        }
    };
    ExitCode::from(ending.number())
}
