//! A subject in a worker: a program is run there as a whole when it is announced, and shown step by step here.

use std::cell::RefCell;
use std::sync::atomic::Ordering;

use stalemap_operations::{
    Capabilities, Home, Machine, Observation, Operation, Outcome, Scope, Slot, SlotState, Subject, Touched,
};

use crate::build::Isolated;
use crate::process::Lost;
use crate::protocol::{Answer, Described, Packed, Request, Steps};

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
    /// The runs of the last one.
    runs: Vec<bool>,
    start: Observation,
}

/// What became of a program.
#[derive(Default)]
struct Program {
    steps: Steps,
    /// How the process was lost behind the last step.
    lost: Option<Lost>,
    recounts_each: bool,
}

impl InWorker {
    pub(crate) fn new(build: Isolated, asked: Machine, described: Described) -> InWorker {
        let mut start = Observation::default();
        start.alive.insert(stalemap_operations::Space(0));
        start.free = described.capacity;
        InWorker {
            build,
            asked,
            described,
            announced: Vec::new(),
            ran: RefCell::default(),
            done: 0,
            runs: Vec::new(),
            start,
        }
    }

    /// Runs what was announced in the worker. Where the worker is lost over it, it is run again in a new one that writes each
    /// step as soon as it is done, so that the operation is known at which it was lost. What is run next is most often the same
    /// or a part of it, and is written in this way at once.
    fn run(&self, recounts_each: bool) -> Program {
        let was_lost = self.build.was_lost.load(Ordering::Relaxed);
        let (mut steps, mut lost) = self.attempt(recounts_each, was_lost);
        self.build.was_lost.store(lost.is_some(), Ordering::Relaxed);
        if let Some(first) = lost.take_if(|lost| !was_lost || matches!(lost, Lost::Stalled)) {
            let again;
            (steps, again) = self.attempt(recounts_each, true);
            // What was lost once is told, at the last operation where it does not repeat. That the machine stalled a worker
            // says nothing of the subject.
            lost = again.or_else(|| {
                let told = Some(first).filter(|first| !matches!(first, Lost::Stalled));
                if told.is_some() {
                    steps.pop();
                }
                told
            });
        }
        Program { steps, lost, recounts_each }
    }

    fn attempt(&self, recounts_each: bool, is_careful: bool) -> (Steps, Option<Lost>) {
        let operations = self.announced.iter().map(Packed::from).collect();
        let request = |run| Request::Run { run, machine: self.asked, operations, recounts_each, is_careful };
        let ran = self.build.with_process(|process| process.run(request, self.build.deadline));
        ran.unwrap_or_else(|error| (Steps::default(), Some(Lost::Died(error.to_string()))))
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
        self.runs.clear();
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
        let outcome = match program.steps.answer(self.done) {
            Some(Answer::Outcome { outcome, runs, .. }) => {
                self.runs.clone_from(runs);
                *outcome
            }
            Some(Answer::Panicked(message)) => panic!("{message}"),
            None => match &program.lost {
                None => panic!("the worker has left out an operation"),
                Some(Lost::Died(words)) => panic!("{words}"),
                Some(Lost::Hung | Lost::Stalled) => Outcome::Stuck,
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
        let last = self.done.checked_sub(1);
        match last.and_then(|last| self.ran.borrow().steps.shown(last)) {
            Some(Ok(shown)) => *into = shown,
            Some(Err(error)) => panic!("what the worker shows means nothing: {error}"),
            None => into.clone_from(&self.start),
        }
        if !scope.everything {
            into.places.retain(|view| scope.places.contains(&view.place));
            let all = std::mem::take(&mut into.slots);
            let of = |slot: &Slot| all.iter().find(|(it, _)| it == slot).cloned();
            into.slots = scope.slots.iter().map(|slot| of(slot).unwrap_or((*slot, SlotState::Empty))).collect();
        }
    }

    fn runs(&self) -> &[bool] {
        &self.runs
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
        match self.ran.borrow().steps.answer(last) {
            Some(Answer::Outcome { recount, .. }) => recount.clone(),
            Some(Answer::Panicked(message)) => panic!("{message}"),
            None => Ok(()),
        }
    }
}
