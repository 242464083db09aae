//! A subject in a worker: a program is run there as a whole when it is announced, and shown step by step here.

use std::cell::RefCell;

use stalemap_operations::{
    Capabilities, Home, Machine, Observation, Operation, Outcome, Scope, Slot, SlotState, Subject, Touched,
};

use crate::build::Isolated;
use crate::process::Lost;
use crate::protocol::{Described, Packed, Request, Step};

/// A subject that lives in a worker.
pub struct InWorker {
    build: Isolated,
    /// The machine that was asked for.
    asked: Machine,
    described: Described,
    /// The operations that were announced and can be done.
    announced: Vec<Operation>,
    /// What became of them.
    ran: RefCell<Program>,
    /// Operations that were done.
    done: usize,
    start: Observation,
}

/// What became of a program.
#[derive(Default)]
struct Program {
    steps: Vec<Step>,
    /// How the process was lost behind the last step.
    lost: Option<Lost>,
    recounts_each: bool,
}

impl InWorker {
    pub(crate) fn new(build: Isolated, asked: Machine, described: Described) -> InWorker {
        let mut start = Observation::default();
        start.alive.insert(stalemap_operations::Space(0));
        start.free = described.capacity;
        InWorker { build, asked, described, announced: Vec::new(), ran: RefCell::default(), done: 0, start }
    }

    /// Runs what was announced in the worker.
    fn run(&self, recounts_each: bool) -> Program {
        let operations = self.announced.iter().map(Packed::from).collect();
        let request = |run| Request::Run { run, machine: self.asked, operations, recounts_each };
        let ran = self.build.with_process(|process| process.run(request, self.build.deadline));
        let (steps, lost) = ran.unwrap_or_else(|error| (Vec::new(), Some(Lost::Died(error.to_string()))));
        Program { steps, lost, recounts_each }
    }
}

impl Subject for InWorker {
    fn name(&self) -> &str {
        &self.described.name
    }

    fn capabilities(&self) -> Capabilities {
        self.described.capabilities
    }

    fn machine(&self) -> &Machine {
        &self.described.machine
    }

    fn capacity(&self) -> [u32; Home::LIMIT] {
        self.described.capacity
    }

    fn reset(&mut self) {
        self.done = 0;
        self.announced.clear();
        *self.ran.get_mut() = Program::default();
    }

    fn announce(&mut self, operations: &[Operation]) {
        let capabilities = self.described.capabilities;
        self.announced.extend(operations.iter().filter(|operation| capabilities.can(**operation)));
        if !self.announced.is_empty() {
            *self.ran.get_mut() = self.run(false);
        }
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        if self.announced.get(self.done) != Some(&operation) {
            self.announced.truncate(self.done);
            self.announced.push(operation);
            *self.ran.get_mut() = self.run(false);
        }
        let program = self.ran.get_mut();
        let outcome = match program.steps.get(self.done) {
            Some(Step::Answered { outcome, .. }) => *outcome,
            Some(Step::Panicked(message)) => panic!("{message}"),
            None => match &program.lost {
                None => panic!("the worker has left out an operation"),
                Some(Lost::Died(words)) => panic!("{words}"),
                Some(Lost::Hung) => Outcome::Stuck,
            },
        };
        self.done += 1;
        outcome
    }

    /// Everything is looked at in the worker after each operation.
    fn touched(&mut self, _: &mut Touched) -> bool {
        false
    }

    fn observe(&self, scope: &Scope, into: &mut Observation) {
        let program = self.ran.borrow();
        let last = self.done.checked_sub(1).and_then(|last| program.steps.get(last));
        let shown = match last {
            Some(Step::Answered { shown, .. }) => &**shown,
            Some(Step::Panicked(_)) | None => &self.start,
        };
        into.clone_from(shown);
        if !scope.everything {
            into.places.retain(|view| scope.places.contains(&view.place));
            let of = |slot: &Slot| shown.slots.iter().find(|(it, _)| it == slot);
            into.slots =
                scope.slots.iter().map(|slot| of(slot).cloned().unwrap_or((*slot, SlotState::Empty))).collect();
        }
    }

    fn validate(&self) -> Result<(), String> {
        let Some(last) = self.done.checked_sub(1) else { return Ok(()) };
        let is_recounted = {
            let program = self.ran.borrow();
            program.recounts_each || last + 1 == self.announced.len()
        };
        if !is_recounted {
            let again = self.run(true);
            *self.ran.borrow_mut() = again;
        }
        match self.ran.borrow().steps.get(last) {
            Some(Step::Answered { recount, .. }) => recount.clone(),
            Some(Step::Panicked(message)) => panic!("{message}"),
            None => Ok(()),
        }
    }
}
