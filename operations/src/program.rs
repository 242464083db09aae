//! A program: a machine, and the operations that are done on it in order.

use alloc::vec::Vec;

use crate::machine::Machine;
use crate::record;
use crate::table::Operation;

/// What is generated, run, minimised and kept: a machine and operations on it.
///
/// Every operation fits the machine. Comments and written answers belong to a [`Trace`](crate::Trace).
///
/// ```
/// use stalemap_operations::{Program, Trace};
///
/// let trace = Trace::parse("machine ram=4 spaces=2 pages=4\nmap s0 v0+2 rw\nwrite s0 v0 #1\n")?;
/// let program = trace.program();
/// assert_eq!(program.operations.len(), 2);
/// assert_eq!(Program::from_bytes(&program.to_bytes().expect("a small machine")), program);
/// # Ok::<(), stalemap_operations::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Program {
    /// The machine at its start.
    pub machine: Machine,
    /// What is done, in order.
    pub operations: Vec<Operation>,
}

impl Program {
    /// A program of these operations.
    #[must_use]
    pub fn new(machine: Machine, operations: impl IntoIterator<Item = Operation>) -> Program {
        Program { machine, operations: operations.into_iter().collect() }
    }

    /// The program that any bytes mean (see [`record`]).
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Program {
        let mut program = Program::default();
        program.read_bytes(bytes);
        program
    }

    /// As [`from_bytes`](Self::from_bytes), into this program, which keeps its memory.
    pub fn read_bytes(&mut self, bytes: &[u8]) {
        self.machine = record::decode_into(bytes, &mut self.operations);
    }

    /// The bytes of the program; `None` where the machine has none ([`Machine::has_bytes`]).
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.write_bytes(&mut bytes).then_some(bytes)
    }

    /// As [`to_bytes`](Self::to_bytes), into `bytes`, which is cleared first; `false` where the machine has none.
    pub fn write_bytes(&self, bytes: &mut Vec<u8>) -> bool {
        record::encode_into(&self.machine, &self.operations, bytes)
    }

    /// Whether every operation fits the machine.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.operations.iter().all(|operation| operation.fits(&self.machine))
    }
}
