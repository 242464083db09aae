//! A job of a campaign: takes executions, does them, and tells what came of them.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::time::Instant;

use stalemap_harness::{Build, Driver, Generator, Transitions, Watch};
use stalemap_operations::Program;

use super::{Campaign, CampaignStats, Diverged, TICK};

/// Executions that a job takes at once.
const TAKEN: u64 = 128;

/// Executions that a job has done, one after the other.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) first: u64,
    pub(super) executions: u64,
    pub(super) operations: u64,
    pub(super) diverged: Vec<Diverged>,
    /// All that the job has met, where it is more than it told before.
    pub(super) transitions: Option<Transitions>,
    /// Why the job ends with this batch: the subject cannot be a machine that was asked for.
    pub(super) unable: Option<String>,
}

/// One of the jobs of a campaign.
pub(super) struct Job<'a, B> {
    pub(super) campaign: &'a Campaign<B>,
    pub(super) start: Instant,
    /// The first execution that no job has taken.
    pub(super) next: &'a AtomicU64,
    pub(super) stop: &'a AtomicBool,
}

impl<B: Build + Clone + Send + Sync> Job<'_, B> {
    /// Takes executions until it is time to end; what was met.
    pub(super) fn work(&self, watch: Watch, sender: &Sender<Batch>) -> CampaignStats {
        let mut driver = Driver::new(self.campaign.build.clone());
        if self.campaign.hang.is_some() {
            driver.watched_by(watch);
        }
        let mut generator = Generator::new(self.campaign.settings.clone());
        let mut told = 0;
        let mut taken = 0..0;
        while !self.is_over() {
            if taken.is_empty() {
                let first = self.next.fetch_add(TAKEN, Ordering::Relaxed);
                taken = first..self.campaign.runs.map_or(first + TAKEN, |runs| runs.min(first + TAKEN));
                if taken.is_empty() {
                    break;
                }
            }
            let mut batch = self.batch(&mut driver, &mut generator, &mut taken);
            if driver.transitions().count() > told {
                told = driver.transitions().count();
                batch.transitions = Some(driver.transitions().clone());
            }
            let ends = batch.unable.is_some();
            if sender.send(batch).is_err() || ends {
                break;
            }
        }
        CampaignStats::of(&driver)
    }

    /// Does the executions that were taken, or as many as fit into a tick.
    fn batch(&self, driver: &mut Driver<B>, generator: &mut Generator, taken: &mut Range<u64>) -> Batch {
        let mut batch = Batch { first: taken.start, ..Batch::default() };
        if driver.build().looks_ahead() {
            batch.unable = self.look_ahead(driver, generator, taken.clone()).err();
        }
        let start = Instant::now();
        let mut program = Program::default();
        while batch.unable.is_none()
            && start.elapsed() < TICK
            && !self.is_over()
            && let Some(index) = taken.next()
        {
            generator.execution(self.campaign.seed, index, &mut program);
            let run = match driver.run(&program, self.campaign.compare) {
                Ok(run) => run,
                Err(sentence) => {
                    batch.unable = Some(sentence);
                    break;
                }
            };
            batch.executions += 1;
            batch.operations += run.steps as u64;
            batch.diverged.extend(run.divergence.map(|divergence| Diverged { index, divergence }));
        }
        batch
    }

    /// Tells the builder of the subjects what is going to be run.
    fn look_ahead(&self, driver: &Driver<B>, generator: &mut Generator, taken: Range<u64>) -> Result<(), String> {
        let execution = |index| {
            let mut program = Program::default();
            generator.execution(self.campaign.seed, index, &mut program);
            program
        };
        let executions: Vec<_> = taken.map(execution).collect();
        driver.build().look_ahead(&executions)
    }

    fn is_over(&self) -> bool {
        self.campaign.stop.as_ref().is_some_and(|stop| stop())
            || self.stop.load(Ordering::Relaxed)
            || self.campaign.time.is_some_and(|time| self.start.elapsed() >= time)
    }
}
