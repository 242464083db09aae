//! The minimiser: shortens what leads to a divergence and keeps its signature.
//!
//! Passes: cut the tail, drop chunks from the end forward; rename to first appearance, shrink the machine, make operands
//! smaller, until nothing changes; and all over again until nothing can be dropped. The result is 1-minimal: no single
//! operation can go and no single operand can get smaller.

use stalemap_operations::{Field, FieldValues, Machine, Operation, Program};

use crate::divergence::{Divergence, Signature};
use crate::driver::{Build, Driver};
use crate::lockstep::Compare;

/// How far the minimiser has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Operations that are left.
    pub operations: usize,
    /// Runs so far.
    pub executions: u64,
}

/// What the minimiser came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minimised {
    /// What is left, on the smallest machine; the last operation diverges.
    pub program: Program,
    /// How they diverge.
    pub divergence: Divergence,
    /// Runs that it took.
    pub executions: u64,
    /// Whether it came to its end; not so when it was told to stop.
    pub complete: bool,
}

/// Shortens operations that diverge with this signature; `None` if they do not. `keep_going` is asked now and then and
/// ends the work by answering no; what was reached until then is the result.
pub fn minimise<B: Build>(
    driver: &mut Driver<B>,
    program: &Program,
    signature: &Signature,
    keep_going: &mut dyn FnMut(&Progress) -> bool,
) -> Option<Minimised> {
    let divergence = diverges(driver, program, signature)?;
    let program = Program::new(program.machine, program.operations[..=divergence.step].iter().copied());
    let found = Minimised { program, divergence, executions: 1, complete: true };
    let mut search = Search { driver, signature, keep_going, found, failed: Vec::new(), stopped: false };
    search.drop_chunks(usize::MAX);
    loop {
        search.lower();
        let operations = search.found.program.operations.len();
        // What is left after the first round goes singly or in pairs.
        search.drop_chunks(2);
        if search.stopped || search.found.program.operations.len() == operations {
            break;
        }
    }
    search.found.complete = !search.stopped;
    Some(search.found)
}

/// How the operations diverge, if with this signature.
pub(crate) fn diverges<B: Build>(
    driver: &mut Driver<B>,
    program: &Program,
    signature: &Signature,
) -> Option<Divergence> {
    let run = driver.run(program, Compare::Touched).ok()?;
    run.divergence.filter(|divergence| divergence.signature() == *signature)
}

struct Search<'a, B: Build> {
    driver: &'a mut Driver<B>,
    signature: &'a Signature,
    keep_going: &'a mut dyn FnMut(&Progress) -> bool,
    found: Minimised,
    /// Short candidates that did not diverge in the same way: a later round would try them again.
    failed: Vec<Program>,
    stopped: bool,
}

/// Candidates with more operations are not kept: hardly any of them comes twice.
const SHORT: usize = 64;

impl<B: Build> Search<'_, B> {
    /// Tries something smaller; keeps it if it diverges in the same way.
    fn try_it(&mut self, program: Program) -> bool {
        let operations = self.found.program.operations.len();
        let progress = Progress { operations, executions: self.found.executions };
        self.stopped |= !(self.keep_going)(&progress);
        if self.stopped || self.failed.contains(&program) {
            return false;
        }
        self.found.executions += 1;
        let Some(divergence) = diverges(self.driver, &program, self.signature) else {
            if program.operations.len() <= SHORT {
                self.failed.push(program);
            }
            return false;
        };
        self.found.program = program;
        // Nothing behind the diverging step is needed.
        self.found.program.operations.truncate(divergence.step + 1);
        self.found.divergence = divergence;
        true
    }

    /// Makes machine and operands as small as they can be without another operation gone: one often lets another go
    /// lower, and to try these again costs less than to try the operations again.
    fn lower(&mut self) {
        loop {
            let before = self.found.program.clone();
            self.rename();
            self.close_gaps();
            self.shrink_machine();
            self.shrink_operands();
            if self.stopped || before == self.found.program {
                return;
            }
        }
    }

    /// Drops runs of operations, from large to single ones, from the end forward.
    fn drop_chunks(&mut self, largest: usize) {
        let mut chunk = (self.found.program.operations.len() / 2).clamp(1, largest);
        loop {
            let mut end = self.found.program.operations.len();
            let mut dropped = false;
            while end > 0 && !self.stopped {
                let start = end.saturating_sub(chunk);
                let Program { machine, operations } = &self.found.program;
                let without = [&operations[..start], &operations[end.min(operations.len())..]].concat();
                let without = Program { machine: *machine, operations: without };
                dropped |= !without.operations.is_empty() && self.try_it(without);
                end = start.min(self.found.program.operations.len());
            }
            if chunk > 1 {
                chunk /= 2;
            } else if !dropped || self.stopped {
                return;
            }
        }
    }

    /// Makes each size of the machine as small as the operations allow, and takes the default dialect if that will do.
    fn shrink_machine(&mut self) {
        for index in 0..Machine::DEFAULT.sizes().len() {
            let most = self.found.program.machine.sizes()[index];
            self.smallest(0, most, |found, size| {
                let mut sizes = found.machine.sizes();
                sizes[index] = size;
                let machine = Machine::from_sizes(sizes, found.machine.rules())?;
                let program = Program { machine, ..found.clone() };
                program.fits().then_some(program)
            });
        }
        let Program { machine, operations } = &self.found.program;
        let default = Machine::from_sizes(machine.sizes(), Machine::DEFAULT.rules());
        if let Some(default) = default.filter(|default| default != machine) {
            let program = Program { machine: default, operations: operations.clone() };
            self.try_it(program);
        }
    }

    /// Makes each field of each operation as small as it can be.
    fn shrink_operands(&mut self) {
        let mut step = 0;
        while step < self.found.program.operations.len() && !self.stopped {
            let values = self.found.program.operations[step].values();
            // Counts first: a shorter range lets the other fields go lower.
            let counts = (0..values.fields().len()).filter(|&index| values.fields()[index] == Field::Count);
            let others = (0..values.fields().len()).filter(|&index| values.fields()[index] != Field::Count);
            for index in counts.chain(others) {
                // What was tried before may have shortened the trace.
                let Some(values) = self.found.program.operations.get(step).map(Operation::values) else {
                    return;
                };
                let value = values.as_slice()[index];
                let lowest = values.fields()[index].lowest();
                self.smallest(lowest, value, |found, smaller| {
                    let changed = with(found.operations.get(step)?, index, smaller, &found.machine)?;
                    let mut program = found.clone();
                    program.operations[step] = changed;
                    Some(program)
                });
            }
            step += 1;
        }
    }

    /// Tries the values from `lowest` up to, and without, `value`: where they are few all of them, else half-way steps,
    /// which the next round goes on from.
    fn smallest(&mut self, lowest: u32, value: u32, candidate: impl Fn(&Program, u32) -> Option<Program>) {
        const FEW: u32 = 8;
        let (mut low, mut high) = (lowest, value);
        while low < high && !self.stopped {
            let tried = if low == lowest || high - low <= FEW { low } else { low + (high - 1 - low) / 2 };
            let works = candidate(&self.found.program, tried).is_some_and(|program| self.try_it(program));
            if works {
                high = tried;
            } else {
                low = tried + 1;
            }
        }
    }

    /// Closes gaps between the pages that are named: all behind a gap go down together, where single ones cannot.
    fn close_gaps(&mut self) {
        let mut lowest = 0;
        while let Some(page) = next_named(&self.found.program.operations, lowest) {
            self.smallest(lowest, page, |found, to| {
                let page = next_named(&found.operations, lowest)?;
                let moved = |operation| moved_down(operation, page, page.checked_sub(to)?, &found.machine);
                let operations: Option<Vec<Operation>> = found.operations.iter().map(moved).collect();
                Some(Program { machine: found.machine, operations: operations? })
            });
            lowest = next_named(&self.found.program.operations, lowest).unwrap_or(page) + 1;
        }
    }

    /// Renames slots and stamps in the order of their first appearance, all at once where single changes cannot.
    fn rename(&mut self) {
        for field in
            [Field::Space, Field::Stamp, Field::Device, Field::Transaction, Field::Pin, Field::Hold, Field::Block]
        {
            let Program { machine, operations } = &self.found.program;
            let renamed = renamed(operations, field, machine).filter(|renamed| renamed != operations);
            if let Some(operations) = renamed {
                let program = Program { machine: *machine, operations };
                self.try_it(program);
            }
        }
    }
}

/// The operation with another value in one field, if there is such a one.
pub(crate) fn with(operation: &Operation, index: usize, value: u32, machine: &Machine) -> Option<Operation> {
    let mut values: FieldValues = operation.values();
    values.set(index, value);
    Operation::new(operation.kind(), values.as_slice(), machine)
}

/// Whether the field is the number of a virtual page.
fn is_page(field: Field) -> bool {
    matches!(field, Field::Page | Field::Destination)
}

/// The lowest page that some operation names and that is not below this one.
fn next_named(operations: &[Operation], lowest: u32) -> Option<u32> {
    let named = |operation: &Operation| {
        let values = operation.values();
        values.iter().filter(|&(field, page)| is_page(field) && page >= lowest).map(|(_, page)| page).min()
    };
    operations.iter().filter_map(named).min()
}

/// The operation with all pages from this one on moved down.
fn moved_down(operation: &Operation, from: u32, by: u32, machine: &Machine) -> Option<Operation> {
    let mut values = operation.values();
    for index in 0..values.fields().len() {
        let page = values.as_slice()[index];
        if is_page(values.fields()[index]) && page >= from {
            values.set(index, page - by);
        }
    }
    Operation::new(operation.kind(), values.as_slice(), machine)
}

/// The operations with the numbers of one sort of field replaced: the first to appear is the lowest, and so on. The
/// first space is a special one and keeps its name, as does the stamp of a fresh page.
fn renamed(operations: &[Operation], field: Field, machine: &Machine) -> Option<Vec<Operation>> {
    let mut names: Vec<u32> = if matches!(field, Field::Space | Field::Stamp) { vec![0] } else { Vec::new() };
    let mut renamed = Vec::with_capacity(operations.len());
    for operation in operations {
        let mut values = operation.values();
        for index in 0..values.fields().len() {
            if values.fields()[index] != field {
                continue;
            }
            let old = values.as_slice()[index];
            let name = names.iter().position(|&name| name == old).unwrap_or_else(|| {
                names.push(old);
                names.len() - 1
            });
            values.set(index, u32::try_from(name).ok()?);
        }
        renamed.push(Operation::new(operation.kind(), values.as_slice(), machine)?);
    }
    Some(renamed)
}
