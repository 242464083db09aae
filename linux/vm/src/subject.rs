//! The kernel as a subject: what a guest showed, step by step, as outcomes and observations.

use std::any::Any;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use stalemap_guest::Shown;
use stalemap_operations::{
    Capabilities, Effect, EffectShape, Errno, Home, Machine, Observation, Operation, Outcome, Program, Scope, Stamp,
    Subject, Touched,
};

use crate::health::health;
use crate::huge::Asked;
use crate::pool::KernelPool;
use crate::runner::{Ending, Lost, Recording};
use crate::track::{Step, Tracker};
use crate::transcript::start;
use crate::way::Way;

/// A kernel, asked by a guest or an agent.
pub struct Kernel {
    asked: Asked,
    machine: Machine,
    pool: Arc<Mutex<KernelPool>>,
    done: Vec<Operation>,
    recording: Arc<Recording>,
    /// Operations of the program that was recorded; a recording that ends early shows fewer.
    recorded: usize,
    tracker: Tracker,
    observation: Observation,
}

impl Kernel {
    /// The machine that the pool's kernels simulate.
    ///
    /// # Errors
    /// When it is larger than what can be driven.
    pub fn new(asked: Asked, machine: &Machine, pool: Arc<Mutex<KernelPool>>) -> Result<Kernel, String> {
        let machine = asked.machine(machine)?;
        Ok(Kernel {
            asked,
            machine,
            pool,
            done: Vec::new(),
            recording: nothing(),
            recorded: 0,
            tracker: Tracker::default(),
            observation: at_start(asked.way, &machine),
        })
    }

    /// Runs operations from the start, unless they are what was recorded.
    fn record(&mut self, operations: &[Operation]) {
        let program = Program::new(self.machine, operations.iter().copied());
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        match pool.replay(&program) {
            Ok(recording) => (self.recording, self.recorded) = (recording, operations.len()),
            Err(error) => stop(format!("{}: {error:#}", self.name())),
        }
    }
}

/// What is seen before anything was done.
fn at_start(way: Way, machine: &Machine) -> Observation {
    Observation { free: way.capacity(machine), ..start() }
}

/// Before anything was done.
fn nothing() -> Arc<Recording> {
    Arc::new(Recording { steps: Vec::new(), ending: Ending::Ended(stalemap_guest::End::default()) })
}

/// Ends the run with a panic that the driver catches, without the noise of a panic of our own.
fn stop(message: String) -> ! {
    let payload: Box<dyn Any + Send> = Box::new(message);
    resume_unwind(payload)
}

impl Subject for Kernel {
    fn name(&self) -> &str {
        self.asked.subject()
    }

    fn capabilities(&self) -> Capabilities {
        self.asked.capabilities()
    }

    fn machine(&self) -> &Machine {
        &self.machine
    }

    fn capacity(&self) -> [u32; Home::LIMIT] {
        self.asked.way.capacity(&self.machine)
    }

    fn reset(&mut self) {
        self.done.clear();
        self.recording = nothing();
        self.recorded = 0;
        self.tracker = Tracker::default();
        self.observation = at_start(self.asked.way, &self.machine);
    }

    fn announce(&mut self, operations: &[Operation]) {
        let able = |operation: &&Operation| self.asked.can(operation.kind());
        let operations: Vec<Operation> = operations.iter().filter(able).copied().collect();
        if !operations.is_empty() {
            self.record(&operations);
        }
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        let step = self.done.len();
        self.done.push(operation);
        if self.recording.steps.len() <= step && matches!(self.recording.ending, Ending::Ended(_)) {
            let done = std::mem::take(&mut self.done);
            self.record(&done);
            self.done = done;
        }
        match (self.recording.steps.get(step), &self.recording.ending) {
            (Some(shown), _) => {
                let step = Step::new(operation, &self.machine, self.asked.stride());
                let ended = self.tracker.step(&shown.state, &step, &mut self.observation);
                outcome(shown, operation, ended)
            }
            (None, Ending::Lost(Lost::Crash(message))) => stop(format!("the kernel: {message}")),
            (None, Ending::Lost(Lost::Hang) | Ending::Ended(_)) => Outcome::Stuck,
        }
    }

    fn touched(&mut self, _: &mut Touched) -> bool {
        false
    }

    fn runs(&self) -> &[bool] {
        let last = self.done.len().checked_sub(1).and_then(|step| self.recording.steps.get(step));
        last.map_or(&[], |shown| &shown.runs)
    }

    fn observe(&self, _: &Scope, into: &mut Observation) {
        into.clone_from(&self.observation);
    }

    fn validate(&self) -> Result<(), String> {
        match &self.recording.ending {
            // What ends the recording comes later: in an operation that is still to be done, or behind the last one.
            _ if self.done.len() < self.recorded => Ok(()),
            Ending::Ended(end) => health(end),
            Ending::Lost(Lost::Crash(message)) => Err(format!("the kernel, while everything is given back: {message}")),
            Ending::Lost(Lost::Hang) => Err("the kernel hangs while everything is given back".to_string()),
        }
    }
}

/// The outcome that was shown; the guest does not count what ends in a step.
fn outcome(shown: &Shown, operation: Operation, ended: u32) -> Outcome {
    match usize::from(shown.class) {
        0 => Outcome::Done(match operation.kind().row().effect {
            EffectShape::Nothing => Effect::Nothing,
            EffectShape::Pages => Effect::Pages(shown.number),
            EffectShape::PagesFreed => Effect::PagesFreed { pages: shown.number, freed: ended },
            EffectShape::Freed => Effect::Freed(ended),
            EffectShape::Value => Effect::Value(Stamp(shown.number.to_le_bytes()[0])),
        }),
        class => Errno::ALL.get(class - 1).map_or(Outcome::Stuck, |&errno| Outcome::Refused(errno)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use stalemap_guest::{GuestState, Shown};
    use stalemap_harness::{Compare, Driver};
    use stalemap_operations::{Kind, Machine, Operation, Program};

    use super::{Asked, Kernel};
    use crate::acceleration::Acceleration;
    use crate::pool::KernelPool;
    use crate::runner::{Ending, Lost, Recording};
    use crate::version::Version;
    use crate::virtual_machine::Boot;
    use crate::way::Way;

    const VERSION: Version = Version::V6_1;
    const OPERATIONS: usize = 3;

    /// How a program of evictions of an empty device diverges on a guest that showed so many steps and then was lost, for
    /// one way to compare after another.
    fn signatures(shown: usize, lost: &Lost) -> Vec<String> {
        let machine = Way::Guest.machine(VERSION, &Way::Guest.largest()).expect("the largest can be driven");
        let evict = Kind::by_word("evict").and_then(|kind| Operation::new(kind, &[0], &machine)).expect("an operation");
        let program = Program::new(machine, [evict; OPERATIONS]);
        let state = GuestState { alive: 1, ..GuestState::default() };
        let steps = vec![Shown { class: 0, number: 0, runs: Vec::new(), state }; shown];
        let boot = Boot {
            image: "no kernel".into(),
            initramfs: "nothing".into(),
            memory: 0,
            slowness: 1,
            bits: 0,
            acceleration: Acceleration::Emulated,
            verbose: false,
        };
        let mut pool = KernelPool::new(Arc::new(boot));
        pool.remember(&program, Recording { steps, ending: Ending::Lost(lost.clone()) });
        let pool = Arc::new(Mutex::new(pool));
        let mut driver = Driver::new(move |machine: &Machine| {
            Kernel::new(Asked::small(VERSION, Way::Guest), machine, Arc::clone(&pool))
        });
        let all = [Compare::Touched, Compare::Everything, Compare::Touched];
        let divergence = |compare| driver.run(&program, compare).expect("it can be driven").divergence;
        let shown =
            |divergence: stalemap_harness::Divergence| format!("{} in {}", divergence.signature(), divergence.step);
        all.map(divergence).map(|it| it.map_or_else(|| "none".to_string(), shown)).to_vec()
    }

    #[test]
    fn a_kernel_that_stops_in_an_operation_has_stopped_there_however_much_is_compared() {
        let crash = Lost::Crash("BUG: x".to_string());
        for shown in 0..OPERATIONS {
            let expected = format!("panic.subject_the_kernel_bug_x@any in {shown}");
            assert_eq!(signatures(shown, &crash), vec![expected; 3]);
            let expected = format!("termination.fuel@evict in {shown}");
            assert_eq!(signatures(shown, &Lost::Hang), vec![expected; 3]);
        }
    }

    #[test]
    fn a_kernel_that_stops_behind_the_last_operation_stops_while_everything_is_given_back() {
        let expected = "validity.the_kernel_while_everything_is_given_back_bug_x@any in 2";
        let seen = signatures(OPERATIONS, &Lost::Crash("BUG: x".to_string()));
        assert_eq!(seen, vec![expected; 3]);
    }
}
