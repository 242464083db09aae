//! `stalemap exhaust`: every operation from every state that can be reached, breadth first.
//!
//! A state is a pair of complete states, the reference's and the implementation's. Two states that differ only in names
//! without meaning (stamps, tokens, numbers of slots and of private records) are one.

mod pair;

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use clap::Args;
use stalemap_harness::{Divergence, StateDigest, Transitions, digest_of_states};
use stalemap_operations::{Dialect, Machine, Operation, Trace};

use self::pair::{Guide, Pair};
use crate::ending::Ending;
use crate::interrupt::interrupted;
use crate::output;
use crate::status::Status;

/// The machine of the certificate.
pub(crate) const TINY: Machine = match Machine::new([2, 1, 0], 2, 2, Dialect::Linux6_12) {
    Some(machine) => machine,
    None => panic!("sizes within limits"),
};

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
    #[arg(long, value_name = "MACHINE", default_value_t = TINY, value_parser = crate::arguments::machine)]
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
    met: Transitions,
    divergence: Option<(Vec<Operation>, Divergence)>,
}

pub(crate) fn exhaust(arguments: &ExhaustArguments) -> Result<Ending> {
    let start = Instant::now();
    let machine = arguments.machine;
    let mut lines = vec![format!("# machine {machine}"), "# depth states edges digest".to_string()];
    output::print_line(lines.join("\n"))?;
    let mut walk = Walk::new(machine)?;
    for depth in 1..=arguments.depth {
        if walk.frontier.is_empty() || start.elapsed() >= Duration::from_secs(arguments.seconds) {
            break;
        }
        let edges = match walk.deepen(arguments.jobs)? {
            Deeper::Edges(edges) => edges,
            Deeper::Interrupted => return Ok(Ending::Interrupted),
            Deeper::Diverges(operations, divergence) => {
                output::print_line(format_args!("{}: {:?}", divergence.signature(), divergence.mismatch))?;
                output::print(Trace::new(machine, operations))?;
                return Ok(Ending::Diverge);
            }
        };
        let line = format!("{depth} {} {edges} {}", walk.frontier.len(), digest_of_states(&walk.known));
        output::print_line(&line)?;
        lines.push(line);
    }
    if walk.frontier.is_empty() {
        lines.push("# the state space is closed".to_string());
        output::print_line(lines[lines.len() - 1].as_str())?;
    }
    if let Some(path) = &arguments.out {
        output::write_file(path, (lines.join("\n") + "\n").as_bytes())?;
    }
    output::tell(format_args!("{} states in {:.0} s", walk.known.len(), start.elapsed().as_secs_f64()));
    Ok(Ending::Agree)
}

/// The transitions that are met by every operation from every state up to this depth; none where somebody interrupts.
///
/// # Errors
/// When the sides diverge.
pub(crate) fn transitions(machine: Machine, depth: u32) -> Result<Option<Transitions>> {
    let mut walk = Walk::new(machine)?;
    for _ in 0..depth {
        match walk.deepen(None)? {
            Deeper::Edges(_) => {}
            Deeper::Interrupted => return Ok(None),
            Deeper::Diverges(..) => bail!("the two sides diverge; `stalemap exhaust` shows where"),
        }
    }
    Ok(Some(walk.met))
}

/// All that has been reached, depth by depth.
struct Walk {
    machine: Machine,
    known: HashSet<StateDigest>,
    /// All states but the first, which nothing leads to; numbered from 1.
    reached: Vec<Reached>,
    /// The states of the last depth.
    frontier: Vec<usize>,
    met: Transitions,
}

/// What one depth more came to.
enum Deeper {
    /// So many operations were tried.
    Edges(u64),
    Diverges(Vec<Operation>, Divergence),
    Interrupted,
}

impl Walk {
    fn new(machine: Machine) -> Result<Walk> {
        let start = Guide::new(machine).lead(&[])?.map(Pair::digest).expect("nothing was done");
        let known = HashSet::from([start]);
        Ok(Walk { machine, known, reached: Vec::new(), frontier: vec![0], met: Transitions::default() })
    }

    /// Tries every operation from every state of the frontier, which then is what was reached.
    fn deepen(&mut self, jobs: Option<u32>) -> Result<Deeper> {
        let found = self.try_all(jobs)?;
        if let Some((operations, divergence)) = found.divergence {
            return Ok(Deeper::Diverges(operations, divergence));
        }
        if interrupted() {
            return Ok(Deeper::Interrupted);
        }
        self.met.merge(&found.met);
        self.frontier.clear();
        for (digest, state) in found.states {
            self.known.insert(digest);
            self.reached.push(state);
            self.frontier.push(self.reached.len());
        }
        Ok(Deeper::Edges(found.edges))
    }

    fn try_all(&self, jobs: Option<u32>) -> Result<Found> {
        let jobs = jobs.map_or_else(|| thread::available_parallelism().map_or(1, |it| it.get()), |it| it as usize);
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let mut status = Status::new();
        let all = thread::scope(|scope| {
            let work = || {
                let found = Tasks { walk: self, next: &next, stop: &stop }.work();
                if !matches!(&found, Ok(Found { divergence: None, .. })) {
                    stop.store(true, Ordering::Relaxed);
                }
                found
            };
            let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
            while !workers.iter().all(thread::ScopedJoinHandle::is_finished) {
                thread::sleep(Duration::from_millis(10));
                let done = next.load(Ordering::Relaxed).min(self.frontier.len());
                status.show(|| format!("{done} of {} states of this depth", self.frontier.len()));
            }
            let joined = workers.into_iter().map(|worker| worker.join().map_err(|_| anyhow!("a job has panicked"))?);
            joined.collect::<Result<Vec<Found>>>()
        })?;
        status.clear();
        Ok(all.into_iter().fold(Found::default(), Found::and))
    }
}

impl Found {
    /// What two jobs found. Of several ways to a state the one from the first state is kept, whoever found it.
    fn and(mut self, other: Found) -> Found {
        self.edges += other.edges;
        self.divergence = self.divergence.or(other.divergence);
        self.met.merge(&other.met);
        for (digest, state) in other.states {
            let kept = self.states.entry(digest).or_insert(state);
            if state.from < kept.from {
                *kept = state;
            }
        }
        self
    }
}

/// What the jobs of one depth share.
struct Tasks<'a> {
    walk: &'a Walk,
    /// The first state of the frontier that nobody has taken.
    next: &'a AtomicUsize,
    stop: &'a AtomicBool,
}

impl Tasks<'_> {
    /// Takes states until none is left.
    fn work(&self) -> Result<Found> {
        let mut found = Found::default();
        let mut guide = Guide::new(self.walk.machine);
        while let Some(&state) = self.walk.frontier.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if self.stop.load(Ordering::Relaxed) || interrupted() {
                break;
            }
            let mut path = self.path(state);
            let operations = guide.lead(&path)?.map(Pair::operations).map_err(|it| anyhow!("{}", it.signature()))?;
            for operation in operations {
                path.push(operation);
                found.edges += 1;
                let digest = match guide.lead(&path)? {
                    Ok(pair) => pair.digest(),
                    Err(divergence) => {
                        found.divergence = Some((path, divergence));
                        return Ok(found);
                    }
                };
                if !self.walk.known.contains(&digest) {
                    found.states.entry(digest).or_insert(Reached { from: state, by: operation });
                }
                path.pop();
            }
        }
        found.met.merge(guide.transitions());
        Ok(found)
    }

    /// The operations that lead to a state.
    fn path(&self, state: usize) -> Vec<Operation> {
        let steps = std::iter::successors(state.checked_sub(1), |&index| self.walk.reached[index].from.checked_sub(1));
        let mut path: Vec<Operation> = steps.map(|index| self.walk.reached[index].by).collect();
        path.reverse();
        path
    }
}
