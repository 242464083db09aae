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

use crate::support::{Support, support};
use crate::track::Tracker;
use crate::transcript::start;
use crate::version::Version;
use crate::virtual_machine::Lost;
use crate::vm_pool::{Ending, Recording, VmPool};

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
    version: Version,
    machine: Machine,
    pool: Arc<Mutex<VmPool>>,
    done: Vec<Operation>,
    recording: Recording,
    tracker: Tracker,
    observation: Observation,
}

impl Kernel {
    /// The machine that the pool's guests simulate.
    ///
    /// # Errors
    /// When it is larger than the guest can drive.
    pub fn new(version: Version, machine: &Machine, pool: Arc<Mutex<VmPool>>) -> Result<Kernel, String> {
        Ok(Kernel {
            version,
            machine: self::machine(version, machine)?,
            pool,
            done: Vec::new(),
            recording: nothing(),
            tracker: Tracker::default(),
            observation: start(),
        })
    }

    /// Runs operations from the start, unless they are what was recorded.
    fn record(&mut self, operations: &[Operation]) {
        let program = Program::new(self.machine, operations.iter().copied());
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        match pool.replay(&program) {
            Ok(recording) => self.recording = recording,
            Err(error) => stop(format!("{}: {error:#}", self.version)),
        }
    }
}

/// Before anything was done.
fn nothing() -> Recording {
    Recording { steps: Vec::new(), ending: Ending::Ended(stalemap_guest::End::default()) }
}

/// Ends the run with a panic that the driver catches, without the noise of a panic of our own.
fn stop(message: String) -> ! {
    let payload: Box<dyn Any + Send> = Box::new(message);
    resume_unwind(payload)
}

impl Subject for Kernel {
    fn name(&self) -> &str {
        self.version.subject()
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
            _ if self.done.len() < self.recording.steps.len() => Ok(()),
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
fn health(end: &stalemap_guest::End) -> Result<(), String> {
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
    use stalemap_operations::Machine;

    use super::{LARGEST, machine};
    use crate::version::Version;

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
