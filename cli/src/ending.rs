//! How the program ends: the exit codes of `diff`, and that of an interrupted program.

use std::process::ExitCode;

/// How a command came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
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
    /// The exit code.
    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(self.number())
    }

    /// 0 agree, 1 divergence, 2 trouble, 130 interrupted.
    pub(crate) fn number(self) -> u8 {
        match self {
            Ending::Agree => 0,
            Ending::Diverge => 1,
            Ending::Trouble => 2,
            Ending::Interrupted => 130,
        }
    }
}
