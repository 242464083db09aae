//! Exhaustive exploration: every operation from every state of a machine that can be reached, breadth first.
//!
//! A state is a pair of complete states, the reference's and the subject's. Two states that differ only in names without
//! meaning (stamps, tokens, numbers of slots and of private records) are one. Of a subject that shows no complete states
//! (`Subject::explorable`), such as a kernel, a state is the reference's alone: what such a subject keeps to itself makes no other
//! state, and each state is tried as it is behind the first way to it.

mod pair;

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use stalemap_harness::{
    AnyBuild, Build, CannotBuild, Divergence, Hang, StateDigest, Transitions, Watch, digest_of_states,
};
use stalemap_operations::{Machine, Operation, Program};
use thiserror::Error;

use self::pair::Guide;
use crate::on_hang::OnHang;

/// States that a job takes at once where it pays to say ahead what is run: some thousand programs.
const AHEAD: usize = 128;

/// Time between two reports of progress.
const TICK: Duration = Duration::from_millis(10);

/// Why an exploration ends without a result.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExploreError {
    /// The subject cannot be the machine; says why.
    #[error("{0}")]
    Machine(CannotBuild),
    /// The machine has more frames and places than a driver keeps, so that its states cannot be looked at.
    #[error("the machine is too large to be exhausted")]
    TooLarge,
    /// The two sides differ before any operation: the subject shows something else, or its constructor crashes.
    #[error("the two sides differ at the start ({})", .0.divergence.signature())]
    Start(Box<Way>),
    /// The operations that have led to a state diverge when they are run again: the subject does not repeat itself.
    #[error("the way to a state that was reached before diverges ({})", .0.divergence.signature())]
    Unsteady(Box<Way>),
    /// A job has panicked outside a subject: a fault of ours.
    #[error("a job of the exploration has panicked")]
    Panicked,
}

/// Operations that lead to a divergence where an exploration cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The machine and the operations.
    pub program: Program,
    /// How the two sides differ behind them.
    pub divergence: Divergence,
}

/// How far a depth has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepthProgress {
    /// States that a job has taken.
    pub done: usize,
    /// States of the depth before, from all of which every operation is tried.
    pub all: usize,
}

/// What one depth more came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deeper {
    /// The depth is complete: so many operations were tried.
    Edges(u64),
    /// The program ends with the operation at which the two sides differ. What was reached is as before.
    Diverges(Program, Divergence),
    /// It was told to stop before the depth was complete. What was reached is as before.
    Stopped,
}

/// All states of a machine that have been reached, depth by depth.
#[derive(Clone)]
pub struct Exploration {
    build: AnyBuild,
    machine: Machine,
    known: HashSet<StateDigest>,
    /// All states but the first, which nothing leads to; numbered from 1.
    reached: Vec<Reached>,
    /// The states of the last depth.
    frontier: Vec<usize>,
    met: Transitions,
    hang: Option<OnHang>,
    has_complete_states: bool,
}

/// A state: how it is reached from another.
#[derive(Clone, Copy, Debug)]
struct Reached {
    from: usize,
    by: Operation,
}

impl Exploration {
    /// The start of this machine, which is the one state at depth 0.
    ///
    /// # Errors
    /// When the subject cannot be the machine, the machine is too large, or the two sides differ at its start.
    pub fn new(build: impl Build + Clone + Send + Sync + 'static, machine: Machine) -> Result<Self, ExploreError> {
        let build = AnyBuild::new(build);
        let mut guide = Guide::new(build.clone(), machine);
        let to_start = |divergence| Box::new(Way { program: Program::new(machine, []), divergence });
        let start = guide.lead(&[])?.map_err(|divergence| ExploreError::Start(to_start(divergence)))?;
        let (known, has_complete_states) = (HashSet::from([start.digest()]), start.has_complete_states());
        let (reached, met) = (Vec::new(), Transitions::default());
        Ok(Exploration { build, machine, known, reached, frontier: vec![0], met, hang: None, has_complete_states })
    }

    /// Calls this with operations that take longer than the deadline, and a quarter more at the most: once, on the thread of a
    /// watchdog. A job that hangs cannot be ended, and [`deepen`](Self::deepen) waits for it: the callback ends the process.
    #[must_use]
    pub fn on_hang(self, deadline: Duration, callback: impl Fn(Hang) + Send + Sync + 'static) -> Self {
        Exploration { hang: Some(OnHang::new(deadline, callback)), ..self }
    }

    /// Tries every operation from every state of the last depth, which then is what was first reached by them. What is
    /// reached does not depend on the number of jobs, at least 1, that do it at the same time.
    ///
    /// `stop` is asked by each job before each state (each 128 states of a subject that looks ahead); `progress` is called every 10 ms, and at the end, by the
    /// calling thread.
    ///
    /// # Errors
    /// When the subject refuses the machine that it was before, does not repeat itself, or a job panics.
    pub fn deepen(
        &mut self,
        jobs: u32,
        stop: &(dyn Fn() -> bool + Sync),
        progress: &mut dyn FnMut(DepthProgress),
    ) -> Result<Deeper, ExploreError> {
        let found = self.try_all(jobs, stop, progress)?;
        if let Some((operations, divergence)) = found.divergence {
            return Ok(Deeper::Diverges(Program::new(self.machine, operations), divergence));
        }
        if found.is_stopped {
            return Ok(Deeper::Stopped);
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

    fn try_all(
        &self,
        jobs: u32,
        stop: &(dyn Fn() -> bool + Sync),
        progress: &mut dyn FnMut(DepthProgress),
    ) -> Result<Found, ExploreError> {
        let (next, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
        let watches: Vec<Watch> = (0..jobs.max(1)).map(|_| Watch::default()).collect();
        let _watchdog = self.hang.as_ref().and_then(|hang| hang.watchdog(&self.build, &watches));
        let (next, is_over) = (&next, &is_over);
        thread::scope(|scope| {
            let work = move |watch: Watch| {
                let tasks = Tasks { exploration: self, next, is_over, stop };
                let found = tasks.work(watch);
                if !matches!(&found, Ok(Found { divergence: None, .. })) {
                    is_over.store(true, Ordering::Relaxed);
                }
                found
            };
            let workers: Vec<_> = watches.into_iter().map(|watch| scope.spawn(move || work(watch))).collect();
            let all = self.frontier.len();
            let mut report = || progress(DepthProgress { done: next.load(Ordering::Relaxed).min(all), all });
            while !workers.iter().all(ScopedJoinHandle::is_finished) {
                thread::sleep(TICK);
                report();
            }
            report();
            // All are joined first: the scope would panic in place of a job that is not joined.
            let joined: Vec<_> = workers.into_iter().map(ScopedJoinHandle::join).collect();
            let mut found = joined.into_iter().map(|found| found.map_err(|_| ExploreError::Panicked)?);
            found.try_fold(Found::default(), |all, found| Ok(all.and(found?)))
        })
    }
}

impl Exploration {
    /// The machine.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Whether a state is the subject's too; if not, it is the reference's alone.
    #[must_use]
    pub fn has_complete_states(&self) -> bool {
        self.has_complete_states
    }

    /// How many states have been reached.
    #[must_use]
    pub fn states(&self) -> usize {
        self.known.len()
    }

    /// How many states were first reached at the last depth; 0 where the state space is closed.
    #[must_use]
    pub fn states_of_last_depth(&self) -> usize {
        self.frontier.len()
    }

    /// Whether every operation was tried from every state that can be reached.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.frontier.is_empty()
    }

    /// A digest of all states that have been reached, as 16 hexadecimal digits. Equal digests mean equal sets of states.
    #[must_use]
    pub fn digest(&self) -> String {
        digest_of_states(&self.known)
    }

    /// Transitions that were met in all depths that are complete.
    #[must_use]
    pub fn transitions(&self) -> &Transitions {
        &self.met
    }

    /// The operations that lead to a state.
    fn path(&self, state: usize) -> Vec<Operation> {
        let steps = std::iter::successors(state.checked_sub(1), |&index| self.reached[index].from.checked_sub(1));
        let mut path: Vec<Operation> = steps.map(|index| self.reached[index].by).collect();
        path.reverse();
        path
    }
}

/// What one job found at one depth.
#[derive(Default)]
struct Found {
    edges: u64,
    states: BTreeMap<StateDigest, Reached>,
    met: Transitions,
    divergence: Option<(Vec<Operation>, Divergence)>,
    /// Whether it left states to which it was told to stop before.
    is_stopped: bool,
}

impl Found {
    /// What two jobs found. Of several ways to a state the one from the first state is kept, whichever job found it.
    fn and(mut self, other: Found) -> Found {
        self.edges += other.edges;
        self.divergence = self.divergence.or(other.divergence);
        self.is_stopped |= other.is_stopped;
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
    exploration: &'a Exploration,
    /// The first state of the last depth that no job has taken.
    next: &'a AtomicUsize,
    /// Whether a job has found a divergence or has failed.
    is_over: &'a AtomicBool,
    stop: &'a (dyn Fn() -> bool + Sync),
}

impl Tasks<'_> {
    /// Takes states until none is left.
    fn work(&self, watch: Watch) -> Result<Found, ExploreError> {
        let exploration = self.exploration;
        let mut found = Found::default();
        let mut guide = Guide::new(exploration.build.clone(), exploration.machine);
        if exploration.hang.is_some() {
            guide.watched_by(watch);
        }
        let taken = if guide.looks_ahead() { AHEAD } else { 1 };
        loop {
            let first = self.next.fetch_add(taken, Ordering::Relaxed).min(exploration.frontier.len());
            let states = &exploration.frontier[first..exploration.frontier.len().min(first + taken)];
            if states.is_empty() {
                break;
            }
            found.is_stopped = (self.stop)();
            if found.is_stopped || self.is_over.load(Ordering::Relaxed) {
                break;
            }
            if !self.try_from(states, &mut guide, &mut found)? {
                return Ok(found);
            }
        }
        found.met.merge(guide.transitions());
        Ok(found)
    }

    /// Tries every operation from each of these states; whether the two sides agree on all.
    fn try_from(&self, states: &[usize], guide: &mut Guide, found: &mut Found) -> Result<bool, ExploreError> {
        let paths: Vec<_> = states.iter().map(|&state| self.exploration.path(state)).collect();
        guide.look_ahead(paths.iter().map(Vec::as_slice))?;
        let mut ways = Vec::new();
        for (&state, path) in states.iter().zip(&paths) {
            let way = |divergence| Way { program: Program::new(self.exploration.machine, path.clone()), divergence };
            let unsteady = |divergence| ExploreError::Unsteady(Box::new(way(divergence)));
            let operations = guide.lead(path)?.map_err(unsteady)?.operations();
            ways.extend(
                operations.into_iter().map(|by| (Reached { from: state, by }, [path.as_slice(), &[by]].concat())),
            );
        }
        guide.look_ahead(ways.iter().map(|(_, way)| way.as_slice()))?;
        for (reached, way) in ways {
            found.edges += 1;
            let digest = match guide.lead(&way)? {
                Ok(pair) => pair.digest(),
                Err(divergence) => {
                    found.divergence = Some((way, divergence));
                    return Ok(false);
                }
            };
            if !self.exploration.known.contains(&digest) {
                found.states.entry(digest).or_insert(reached);
            }
        }
        Ok(true)
    }
}
