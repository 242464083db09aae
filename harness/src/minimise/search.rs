//! The search for a smaller program: passes that try edits and keep what still diverges in the same way.

use stalemap_operations::{Field, Machine, Operation, Program};

use super::edits::{halved, moved_down, next_named, renamed, with, with_order, without_page};
use super::shorter::shorter;
use super::{Goal, Minimised, Progress, diverges};
use crate::divergence::Divergence;
use crate::driver::Driver;

pub(crate) struct Search<'a> {
    driver: &'a mut Driver,
    goal: Goal,
    keep_going: &'a mut dyn FnMut(&Progress) -> bool,
    pub(crate) found: Minimised,
    /// Short candidates that did not diverge in the same way: a later round would try them again.
    failed: Vec<Program>,
    pub(crate) stopped: bool,
}

/// Candidates with more operations are not kept: hardly any of them comes twice.
const SHORT: usize = 64;

impl<'a> Search<'a> {
    /// A search that begins with this program; `None` if it does not diverge as the goal says.
    pub(crate) fn new(
        driver: &'a mut Driver,
        program: &Program,
        goal: Goal,
        keep_going: &'a mut dyn FnMut(&Progress) -> bool,
    ) -> Option<Self> {
        let divergence = diverges(driver, program, &goal)?;
        // A constructor that panics needs no operation.
        let shown = program.operations.iter().copied().take(divergence.step + 1);
        let program = Program::new(program.machine, shown);
        let found = Minimised { program, divergence, executions: 1, complete: true };
        Some(Search { driver, goal, keep_going, found, failed: Vec::new(), stopped: false })
    }

    /// Goes on from another program with another goal; `false`, and nothing changes, where that does not diverge so.
    pub(crate) fn turn_to(&mut self, program: Program, goal: Goal) -> bool {
        let old = std::mem::replace(&mut self.goal, goal);
        let failed = std::mem::take(&mut self.failed);
        let turned = self.try_it(program);
        if !turned {
            (self.goal, self.failed) = (old, failed);
        }
        turned
    }

    /// How this program diverges when it is compared as the goal says, whatever the goal; `None` when the work is
    /// stopped.
    pub(crate) fn probe(&mut self, program: &Program) -> Option<Divergence> {
        if !self.may_go_on() {
            return None;
        }
        self.found.executions += 1;
        self.driver.run(program, self.goal.compare).ok()?.divergence
    }

    fn may_go_on(&mut self) -> bool {
        let operations = self.found.program.operations.len();
        let progress = Progress { operations, executions: self.found.executions };
        self.stopped |= !(self.keep_going)(&progress);
        !self.stopped
    }

    /// What was reached.
    pub(crate) fn end(mut self) -> Minimised {
        self.found.complete = !self.stopped;
        self.found
    }

    /// Drops, cuts and lowers until no single operation, page or operand is left that could go.
    pub(crate) fn minimise(&mut self) {
        self.drop_chunks(usize::MAX);
        loop {
            self.lower();
            let before = self.found.program.operations.len();
            // What is left after the first round goes singly or in pairs.
            self.drop_chunks(2);
            self.shorten();
            if self.stopped || self.found.program.operations.len() == before {
                return;
            }
        }
    }

    /// Tries something smaller; keeps it if it diverges in the same way.
    pub(crate) fn try_it(&mut self, program: Program) -> bool {
        if !self.may_go_on() || self.failed.contains(&program) {
            return false;
        }
        self.found.executions += 1;
        let Some(divergence) = diverges(self.driver, &program, &self.goal) else {
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
            self.cut_pages();
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

    /// Makes each size of the machine and the order of its huge pages as small as the operations allow, and takes the default dialect if
    /// that will do.
    fn shrink_machine(&mut self) {
        let order = self.found.program.machine.huge().map_or(0, |order| order.0);
        self.smallest(0, order, with_order);
        while halved(&self.found.program).is_some_and(|program| self.try_it(program)) {}
        for index in 0..Machine::DEFAULT.sizes().len() {
            let most = self.found.program.machine.sizes()[index];
            self.smallest(0, most, |found, size| {
                let mut sizes = found.machine.sizes();
                sizes[index] = size;
                let machine = found.machine.resized(sizes)?;
                let program = Program { machine, ..found.clone() };
                program.fits().then_some(program)
            });
        }
        let Program { machine, operations } = &self.found.program;
        let default = Some(machine.ruled(Machine::DEFAULT.rules()));
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

    /// Takes single pages out of the machine: a range loses one of its pages, be it the first, and all behind it move
    /// down.
    fn cut_pages(&mut self) {
        let mut page = 0;
        while page < self.found.program.machine.pages() && !self.stopped {
            let cut = without_page(&self.found.program, page).is_some_and(|program| self.try_it(program));
            page += u32::from(!cut);
        }
    }

    /// Makes the program shorter where that takes more than to leave operations out.
    fn shorten(&mut self) {
        let mut step = 0;
        while step < self.found.program.operations.len() && !self.stopped {
            let is_shorter = shorter(&self.found.program, step).into_iter().any(|program| self.try_it(program));
            step += usize::from(!is_shorter);
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
