//! What an exported C program does so that a device has as little room as in the trace.

use anyhow::{Context as _, Result};
use stalemap_linux::{Support, Way, support};
use stalemap_operations::{
    Device, Field, Home, Kind, Machine, Observation, Operation, Outcome, Scope, Space, Subject as _, Trace,
};
use stalemap_reference::Model;

/// What is said to the test driver, so that its device, which grows, has no more room than that of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scarcity {
    /// Nothing: the trace never meets the end of its devices.
    None,
    /// Before the operation with this index, that the next page is to be refused: a huge one, for which small ones come then,
    /// as many as it has pages. The driver as it is can do it.
    Refusal(usize),
    /// How many frames each device has, by an added request.
    Frames,
}

/// An operation with its answer, and what is seen afterwards but for free frames.
type Step = (Operation, Outcome, Observation);

impl Scarcity {
    /// What a trace needs. With `refuses` the first migration that finds the device too full is refused a huge page instead.
    pub(super) fn of(trace: &Trace, refuses: bool) -> Result<Scarcity> {
        let (scarce, ample) = (steps(trace, machine(trace, false)?), steps(trace, machine(trace, true)?));
        let first = scarce.iter().zip(&ample).position(|(scarce, ample)| scarce != ample);
        Ok(match first {
            None => Scarcity::None,
            Some(at) if refuses && requester(scarce[at].0).is_some() => Scarcity::Refusal(at),
            Some(_) => Scarcity::Frames,
        })
    }

    /// Whether the devices are as large as can be, whatever the trace has.
    pub(super) fn has_large_devices(self) -> bool {
        matches!(self, Scarcity::Refusal(_))
    }

    /// Whether the operation with this index finds its runs of frames, as the model is told.
    pub(super) fn runs(self, at: usize) -> &'static [bool] {
        if self == Scarcity::Refusal(at) { &[false] } else { &[] }
    }

    /// The lines of C that stand before the operation with this index.
    pub(super) fn lines(self, at: usize, operation: Operation) -> String {
        match (self, requester(operation)) {
            (Scarcity::Refusal(index), Some((device, space))) if index == at => format!(
                "\t/* The device has no room for a huge page; small ones come in its place. */\n\tcheck(\"the next page is \
                 refused\", 0, fail_alloc({}, {}));\n",
                device.0, space.0
            ),
            (Scarcity::None | Scarcity::Refusal(_) | Scarcity::Frames, _) => String::new(),
        }
    }

    /// The lines of C that stand before all operations.
    pub(super) fn first_lines(self, machine: &Machine) -> Vec<String> {
        let devices = (0..machine.devices()).map(Device).filter(|_| self == Scarcity::Frames);
        let line = |device: Device| {
            let (number, frames) = (device.0, machine.frames(Home::Device(device)));
            format!("\tcheck(\"d{number} has {frames} frames\", 0, capacity({number}, {frames}));\n")
        };
        devices.map(line).collect()
    }
}

/// How many frames of RAM are left before the last operation of a trace, where it is the first one that answers or does something
/// else than with more of them.
pub(super) fn ram_left_at_last(trace: &Trace) -> Result<Option<u32>> {
    let ample = machine(trace, false)?;
    let own = with_ram_of(ample, trace)?;
    let (own_steps, ample_steps) = (steps(trace, own), steps(trace, ample));
    let first_other = own_steps.iter().zip(&ample_steps).position(|(own, ample)| own != ample);
    let last = own_steps.len().checked_sub(1);
    if first_other.is_none() || first_other != last {
        return Ok(None);
    }
    let mut model = Model::new(own, Home::ALL.map(|home| own.frames(home)));
    for &(operation, ..) in own_steps.iter().take(own_steps.len() - 1) {
        model.apply(operation);
    }
    Ok(Some(model.free(Home::Ram)))
}

/// The device and the space of an operation that takes frames of a device in all phases at once.
fn requester(operation: Operation) -> Option<(Device, Space)> {
    let values = operation.values();
    let is_to_device = operation.kind() == Kind::Migrate && values.last(Field::Direction) == 0;
    let (space, _) = operation.first_place().filter(|_| is_to_device)?;
    Some((Device(values.last(Field::Device)), space))
}

/// The machine of a trace with more RAM than it uses, and with devices as large where that is asked for.
pub(super) fn machine(trace: &Trace, large: bool) -> Result<Machine> {
    let [_, first, second, spaces, pages] = trace.machine.sizes();
    let device = |frames: u32| if large && frames > 0 { Machine::BYTES_LIMIT } else { frames };
    let sizes = [Machine::FRAMES_LIMIT, device(first), device(second), spaces, pages];
    let machine = Machine::from_sizes(sizes, trace.machine.rules()).context("the sizes of a machine")?;
    let huge = trace.machine.huge().and_then(|order| machine.with_huge(order.0));
    Ok(huge.unwrap_or(machine))
}

/// A machine with the RAM of that of a trace.
pub(super) fn with_ram_of(machine: Machine, trace: &Trace) -> Result<Machine> {
    let [_, first, second, spaces, pages] = machine.sizes();
    machine.resized([trace.machine.ram(), first, second, spaces, pages]).context("the sizes of a machine")
}

/// The steps of a trace on a machine.
fn steps(trace: &Trace, machine: Machine) -> Vec<Step> {
    let mut model = Model::new(machine, Home::ALL.map(|home| machine.frames(home)));
    let step = |operation| {
        let answer = model.apply(operation);
        let mut seen = Observation::default();
        model.observe(&Scope::everything(), &mut seen);
        seen.free = Default::default();
        (operation, answer, seen)
    };
    trace.operations().filter(|it| can_export(*it)).map(step).collect()
}

/// Whether a C program can ask for it.
pub(super) fn can_export(operation: Operation) -> bool {
    Way::Guest.can(operation.kind()) || support(operation.kind()) == Support::HugePages
}
