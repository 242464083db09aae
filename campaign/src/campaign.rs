//! A campaign: executions made from seed and index, spread over jobs, collected in the order of their index.

mod job;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use stalemap_harness::{
    AnyBuild, Build, Compare, Divergence, Driver, Generator, Hang, Settings, Skipped, Tally, Transitions, Watch,
};
use stalemap_operations::Program;
use stalemap_reference::MARKS;
use thiserror::Error;

use crate::on_hang::OnHang;
use job::{Batch, Job};

/// How often progress is reported at the least, as far as single executions allow.
const TICK: Duration = Duration::from_millis(100);

/// A campaign that ended early.
#[derive(Clone, Debug, Error)]
#[error("{cause}")]
pub struct CampaignError {
    /// Why.
    pub cause: CampaignFault,
    /// What it came to until then.
    pub stats: Box<CampaignStats>,
}

/// Why a campaign ends early.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CampaignFault {
    /// The subject cannot be any of several machines in a row; says why it cannot be the last.
    #[error("{0}")]
    Machine(String),
    /// A job has panicked outside a subject: a fault of ours.
    #[error("a job of the campaign has panicked")]
    Panicked,
}

/// A campaign that can be run: execution i is a function of the settings, the seed and i, whatever the number of jobs.
#[derive(Clone)]
pub struct Campaign {
    build: AnyBuild,
    seed: u64,
    first: u64,
    jobs: u32,
    settings: Settings,
    compare: Compare,
    runs: Option<u64>,
    time: Option<Duration>,
    stop: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
    hang: Option<OnHang>,
}

impl Campaign {
    /// A campaign of the subjects that this builds: seed 0, one job, the default settings, [`Compare::Touched`], no end.
    pub fn new(build: impl Build + Clone + Send + Sync + 'static) -> Self {
        let build = AnyBuild::new(build);
        let settings = Settings { largest: build.largest(), ..Settings::default() };
        let compare = Compare::Touched;
        Campaign {
            build,
            seed: 0,
            first: 0,
            jobs: 1,
            settings,
            compare,
            runs: None,
            time: None,
            stop: None,
            hang: None,
        }
    }

    /// With this seed.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Campaign { seed, ..self }
    }

    /// Begins with the execution of this index, as a campaign goes on that was stopped before it.
    #[must_use]
    pub fn begin_at(self, first: u64) -> Self {
        Campaign { first, ..self }
    }

    /// With this many executions at the same time, at least 1.
    #[must_use]
    pub fn jobs(self, jobs: u32) -> Self {
        Campaign { jobs: jobs.max(1), ..self }
    }

    /// With executions that are made by these settings.
    #[must_use]
    pub fn settings(self, settings: Settings) -> Self {
        Campaign { settings, ..self }
    }

    /// With so much compared after each step. Both [`Compare::Touched`] and [`Compare::Everything`] name a divergence in the same
    /// way; the latter also sees what no digest shows, and takes many times as long.
    #[must_use]
    pub fn compare(self, compare: Compare) -> Self {
        Campaign { compare, ..self }
    }

    /// Ends before the execution of this index, if one is given: after so many executions where it begins with the first.
    #[must_use]
    pub fn runs(self, runs: impl Into<Option<u64>>) -> Self {
        Campaign { runs: runs.into(), ..self }
    }

    /// Ends after this time, if one is given.
    #[must_use]
    pub fn time(self, time: impl Into<Option<Duration>>) -> Self {
        Campaign { time: time.into(), ..self }
    }

    /// Ends when this says so; it is asked before each execution.
    #[must_use]
    pub fn stop_when(self, stop: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Campaign { stop: Some(Arc::new(stop)), ..self }
    }

    /// Calls this with an execution that takes longer than the deadline, and a quarter more at the most: once, on the thread
    /// of a watchdog. A job that hangs cannot be ended, and [`run`](Self::run) waits for it: the callback ends the process.
    ///
    /// A subject that is told ahead what is going to be run (`Build::looks_ahead`) is not watched: an execution
    /// of it may wait for all that were told, and it notices itself what does not end.
    #[must_use]
    pub fn on_hang(self, deadline: Duration, callback: impl Fn(Hang) + Send + Sync + 'static) -> Self {
        Campaign { hang: Some(OnHang::new(deadline, callback)), ..self }
    }

    /// The execution with this index, for a subject that can be every machine: where one cannot, another machine is drawn,
    /// and [`Diverged`] has the program.
    #[must_use]
    pub fn execution(&self, index: u64) -> Program {
        let mut program = Program::default();
        Generator::new(self.settings.clone()).execution(self.seed, index, &mut program);
        program
    }

    /// Runs until the executions or the time are over, the observer has enough, or it is told to stop.
    ///
    /// # Errors
    /// When the subject cannot be the machines of the campaign; with what was done until then.
    pub fn run(&self, observer: &mut dyn Observer) -> Result<CampaignStats, CampaignError> {
        let start = Instant::now();
        let next = AtomicU64::new(self.first);
        let stop = AtomicBool::new(false);
        let watches: Vec<Watch> = (0..self.jobs).map(|_| Watch::default()).collect();
        let _watchdog = self.hang.as_ref().and_then(|hang| hang.watchdog(&self.build, &watches));
        thread::scope(|scope| {
            let (sender, receiver) = channel();
            let jobs: Vec<_> = watches
                .into_iter()
                .map(|watch| {
                    let (sender, next, stop) = (sender.clone(), &next, &stop);
                    scope.spawn(move || Job { campaign: self, start, next, stop }.work(watch, &sender))
                })
                .collect();
            drop(sender);
            let collected = collect(&receiver, self.first, start, observer);
            stop.store(true, Ordering::Relaxed);
            let mut skipped = Vec::new();
            // All are joined before anything is returned: a scope panics over a job that panicked and was not joined.
            let joined: Vec<_> = jobs.into_iter().map(thread::ScopedJoinHandle::join).collect();
            let mut cause = None;
            for job in joined {
                match job {
                    Ok(of_job) => skipped = if skipped.is_empty() { of_job } else { skipped },
                    Err(_) => cause = Some(CampaignFault::Panicked),
                }
            }
            let Collected { executions, end, met: Met { tally, transitions, marks }, .. } = collected;
            let time = start.elapsed();
            let stats = CampaignStats { executions, end, time, tally, transitions, marks, skipped };
            match collected.unable.map(CampaignFault::Machine).or(cause) {
                None => Ok(stats),
                Some(cause) => Err(CampaignError { cause, stats: Box::new(stats) }),
            }
        })
    }
}

/// An execution that diverged.
#[derive(Clone, Debug)]
pub struct Diverged {
    /// Its index.
    pub index: u64,
    /// What was run.
    pub program: Program,
    /// How it diverged.
    pub divergence: Divergence,
}

/// How far a campaign has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Executions so far.
    pub executions: u64,
    /// Operations of these executions.
    pub operations: u64,
    /// Transitions that were met.
    pub transitions: usize,
    /// Since the start.
    pub time: Duration,
}

/// What a campaign reports to.
pub trait Observer {
    /// An execution diverged; reported in the order of the index. `Break` ends the campaign.
    fn diverged(&mut self, diverged: Diverged) -> ControlFlow<()>;
    /// How far the campaign has come; reported now and then.
    fn progress(&mut self, progress: &Progress);
    /// All executions below `next` are done, and what differed in them was reported; `met` is what those have met that were
    /// done since the last call. A campaign that is stopped goes on from there ([`Campaign::begin_at`]).
    fn done(&mut self, _next: u64, _met: &Met) {}
}

/// What executions have met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// Operation × outcome.
    pub tally: Tally,
    /// Transitions.
    pub transitions: Transitions,
    /// How often each coverage mark was met, in the order of the marks.
    pub marks: Vec<u64>,
}

impl Default for Met {
    fn default() -> Met {
        Met { tally: Tally::default(), transitions: Transitions::default(), marks: vec![0; MARKS.len()] }
    }
}

impl Met {
    /// What a driver has met.
    fn of(driver: &Driver) -> Met {
        Met { tally: driver.tally().clone(), transitions: driver.transitions().clone(), marks: driver.marks().to_vec() }
    }

    /// Adds what others have met.
    pub fn add(&mut self, other: &Met) {
        self.tally.merge(&other.tally);
        self.transitions.merge(&other.transitions);
        for (sum, count) in self.marks.iter_mut().zip(&other.marks) {
            *sum += count;
        }
    }
}

/// What a campaign came to.
#[derive(Clone, Debug, Default)]
pub struct CampaignStats {
    /// Executions that were done.
    pub executions: u64,
    /// One more than the highest index: as many executions do all of these again.
    pub end: u64,
    /// Time that it took.
    pub time: Duration,
    /// Operation × outcome.
    pub tally: Tally,
    /// Transitions that were met.
    pub transitions: Transitions,
    /// How often each coverage mark was met, in the order of the marks.
    pub marks: Vec<u64>,
    /// Oracles that the subject shows too little for.
    pub skipped: Vec<Skipped>,
}

/// What all jobs have done.
struct Collected {
    executions: u64,
    /// One more than the highest index.
    end: u64,
    met: Met,
    unable: Option<String>,
}

/// Receives what all jobs have done and reports it in the order of the index.
fn collect(receiver: &Receiver<Batch>, first: u64, start: Instant, observer: &mut dyn Observer) -> Collected {
    let mut early: BTreeMap<u64, Batch> = BTreeMap::new();
    let mut collected = Collected { executions: 0, end: 0, met: Met::default(), unable: None };
    let mut frontier = first;
    let mut progress = Progress { executions: 0, operations: 0, transitions: 0, time: Duration::ZERO };
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(mut batch) => {
                collected.unable = collected.unable.or(batch.unable.take());
                progress.executions += batch.executions;
                progress.operations += batch.operations;
                collected.met.add(&batch.met);
                progress.transitions = collected.met.transitions.count();
                if batch.executions > 0 {
                    collected.end = collected.end.max(batch.first + batch.executions);
                    early.insert(batch.first, batch);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        collected.executions = progress.executions;
        while let Some(batch) = early.remove(&frontier) {
            frontier += batch.executions;
            for diverged in batch.diverged {
                if observer.diverged(diverged).is_break() {
                    return collected;
                }
            }
            observer.done(frontier, &batch.met);
        }
        if collected.unable.is_some() {
            break;
        }
        progress.time = start.elapsed();
        observer.progress(&progress);
    }
    // Behind executions that were taken and not done.
    for diverged in early.into_values().flat_map(|batch| batch.diverged) {
        if observer.diverged(diverged).is_break() {
            break;
        }
    }
    collected
}
