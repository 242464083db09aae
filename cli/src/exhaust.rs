//! `stalemap exhaust`: every operation from every state that can be reached, breadth first.
//!
//! A state is a pair of complete states, the reference's and the implementation's. Two states that differ only in names
//! without meaning (stamps, tokens, numbers of slots and of private records) are one.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use clap::Args;
use sha2::{Digest, Sha256};
use stalemap_harness::{Compare, Divergence};
use stalemap_implementation::Implementation;
use stalemap_operations::{Field, Home, Kind, Machine, Operation, Slot, Subject, Trace};
use stalemap_reference::Model;

use crate::ending::Ending;
use crate::hex::hex;
use crate::interrupt::interrupted;
use crate::status::Status;
use crate::{output, quiet, subject};

/// Try every operation from every state that can be reached, breadth first, and compare both sides
#[derive(Debug, Args)]
#[command(after_help = "\
For each depth the states that are first reached there, the operations tried from those before, and a digest of all states so
far. Equal digests mean equal sets of states. Ends with the state space, with --depth, or after the depth in which --seconds
are over; Ctrl-C ends it at the last depth that was complete.

Examples:
  stalemap exhaust --depth 4
  stalemap exhaust --machine \"ram=2 device=1 spaces=2 pages=2\" --seconds 600")]
pub(crate) struct ExhaustArguments {
    /// The machine, as on a machine line
    #[arg(long, value_name = "MACHINE", default_value = "ram=2 device=1 spaces=2 pages=2", value_parser = crate::arguments::machine)]
    machine: Machine,
    /// End after this depth
    #[arg(long, value_name = "N", default_value_t = u32::MAX, hide_default_value = true)]
    depth: u32,
    /// Begin no further depth after this many seconds
    #[arg(long, value_name = "N", default_value_t = 600)]
    seconds: u64,
    /// Operations that may be tried at the same time; as many as there are cores where none is given
    #[arg(long, value_name = "J", value_parser = clap::value_parser!(u32).range(1..=1024))]
    jobs: Option<u32>,
    /// A file to which the lines are written as well
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

type StateDigest = [u8; 16];

/// A state: how it is reached from another.
#[derive(Clone, Copy)]
struct Reached {
    from: usize,
    by: Operation,
}

/// What one job found at one depth.
#[derive(Default)]
struct Found {
    edges: u64,
    states: BTreeMap<StateDigest, Reached>,
    divergence: Option<(Vec<Operation>, Divergence)>,
}

pub(crate) fn exhaust(arguments: &ExhaustArguments) -> Result<Ending> {
    let start = Instant::now();
    let machine = arguments.machine;
    let mut lines = vec![format!("# machine {machine}"), "# depth states edges digest".to_string()];
    output::print_line(lines.join("\n"))?;
    let mut known: HashSet<StateDigest> = HashSet::from([Pair::new(&machine).digest()]);
    // All states but the first, which nothing leads to; numbered from 1.
    let mut reached: Vec<Reached> = Vec::new();
    let mut frontier = vec![0];
    let mut status = Status::new();
    for depth in 1..=arguments.depth {
        if frontier.is_empty() || start.elapsed() >= Duration::from_secs(arguments.seconds) {
            break;
        }
        let found = deepen(arguments, &frontier, &reached, &known, &mut status)?;
        status.clear();
        if let Some((operations, divergence)) = found.divergence {
            output::print_line(format_args!("{}: {:?}", divergence.signature(), divergence.objection))?;
            output::print(Trace::new(machine, operations))?;
            return Ok(Ending::Diverge);
        }
        if interrupted() {
            return Ok(Ending::Interrupted);
        }
        frontier.clear();
        for (digest, state) in found.states {
            known.insert(digest);
            reached.push(state);
            frontier.push(reached.len());
        }
        let line = format!("{depth} {} {} {}", frontier.len(), found.edges, digest_of_all(&known));
        output::print_line(&line)?;
        lines.push(line);
        status = Status::new();
    }
    status.clear();
    if frontier.is_empty() {
        lines.push("# the state space is closed".to_string());
        output::print_line(lines[lines.len() - 1].as_str())?;
    }
    if let Some(path) = &arguments.out {
        output::write_file(path, (lines.join("\n") + "\n").as_bytes())?;
    }
    output::tell(format_args!("{} states in {:.0} s", known.len(), start.elapsed().as_secs_f64()));
    Ok(Ending::Agree)
}

/// Tries every operation from every state of the frontier.
fn deepen(
    arguments: &ExhaustArguments,
    frontier: &[usize],
    reached: &[Reached],
    known: &HashSet<StateDigest>,
    status: &mut Status,
) -> Result<Found> {
    let jobs =
        arguments.jobs.map_or_else(|| thread::available_parallelism().map_or(1, |it| it.get()), |it| it as usize);
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let all = thread::scope(|scope| {
        let work = || {
            let tasks = Tasks { machine: arguments.machine, frontier, reached, known, next: &next, stop: &stop };
            let found = quiet::driving(|| tasks.work());
            if !matches!(&found, Ok(Found { divergence: None, .. })) {
                stop.store(true, Ordering::Relaxed);
            }
            found
        };
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        while !workers.iter().all(thread::ScopedJoinHandle::is_finished) {
            thread::sleep(Duration::from_millis(10));
            let done = next.load(Ordering::Relaxed).min(frontier.len());
            status.show(|| format!("{done} of {} states of this depth", frontier.len()));
        }
        let joined = workers.into_iter().map(|worker| worker.join().map_err(|_| anyhow!("a job has panicked"))?);
        joined.collect::<Result<Vec<Found>>>()
    })?;
    let mut sum = Found::default();
    for found in all {
        sum.edges += found.edges;
        sum.divergence = sum.divergence.or(found.divergence);
        for (digest, state) in found.states {
            // Of several ways to a state the one from the first state is kept, whoever found it.
            let kept = sum.states.entry(digest).or_insert(state);
            if state.from < kept.from {
                *kept = state;
            }
        }
    }
    Ok(sum)
}

/// What the jobs of one depth share.
struct Tasks<'a> {
    machine: Machine,
    frontier: &'a [usize],
    reached: &'a [Reached],
    known: &'a HashSet<StateDigest>,
    /// The first state of the frontier that nobody has taken.
    next: &'a AtomicUsize,
    stop: &'a AtomicBool,
}

impl Tasks<'_> {
    /// Takes states until none is left.
    fn work(&self) -> Result<Found> {
        let mut found = Found::default();
        let mut driver = subject::driver();
        let mut pair = Pair::new(&self.machine);
        while let Some(&state) = self.frontier.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if self.stop.load(Ordering::Relaxed) || interrupted() {
                break;
            }
            let mut path = self.path(state);
            pair.replay(&path);
            for operation in pair.operations() {
                path.push(operation);
                found.edges += 1;
                let run = driver.run(&self.machine, &path, Compare::Touched).map_err(|it| anyhow!(it))?;
                if let Some(divergence) = run.divergence {
                    found.divergence = Some((path, divergence));
                    return Ok(found);
                }
                pair.replay(&path);
                let digest = pair.digest();
                if !self.known.contains(&digest) {
                    found.states.entry(digest).or_insert(Reached { from: state, by: operation });
                }
                path.pop();
            }
        }
        Ok(found)
    }

    /// The operations that lead to a state.
    fn path(&self, state: usize) -> Vec<Operation> {
        let steps = std::iter::successors(state.checked_sub(1), |&index| self.reached[index].from.checked_sub(1));
        let mut path: Vec<Operation> = steps.map(|index| self.reached[index].by).collect();
        path.reverse();
        path
    }
}

/// Both sides in one state.
struct Pair {
    implementation: Implementation,
    reference: Model,
}

impl Pair {
    fn new(machine: &Machine) -> Pair {
        let capacity = Home::ALL.map(|home| machine.frames(home));
        Pair { implementation: Implementation::new(machine), reference: Model::new(*machine, capacity) }
    }

    fn replay(&mut self, operations: &[Operation]) {
        self.implementation.reset();
        self.reference.reset();
        for &operation in operations {
            let claimed = self.implementation.apply(operation);
            self.reference.apply_after(operation, Some(claimed));
        }
    }

    /// The digest of the state. Slots of one sort have no names: what they hold is sorted. What the reference shows
    /// follows from what the implementation shows, with which it agrees.
    fn digest(&self) -> StateDigest {
        let state = self.implementation.complete_state();
        let hidden = self.reference.hidden_state();
        let of_reference: BTreeMap<Slot, Vec<u64>> = hidden.transactions.into_iter().collect();
        let sort = |slot: &Slot| match slot {
            Slot::Transaction(_) => 0,
            Slot::Pin(_) => 1,
            Slot::Hold(_) => 2,
            Slot::Block(_) => 3,
        };
        let mut slots: Vec<(u64, &[u64], &[u64])> = state
            .slots
            .iter()
            .map(|(slot, held)| (sort(slot), held.as_slice(), of_reference.get(slot).map_or(&[][..], Vec::as_slice)))
            .collect();
        slots.sort_unstable();
        let mut bytes = Sha256::new();
        let mut add = |numbers: &[u64]| {
            bytes.update((numbers.len() as u64).to_le_bytes());
            numbers.iter().for_each(|number| bytes.update(number.to_le_bytes()));
        };
        add(&state.world);
        add(&hidden.dirty.iter().map(|&dirty| u64::from(dirty)).collect::<Vec<u64>>());
        for (sort, held, hidden) in slots {
            add(&[sort]);
            add(held);
            add(hidden);
        }
        let mut digest = [0; 16];
        digest.copy_from_slice(&bytes.finalize()[..16]);
        digest
    }

    /// Every operation that is worth trying here: of the slots those that hold something and the first empty one of each
    /// sort, of the stamps one that nothing holds, of the masks those that differ within a range.
    fn operations(&self) -> Vec<Operation> {
        let machine = *self.implementation.machine();
        let choices = Choices::new(&self.implementation);
        let kinds = Kind::ALL.iter().filter(|kind| kind.exists_on(&machine));
        kinds.flat_map(|&kind| all_of(kind, &machine, &choices)).collect()
    }
}

/// What may be chosen in fields whose numbers are only names.
struct Choices {
    slots: BTreeMap<Field, Vec<u32>>,
    masks: Vec<u32>,
    stamp: u32,
}

impl Choices {
    fn new(implementation: &Implementation) -> Choices {
        let mut slots: BTreeMap<Field, Vec<u32>> = BTreeMap::new();
        for (slot, _) in implementation.complete_state().slots {
            let (field, number) = match slot {
                Slot::Transaction(slot) => (Field::Transaction, slot.0),
                Slot::Pin(slot) => (Field::Pin, slot.0),
                Slot::Hold(slot) => (Field::Hold, slot.0),
                Slot::Block(slot) => (Field::Block, slot.0),
            };
            slots.entry(field).or_default().push(number);
        }
        for field in [Field::Transaction, Field::Pin, Field::Hold, Field::Block] {
            let filled = slots.entry(field).or_default();
            let empty = (0..).find(|number| !filled.contains(number));
            filled.extend(empty);
        }
        let pages = implementation.machine().pages().min(3);
        let masks = (0..1 << pages).chain([255]).collect();
        Choices { slots, masks, stamp: implementation.unused_stamp().0.into() }
    }

    /// The numbers that are tried in a field with so many choices.
    fn of(&self, field: Field, choices: u32) -> Vec<u32> {
        let known = match field {
            Field::Transaction | Field::Pin | Field::Hold | Field::Block => self.slots[&field].clone(),
            Field::Mask => self.masks.clone(),
            Field::Stamp => vec![self.stamp],
            Field::Space
            | Field::Page
            | Field::Count
            | Field::Destination
            | Field::Access
            | Field::Device
            | Field::Direction
            | Field::Order => (0..choices).collect(),
        };
        known.into_iter().filter(|&number| number < choices).collect()
    }
}

/// All operations of a kind.
fn all_of(kind: Kind, machine: &Machine, choices: &Choices) -> Vec<Operation> {
    let mut made = Vec::new();
    // Which of its choices each field takes, as an odometer; and how many it has.
    let mut digits: Vec<usize> = Vec::new();
    loop {
        let mut turns = Vec::new();
        let operation = Operation::chosen(kind, machine, |field, most, _| {
            let numbers = choices.of(field, most);
            let digit = digits.get(turns.len()).copied().unwrap_or(0);
            turns.push(numbers.len());
            numbers[digit]
        });
        made.extend(operation);
        digits.resize(turns.len(), 0);
        let Some(last) = (0..turns.len()).rev().find(|&index| digits[index] + 1 < turns[index]) else {
            return made;
        };
        digits.truncate(last + 1);
        digits[last] += 1;
    }
}

/// One digest of a set of states, whatever the order in which they were found.
fn digest_of_all(states: &HashSet<StateDigest>) -> String {
    let mut sorted: Vec<&StateDigest> = states.iter().collect();
    sorted.sort_unstable();
    let mut digest = Sha256::new();
    sorted.into_iter().for_each(|state| digest.update(state));
    hex(&digest.finalize()[..8])
}
