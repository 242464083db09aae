//! A job of a campaign: takes executions, does them, and sends what came of them.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Instant;

use stalemap_harness::{CannotBuild, Driver, Generator, Run, Skipped, Watch};
use stalemap_operations::Program;

use super::{Campaign, CampaignStats, Diverged, TICK};

/// Machines that are drawn for an execution until the subject can be one.
const ATTEMPTS: u64 = 32;

/// The execution with this index, on the machine that is drawn at this attempt: a function of settings, seed, index and
/// attempt.
fn execution(generator: &mut Generator, seed: u64, index: u64, attempt: u64, program: &mut Program) {
    // The first attempt is the execution of the seed; each other one is of a seed far away from those that users type.
    generator.execution(seed ^ attempt.wrapping_mul(0x9e37_79b9_7f4a_7c15), index, program);
}

/// The most executions that a job takes at once.
const MOST_TAKEN: u64 = 128;

/// Executions that a job has done, one after the other. The last one may have diverged.
pub(super) struct Batch {
    /// The position of the first in the shard.
    pub(super) first: u64,
    /// What they came to.
    pub(super) done: CampaignStats,
    pub(super) diverged: Option<Diverged>,
    /// Why the job ends with this batch: the subject cannot be a machine that was asked for.
    pub(super) unable: Option<CannotBuild>,
}

/// One of the jobs of a campaign.
pub(super) struct Job<'a> {
    pub(super) campaign: &'a Campaign,
    pub(super) start: Instant,
    /// The position of the first execution that no job has taken.
    pub(super) next: &'a AtomicU64,
    pub(super) stop: &'a AtomicBool,
}

/// Ends all jobs when one panics: what it has taken is never done, and nothing behind it counts.
struct StopsOnPanic<'a>(&'a AtomicBool);

impl Drop for StopsOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

impl Job<'_> {
    /// Takes executions until it is time to end; the checks that are not made of the subject. What was taken is done: so all that
    /// was done is the executions below an index, and none above it.
    pub(super) fn work(&self, watch: Watch, sender: &SyncSender<Batch>) -> Vec<Skipped> {
        let _stops = StopsOnPanic(self.stop);
        let mut driver = Driver::new(self.campaign.build.clone());
        if self.campaign.hang.is_some() {
            driver.watched_by(watch.clone());
        }
        let mut generator = Generator::new(self.campaign.settings.clone());
        let most = self.campaign.runs.map_or(u64::MAX, |runs| self.campaign.shard.executions_below(runs));
        // As many as take less than a tick: the campaign waits for them when it ends. What is told ahead is done at once.
        let mut size = if driver.looks_ahead() { MOST_TAKEN } else { 1 };
        while !self.is_over() {
            let first = self.next.fetch_add(size, Ordering::Relaxed);
            let taken = first..most.min(first.saturating_add(size));
            if taken.is_empty() {
                break;
            }
            let begun = Instant::now();
            if !self.do_all(&mut driver, &mut generator, taken, (&watch, sender)) {
                break;
            }
            let time = begun.elapsed();
            if !driver.looks_ahead() {
                size = if time > TICK {
                    (size / 2).max(1)
                } else if time < TICK / 4 {
                    (size * 2).min(MOST_TAKEN)
                } else {
                    size
                };
            }
        }
        driver.skipped()
    }

    /// Does the executions at these positions; whether the job goes on.
    fn do_all(
        &self,
        driver: &mut Driver,
        generator: &mut Generator,
        mut taken: Range<u64>,
        (watch, sender): (&Watch, &SyncSender<Batch>),
    ) -> bool {
        let mut ahead = Vec::new().into_iter();
        if driver.looks_ahead() {
            match self.look_ahead(driver, generator, taken.clone()) {
                Ok(executions) => ahead = executions.into_iter(),
                Err(sentence) => {
                    let unable = Some(sentence);
                    let batch = Batch { first: taken.start, done: CampaignStats::none(), diverged: None, unable };
                    // There is no receiver where the observer has enough.
                    let _ = sender.send(batch);
                    return false;
                }
            }
        }
        while !taken.is_empty() {
            let batch = self.batch(driver, generator, &mut taken, (watch, &mut ahead));
            let ends = batch.unable.is_some();
            if sender.send(batch).is_err() || ends {
                return false;
            }
        }
        true
    }

    /// Does executions until one diverges, a tick has passed, or all are done.
    fn batch(
        &self,
        driver: &mut Driver,
        generator: &mut Generator,
        taken: &mut Range<u64>,
        (watch, ahead): (&Watch, &mut impl Iterator<Item = Program>),
    ) -> Batch {
        let mut batch = Batch { first: taken.start, done: CampaignStats::none(), diverged: None, unable: None };
        let start = Instant::now();
        let mut program = Program::default();
        driver.clear_met();
        while batch.diverged.is_none() && start.elapsed() < TICK && !taken.is_empty() {
            let index = self.campaign.shard.index(taken.start);
            watch.at_index(index);
            let run = match self.execute(driver, generator, index, ahead.next(), &mut program) {
                Ok(run) => run,
                Err(sentence) => {
                    batch.unable = Some(sentence);
                    break;
                }
            };
            taken.start += 1;
            batch.done.executions += 1;
            batch.done.operations += run.steps as u64;
            batch.diverged = run.divergence.map(|divergence| Diverged { index, program: program.clone(), divergence });
        }
        batch.done.note_met(driver);
        batch
    }

    /// Does an execution, which may be made already. Where the subject cannot be its machine, other machines are drawn.
    fn execute(
        &self,
        driver: &mut Driver,
        generator: &mut Generator,
        index: u64,
        mut made: Option<Program>,
        program: &mut Program,
    ) -> Result<Run, CannotBuild> {
        let mut refused = None;
        for attempt in 0..ATTEMPTS {
            match made.take() {
                Some(made) => *program = made,
                None => execution(generator, self.campaign.seed, index, attempt, program),
            }
            match driver.run(program, self.campaign.compare) {
                Ok(run) => return Ok(run),
                Err(why) => refused = Some(why),
            }
        }
        Err(refused.expect("at least one attempt is made"))
    }

    /// Makes executions, and shows the builder of the subjects that they are going to be run.
    fn look_ahead(
        &self,
        driver: &Driver,
        generator: &mut Generator,
        taken: Range<u64>,
    ) -> Result<Vec<Program>, CannotBuild> {
        let executions: Vec<Program> = taken
            .map(|position| {
                let mut program = Program::default();
                execution(generator, self.campaign.seed, self.campaign.shard.index(position), 0, &mut program);
                program
            })
            .collect();
        driver.look_ahead(&executions)?;
        Ok(executions)
    }

    fn is_over(&self) -> bool {
        self.campaign.stop.as_ref().is_some_and(|stop| stop())
            || self.stop.load(Ordering::Relaxed)
            || self.campaign.time.is_some_and(|time| self.start.elapsed() >= time)
    }
}
