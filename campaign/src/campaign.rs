//! A campaign: executions made from seed and index, spread over jobs, collected in the order of their index.

mod collect;
mod job;
mod stats;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use stalemap_harness::{AnyBuild, Build, CannotBuild, Compare, Divergence, Generator, Hang, Settings, Watch};
use stalemap_operations::Program;
use thiserror::Error;

use crate::on_hang::OnHang;
use crate::shard::Shard;
use collect::Collector;
use job::Job;
pub use stats::CampaignStats;

/// How often progress is reported at the least, as far as single executions allow.
const TICK: Duration = Duration::from_millis(100);

/// How many batches wait for the observer at the most; jobs wait when it takes longer.
const WAITING: usize = 1024;

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
    Machine(CannotBuild),
    /// A job has panicked outside a subject: a fault of ours.
    #[error("a job of the campaign has panicked")]
    Panicked,
}

/// A campaign that can be run: execution i is a function of the settings, the seed and i, whatever the number of jobs.
#[derive(Clone)]
pub struct Campaign {
    build: AnyBuild,
    seed: u64,
    jobs: u32,
    shard: Shard,
    begin: u64,
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
        let settings = Settings::of(&build);
        Campaign {
            build,
            seed: 0,
            jobs: 1,
            shard: Shard::WHOLE,
            begin: 0,
            settings,
            compare: Compare::Touched,
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

    /// With this many executions at the same time, at least 1.
    #[must_use]
    pub fn jobs(self, jobs: u32) -> Self {
        Campaign { jobs: jobs.max(1), ..self }
    }

    /// Does the executions of this shard and no others: several machines do one campaign, each a shard of it.
    ///
    /// ```
    /// use stalemap_campaign::{Campaign, Diverged, Observer, Progress, Shard};
    /// use stalemap_implementation::Implementation;
    /// use stalemap_operations::Machine;
    /// use std::ops::ControlFlow;
    ///
    /// struct Nothing;
    ///
    /// impl Observer for Nothing {
    ///     fn diverged(&mut self, _: Diverged) -> ControlFlow<()> {
    ///         ControlFlow::Continue(())
    ///     }
    ///     fn progress(&mut self, _: &Progress) {}
    /// }
    ///
    /// let campaign = Campaign::new(|machine: &Machine| Ok(Implementation::new(machine))).seed(7).runs(100);
    /// let shard = Shard::new(1, 3).expect("the second of three");
    /// let stats = campaign.shard(shard).run(&mut Nothing)?;
    /// assert_eq!((stats.executions, stats.end), (33, 98), "executions 1, 4, …, 97");
    /// # Ok::<(), stalemap_campaign::CampaignError>(())
    /// ```
    #[must_use]
    pub fn shard(self, shard: Shard) -> Self {
        Campaign { shard, ..self }
    }

    /// Passes over so many executions of the shard, which were done before.
    #[must_use]
    pub fn begin(self, done: u64) -> Self {
        Campaign { begin: done, ..self }
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

    /// Ends before the execution with this index, if one is given: a campaign that is whole does so many executions.
    #[must_use]
    pub fn runs(self, runs: impl Into<Option<u64>>) -> Self {
        Campaign { runs: runs.into(), ..self }
    }

    /// Ends after this time, if one is given.
    #[must_use]
    pub fn time(self, time: impl Into<Option<Duration>>) -> Self {
        Campaign { time: time.into(), ..self }
    }

    /// Ends when this says so. Each job asks it before it takes executions, at most 128 and as many as a tenth of a second has
    /// room for; what it has taken it does.
    #[must_use]
    pub fn stop_when(self, stop: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Campaign { stop: Some(Arc::new(stop)), ..self }
    }

    /// Calls this with an execution that takes longer than the deadline, and a quarter more at the most: once, on the thread
    /// of a watchdog. A job that hangs cannot be ended, and [`run`](Self::run) waits for it: the callback ends the process.
    ///
    /// A subject that notices itself what does not end (`Build::watches_itself`) is not watched.
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
        let next = AtomicU64::new(self.begin);
        let stop = AtomicBool::new(false);
        let watches: Vec<Watch> = (0..self.jobs).map(|_| Watch::default()).collect();
        let _watchdog = self.hang.as_ref().and_then(|hang| hang.watchdog(&self.build, &watches));
        thread::scope(|scope| {
            let (sender, receiver) = sync_channel(WAITING);
            let jobs: Vec<_> = watches
                .into_iter()
                .map(|watch| {
                    let (sender, next, stop) = (sender.clone(), &next, &stop);
                    scope.spawn(move || Job { campaign: self, start, next, stop }.work(watch, &sender))
                })
                .collect();
            drop(sender);
            // It takes the receiver with it: a job that waits for its batch to be taken would wait for ever.
            let collected = Collector::new(self.shard, self.begin, start).collect(receiver, observer);
            stop.store(true, Ordering::Relaxed);
            let mut stats = collected.stats;
            // All are joined before anything is returned: a scope panics over a job that panicked and was not joined.
            let joined: Vec<_> = jobs.into_iter().map(thread::ScopedJoinHandle::join).collect();
            let mut cause = None;
            for job in joined {
                match job {
                    Ok(skipped) if stats.skipped.is_empty() => stats.skipped = skipped,
                    Ok(_) => {}
                    Err(_) => cause = Some(CampaignFault::Panicked),
                }
            }
            stats.time = start.elapsed();
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
    /// An execution diverged; reported in the order of the index. `Break` ends the campaign with this execution.
    fn diverged(&mut self, diverged: Diverged) -> ControlFlow<()>;
    /// How far the campaign has come; reported now and then, and in the end.
    fn progress(&mut self, progress: &Progress);
    /// What the campaign has come to so far; reported about once a second. All executions of the shard below the
    /// [`end`](CampaignStats::end) are done, those that diverged are reported, and no other counts: a program that writes
    /// this down can go on from there ([`Campaign::begin`]).
    fn checkpoint(&mut self, stats: &CampaignStats) {
        let _ = stats;
    }
}
