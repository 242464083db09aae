//! The kernel as a subject: what a guest showed, step by step, as outcomes and observations.

use std::any::Any;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use stalemap_guest::{MOST_DEVICE_FRAMES, MOST_PAGES, MOST_SPACES, Shown};
use stalemap_harness::Settings;
use stalemap_operations::{
    Capabilities, Dialect, Effect, EffectShape, Errno, Home, Kind, KindSet, Machine, Observables, Observation,
    Operation, Outcome, Program, Scope, Stamp, Subject, Touched,
};

use crate::pool::KernelPool;
use crate::runner::{Ending, Lost, Recording};
use crate::support::{Support, support};
use crate::track::Tracker;
use crate::transcript::start;
use crate::version::Version;

/// Frames of RAM that the guest's kernel is taken to have: more than any program can use. Its own use of them is its
/// own matter, so free frames are not observable.
const RAM: u32 = Machine::FRAMES_LIMIT;

/// The largest machine that a guest can be. RAM is the kernel's own, so that a machine may have any.
pub(crate) const LARGEST: Machine = {
    let devices = if MOST_DEVICE_FRAMES < Machine::BYTES_LIMIT { MOST_DEVICE_FRAMES } else { Machine::BYTES_LIMIT };
    match Machine::new([RAM, devices, devices], MOST_SPACES, MOST_PAGES, Dialect::Linux6_12) {
        Some(machine) => machine,
        None => panic!("sizes within limits"),
    }
};

/// What the guest can do and show: all operations but those on blocks of frames; all facts but reference counts (pages
/// that were just brought back wait in a list with a reference), free counts and frame numbers.
#[must_use]
pub fn capabilities() -> Capabilities {
    let operations: KindSet = Kind::ALL.iter().copied().filter(|&kind| support(kind) != Support::None).collect();
    let observables = Observables::PLACES
        .and(Observables::WRITABLE)
        .and(Observables::SPACES)
        .and(Observables::STAMPS)
        .and(Observables::EXCLUSIVE)
        .and(Observables::MAPCOUNTS)
        .and(Observables::RMAPS)
        .and(Observables::SLOTS);
    Capabilities { observables, operations, ..Capabilities::ALL }
}

/// What is generated for a kernel: executions of at most so many operations, of those that the guest can do, on machines
/// that it can be.
#[must_use]
pub fn settings(operations: usize) -> Settings {
    Settings { operations, kinds: capabilities().operations, machine: None, largest: Some(LARGEST) }
}

/// Frames that are free at each home when a program begins, live or recorded.
pub(crate) fn capacity(machine: &Machine) -> [u32; Home::LIMIT] {
    Home::ALL.map(|home| if home == Home::Ram { RAM } else { machine.frames(home) })
}

/// The machine as the kernel can be it: with its own rules and more RAM than a program can use, whatever the trace has.
///
/// # Errors
/// When it is larger than the guest can drive.
pub fn machine(version: Version, machine: &Machine) -> Result<Machine, String> {
    let [_, first, second, spaces, pages] = machine.sizes();
    let fits = machine.sizes().into_iter().zip(LARGEST.sizes()).all(|(size, most)| size <= most);
    let sizes = [Machine::BYTES_LIMIT, first, second, spaces, pages];
    let kernel = Machine::from_sizes(sizes, version.dialect()).filter(|_| fits);
    kernel.ok_or_else(|| {
        format!(
            "{version}: the guest drives at most {MOST_SPACES} spaces of {MOST_PAGES} pages, and devices of at most {} \
             frames; this one is {machine}",
            Machine::BYTES_LIMIT
        )
    })
}

/// A kernel in a guest.
pub struct Kernel {
    name: &'static str,
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
    /// The machine that the pool's kernels simulate; the subject has this name.
    ///
    /// # Errors
    /// When it is larger than the guest can drive.
    pub fn new(
        version: Version,
        name: &'static str,
        machine: &Machine,
        pool: Arc<Mutex<KernelPool>>,
    ) -> Result<Kernel, String> {
        Ok(Kernel {
            name,
            machine: self::machine(version, machine)?,
            pool,
            done: Vec::new(),
            recording: nothing(),
            recorded: 0,
            tracker: Tracker::default(),
            observation: start(),
        })
    }

    /// Runs operations from the start, unless they are what was recorded.
    fn record(&mut self, operations: &[Operation]) {
        let program = Program::new(self.machine, operations.iter().copied());
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        match pool.replay(&program) {
            Ok(recording) => (self.recording, self.recorded) = (recording, operations.len()),
            Err(error) => stop(format!("{}: {error:#}", self.name)),
        }
    }
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
        self.name
    }

    fn capabilities(&self) -> Capabilities {
        capabilities()
    }

    fn machine(&self) -> &Machine {
        &self.machine
    }

    fn capacity(&self) -> [u32; Home::LIMIT] {
        capacity(&self.machine)
    }

    fn reset(&mut self) {
        self.done.clear();
        self.recording = nothing();
        self.recorded = 0;
        self.tracker = Tracker::default();
        self.observation = start();
    }

    fn announce(&mut self, operations: &[Operation]) {
        let able = |operation: &&Operation| capabilities().operations.contains(operation.kind());
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
                let ended = self.tracker.step(&shown.state, operation.first_place(), &mut self.observation);
                outcome(shown, operation, ended)
            }
            (None, Ending::Lost(Lost::Crash(message))) => stop(format!("the kernel: {message}")),
            (None, Ending::Lost(Lost::Hang) | Ending::Ended(_)) => Outcome::Stuck,
        }
    }

    fn touched(&mut self, _: &mut Touched) -> bool {
        false
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

/// What the kernel reports of its own health after a program.
pub(crate) fn health(end: &stalemap_guest::End) -> Result<(), String> {
    if let Some(line) = end.log.lines().next() {
        return Err(format!("the kernel logs: {line}"));
    }
    if end.tainted != 0 {
        return Err(format!("the kernel is tainted: {:#x}", end.tainted));
    }
    match end.leaked {
        [0, 0] => Ok(()),
        [first, second] => {
            Err(format!("frames of d0 and d1 that no owner has and that are not free: {first} and {second}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use stalemap_guest::{GuestState, Shown};
    use stalemap_harness::{Compare, Driver};
    use stalemap_operations::{Kind, Machine, Operation, Program};

    use super::{Kernel, LARGEST, machine};
    use crate::acceleration::Acceleration;
    use crate::pool::KernelPool;
    use crate::runner::{Ending, Lost, Recording};
    use crate::version::Version;
    use crate::virtual_machine::Boot;

    const VERSION: Version = Version::V6_1;
    const OPERATIONS: usize = 3;

    /// How a program of evictions of an empty device diverges on a guest that showed so many steps and then was lost, for
    /// one way to compare after another.
    fn signatures(shown: usize, lost: &Lost) -> Vec<String> {
        let machine = machine(VERSION, &LARGEST).expect("the largest can be driven");
        let evict = Kind::by_word("evict").and_then(|kind| Operation::new(kind, &[0], &machine)).expect("an operation");
        let program = Program::new(machine, [evict; OPERATIONS]);
        let state = GuestState { alive: 1, ..GuestState::default() };
        let steps = vec![Shown { class: 0, number: 0, state }; shown];
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
        let mut driver =
            Driver::new(move |machine: &Machine| Kernel::new(VERSION, "a kernel", machine, Arc::clone(&pool)));
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

    #[test]
    fn the_largest_machine_can_be_driven_and_none_that_is_larger_in_anything_but_ram() {
        for version in Version::ALL {
            assert!(machine(version, &LARGEST).is_ok());
            for at in 1..LARGEST.sizes().len() {
                let mut sizes = LARGEST.sizes();
                sizes[at] += 1;
                let larger = Machine::from_sizes(sizes, LARGEST.rules()).expect("within limits");
                assert!(machine(version, &larger).is_err_and(|error| error.contains("drives at most")), "{larger}");
            }
        }
    }
}
