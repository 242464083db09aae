//! A trace: a machine and operations on it, with comments and written answers; the only persistent form of anything.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::machine::Machine;
use crate::outcome::Outcome;
use crate::program::Program;
use crate::table::Operation;
use crate::text::{self, ParseError};

/// One operation of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The comment lines above it, `#` included; an empty string is an empty line.
    pub comments: Vec<String>,
    /// What is done.
    pub operation: Operation,
    /// The answer behind `=`, where one is written.
    pub answer: Option<Outcome>,
}

impl From<Operation> for Step {
    fn from(operation: Operation) -> Self {
        Step { comments: Vec::new(), operation, answer: None }
    }
}

/// A machine and operations on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The comment lines above the machine line.
    pub title: Vec<String>,
    /// The machine, which every operation fits.
    pub machine: Machine,
    /// The operations in order.
    pub steps: Vec<Step>,
    /// The comment lines below the last operation.
    pub ending: Vec<String>,
}

impl Trace {
    /// The most operations that a text may have.
    pub const MOST_STEPS: usize = 1 << 20;
    /// The most lines of comments that a text may have: two for each operation. Empty lines count, several in a row as one.
    pub const MOST_COMMENTS: usize = 2 * Self::MOST_STEPS;

    /// A trace without comments and answers.
    #[must_use]
    pub fn new(machine: Machine, operations: impl IntoIterator<Item = Operation>) -> Trace {
        Trace { machine, steps: operations.into_iter().map(Step::from).collect(), ..Trace::default() }
    }

    /// The trace that any bytes mean (see [`record`](crate::record)).
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Trace {
        Program::from_bytes(bytes).into()
    }

    /// The program as bytes; comments and answers have none. `None` where the machine has no bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        self.program().to_bytes()
    }

    /// The trace without comments and answers.
    #[must_use]
    pub fn program(&self) -> Program {
        Program::new(self.machine, self.operations())
    }

    /// Reads the text of a trace.
    ///
    /// # Errors
    /// The first mistake with its line and column, what was found, what was expected, and the nearest known word.
    ///
    /// ```
    /// use stalemap_operations::{Effect, Outcome, Stamp, Trace};
    ///
    /// let trace = Trace::parse("machine ram=4 spaces=1 pages=4\nmap s0 v0 rw\nread s0 v0 = ok value=#00\n")?;
    /// assert_eq!(trace.steps[0].answer, None);
    /// assert_eq!(trace.steps[1].answer, Some(Outcome::Done(Effect::Value(Stamp(0)))));
    ///
    /// let error = Trace::parse("machine ram=4 spaces=1 pages=4\nmap s0 v0 rx\n").unwrap_err();
    /// let sentence = "2:11: expected an access (none, r or rw), found \"rx\"; did you mean \"rw\"?";
    /// assert_eq!(error.to_string(), sentence);
    /// # Ok::<(), stalemap_operations::ParseError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Trace, ParseError> {
        text::parse(text)
    }

    /// The operations in order.
    pub fn operations(&self) -> impl ExactSizeIterator<Item = Operation> + '_ {
        self.steps.iter().map(|step| step.operation)
    }
}

/// A trace without comments and answers.
impl From<Program> for Trace {
    fn from(program: Program) -> Trace {
        Trace::new(program.machine, program.operations)
    }
}

/// The canonical text.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::print(self, f)
    }
}
