//! What an exported C program does so that a device has as little room as in the trace.

use anyhow::{Context as _, Result};
use stalemap_linux::{Support, Way, support};
use stalemap_operations::{Device, Home, Machine, Observation, Operation, Outcome, Scope, Space, Subject as _, Trace};
use stalemap_reference::Model;

/// What is said to the test driver, so that its device, which grows, has no more room than that of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scarcity {
    /// Nothing: the trace never meets the end of its devices.
    None,
    /// Before the operation with this index, that the next page is to be refused: a huge one, for which small ones come then.
    /// The driver as it is can do it.
    Refusal(usize),
    /// How many frames each device has, by an added request.
    Frames,
}

/// An operation with its answer, and what is seen afterwards but for free frames.
type Step = (Operation, Outcome, Observation);

impl Scarcity {
    /// The least that a trace needs.
    pub(super) fn of(trace: &Trace) -> Result<Scarcity> {
        let (own, large) = (machine(trace, false)?, machine(trace, true)?);
        let asks = |wanted: Support| trace.operations().any(|it| support(it.kind()) == wanted);
        let scarce = steps(trace, own, None);
        if scarce == steps(trace, large, None) {
            return Ok(Scarcity::None);
        }
        if asks(Support::AddedRequests) {
            return Ok(Scarcity::Frames);
        }
        let refused = (0..scarce.len()).filter(|&at| requester(scarce[at].0).is_some());
        let mut refused = refused.map(|at| (at, steps(trace, large, Some(at))));
        Ok(refused.find(|(_, steps)| *steps == scarce).map_or(Scarcity::Frames, |(at, _)| Scarcity::Refusal(at)))
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

/// The device and the space of an operation that takes frames of a device in all phases at once.
fn requester(operation: Operation) -> Option<(Device, Space)> {
    match operation {
        Operation::Migrate { space, route: stalemap_operations::Route::To(device), .. } => Some((device, space)),
        _ => None,
    }
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

/// The steps of a trace on a machine; the operation with the index `refused` finds no run of frames for its first huge page.
fn steps(trace: &Trace, machine: Machine, refused: Option<usize>) -> Vec<Step> {
    let mut model = Model::new(machine, Home::ALL.map(|home| machine.frames(home)));
    let operations = trace.operations().filter(|it| can_export(*it));
    let step = |(at, operation)| {
        let runs: &[bool] = if refused == Some(at) { &[false] } else { &[] };
        let answer = model.apply_after(operation, None, runs);
        let mut seen = Observation::default();
        model.observe(&Scope::everything(), &mut seen);
        seen.free = Default::default();
        (operation, answer, seen)
    };
    operations.enumerate().map(step).collect()
}

/// Whether a C program can ask for it.
pub(super) fn can_export(operation: Operation) -> bool {
    Way::Guest.can(operation.kind()) || support(operation.kind()) == Support::HugePages
}
