//! The native campaign: executions made from seed and index, spread over jobs, collected in the order of their index.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use stalemap_harness::{Build, Compare, Divergence, Driver, Generator, Settings, Skipped, Tally, Transitions};
use stalemap_operations::Program;
use stalemap_reference::MARKS;

use crate::interrupt::interrupted;

/// Executions that a job takes at once.
const TAKEN: u64 = 128;
/// How often whoever listens hears of the progress at the least, as far as single executions allow.
const TICK: Duration = Duration::from_millis(100);

/// What a campaign does.
pub(crate) struct Plan {
    /// Execution i is a function of the settings, this seed and i.
    pub(crate) seed: u64,
    pub(crate) jobs: u32,
    pub(crate) settings: Settings,
    pub(crate) runs: Option<u64>,
    pub(crate) time: Option<Duration>,
}

/// An execution that diverged.
pub(crate) struct Diverged {
    pub(crate) index: u64,
    pub(crate) divergence: Divergence,
}

/// How far a campaign has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    pub(crate) executions: u64,
    pub(crate) operations: u64,
    pub(crate) transitions: usize,
    pub(crate) time: Duration,
}

/// Who hears of what happens; an error ends the campaign.
pub(crate) trait Listener {
    /// An execution diverged; told in the order of the index. Whether the campaign is to go on.
    fn diverged(&mut self, diverged: Diverged) -> Result<bool>;
    /// Now and then.
    fn progress(&mut self, progress: &Progress);
}

/// What a campaign has met.
#[derive(Default)]
pub(crate) struct Met {
    pub(crate) executions: u64,
    /// One more than the highest index: as many executions do all of these again.
    pub(crate) end: u64,
    pub(crate) time: Duration,
    pub(crate) tally: Tally,
    pub(crate) transitions: Transitions,
    pub(crate) marks: Vec<u64>,
    pub(crate) skipped: Vec<Skipped>,
}

/// What a job tells.
enum Message {
    Batch(Batch),
    /// The subject cannot be a machine that was asked for.
    Unable(String),
}

/// Executions that a job has done, one after the other.
struct Batch {
    first: u64,
    executions: u64,
    operations: u64,
    diverged: Vec<Diverged>,
    /// All that the job has met, where it is more than it told before.
    transitions: Option<Transitions>,
}

/// Runs a campaign until its runs or its time are over, the listener has enough, or somebody interrupts.
///
/// # Errors
/// When the listener fails, or the subject cannot be a machine of the campaign.
pub(crate) fn run<B>(plan: &Plan, build: &B, listener: &mut dyn Listener) -> Result<Met>
where
    B: Build + Clone + Send + Sync,
{
    let start = Instant::now();
    let next = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let (sender, receiver) = channel();
        let jobs: Vec<_> = (0..plan.jobs)
            .map(|_| {
                let (sender, next, stop) = (sender.clone(), &next, &stop);
                scope.spawn(move || Job { plan, start, next, stop }.work(build.clone(), &sender))
            })
            .collect();
        drop(sender);
        let collected = collect(&receiver, start, listener);
        stop.store(true, Ordering::Relaxed);
        let mut met = Met { marks: vec![0; MARKS.len()], ..Met::default() };
        for job in jobs {
            let done = job.join().map_err(|_| anyhow!("a job of the campaign has panicked"))?;
            met.add(&done);
        }
        (met.executions, met.end) = collected?;
        met.time = start.elapsed();
        Ok(met)
    })
}

/// Hears all jobs out and passes on what they tell in the order of the index; the number of executions, and one
/// more than the highest index.
fn collect(receiver: &Receiver<Message>, start: Instant, listener: &mut dyn Listener) -> Result<(u64, u64)> {
    let mut early: BTreeMap<u64, Batch> = BTreeMap::new();
    let (mut frontier, mut end) = (0, 0);
    let mut transitions = Transitions::default();
    let mut progress = Progress { executions: 0, operations: 0, transitions: 0, time: Duration::ZERO };
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(Message::Batch(mut batch)) => {
                progress.executions += batch.executions;
                progress.operations += batch.operations;
                if let Some(met) = batch.transitions.take() {
                    transitions.merge(&met);
                    progress.transitions = transitions.count();
                }
                if batch.executions > 0 {
                    end = end.max(batch.first + batch.executions);
                    early.insert(batch.first, batch);
                }
            }
            Ok(Message::Unable(sentence)) => return Err(anyhow!(sentence)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        while let Some(batch) = early.remove(&frontier) {
            frontier += batch.executions;
            for diverged in batch.diverged {
                if !listener.diverged(diverged)? {
                    return Ok((progress.executions, end));
                }
            }
        }
        progress.time = start.elapsed();
        listener.progress(&progress);
    }
    // Behind executions that were taken and not done.
    for diverged in early.into_values().flat_map(|batch| batch.diverged) {
        if !listener.diverged(diverged)? {
            break;
        }
    }
    Ok((progress.executions, end))
}

impl Met {
    /// What one job's driver has met.
    fn of<B: Build>(driver: &Driver<B>) -> Met {
        Met {
            executions: 0,
            end: 0,
            time: Duration::ZERO,
            tally: driver.tally().clone(),
            transitions: driver.transitions().clone(),
            marks: driver.marks().to_vec(),
            skipped: driver.skipped().to_vec(),
        }
    }

    /// Adds what another job has met.
    fn add(&mut self, other: &Met) {
        self.tally.merge(&other.tally);
        self.transitions.merge(&other.transitions);
        for (sum, count) in self.marks.iter_mut().zip(&other.marks) {
            *sum += count;
        }
        if self.skipped.is_empty() {
            self.skipped.clone_from(&other.skipped);
        }
    }
}

/// One of the jobs of a campaign.
struct Job<'a> {
    plan: &'a Plan,
    start: Instant,
    /// The first execution that no job has taken.
    next: &'a AtomicU64,
    stop: &'a AtomicBool,
}

impl Job<'_> {
    /// Takes executions until it is time to end; what was met.
    fn work<B: Build>(&self, build: B, sender: &Sender<Message>) -> Met {
        let mut driver = Driver::new(build);
        let mut generator = Generator::new(self.plan.settings.clone());
        let mut told = 0;
        let mut taken = 0..0;
        while !self.is_over() {
            if taken.is_empty() {
                let first = self.next.fetch_add(TAKEN, Ordering::Relaxed);
                taken = first..self.plan.runs.map_or(first + TAKEN, |runs| runs.min(first + TAKEN));
                if taken.is_empty() {
                    break;
                }
            }
            let batch = self.batch(&mut driver, &mut generator, &mut taken);
            let ends = batch.is_err();
            let message = batch.map_or_else(Message::Unable, |mut batch| {
                if driver.transitions().count() > told {
                    told = driver.transitions().count();
                    batch.transitions = Some(driver.transitions().clone());
                }
                Message::Batch(batch)
            });
            if sender.send(message).is_err() || ends {
                break;
            }
        }
        Met::of(&driver)
    }

    /// Does the executions that were taken, or as many as fit into a tick.
    fn batch<B: Build>(
        &self,
        driver: &mut Driver<B>,
        generator: &mut Generator,
        taken: &mut Range<u64>,
    ) -> Result<Batch, String> {
        if driver.build().looks_ahead() {
            self.look_ahead(driver, generator, taken.clone())?;
        }
        let start = Instant::now();
        let mut program = Program::default();
        let mut batch =
            Batch { first: taken.start, executions: 0, operations: 0, diverged: Vec::new(), transitions: None };
        while start.elapsed() < TICK
            && !self.is_over()
            && let Some(index) = taken.next()
        {
            generator.execution(self.plan.seed, index, &mut program);
            let run = driver.run(&program, Compare::Touched)?;
            batch.executions += 1;
            batch.operations += run.steps as u64;
            batch.diverged.extend(run.divergence.map(|divergence| Diverged { index, divergence }));
        }
        Ok(batch)
    }

    /// Tells whoever builds the subjects what is going to be run.
    fn look_ahead<B: Build>(
        &self,
        driver: &Driver<B>,
        generator: &mut Generator,
        taken: Range<u64>,
    ) -> Result<(), String> {
        let execution = |index| {
            let mut program = Program::default();
            generator.execution(self.plan.seed, index, &mut program);
            program
        };
        let executions: Vec<_> = taken.map(execution).collect();
        driver.build().look_ahead(&executions)
    }

    fn is_over(&self) -> bool {
        interrupted()
            || self.stop.load(Ordering::Relaxed)
            || self.plan.time.is_some_and(|time| self.start.elapsed() >= time)
    }
}
