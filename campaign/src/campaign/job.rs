//! A job of a campaign: takes executions, does them, and tells what came of them.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::time::Instant;

use stalemap_harness::{Driver, Generator, Run, Skipped, Watch};
use stalemap_operations::Program;

use super::{Campaign, Diverged, Met, TICK};

/// Machines that are drawn for an execution until the subject can be one.
const ATTEMPTS: u64 = 32;

/// The execution with this index, on the machine that is drawn at this attempt: a function of settings, seed, index and
/// attempt.
fn execution(generator: &mut Generator, seed: u64, index: u64, attempt: u64, program: &mut Program) {
    // The first attempt is the execution of the seed; each other one is of a seed far away from those that users type.
    generator.execution(seed ^ attempt.wrapping_mul(0x9e37_79b9_7f4a_7c15), index, program);
}

/// Executions that a job takes at once.
const TAKEN: u64 = 128;

/// Executions that a job has done, one after the other.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) first: u64,
    pub(super) executions: u64,
    pub(super) operations: u64,
    pub(super) diverged: Vec<Diverged>,
    /// What they have met.
    pub(super) met: Met,
    /// Why the job ends with this batch: the subject cannot be a machine that was asked for.
    pub(super) unable: Option<String>,
}

/// One of the jobs of a campaign.
pub(super) struct Job<'a> {
    pub(super) campaign: &'a Campaign,
    pub(super) start: Instant,
    /// The first execution that no job has taken.
    pub(super) next: &'a AtomicU64,
    pub(super) stop: &'a AtomicBool,
}

impl Job<'_> {
    /// Takes executions until it is time to end; the checks that the subject shows too little for.
    pub(super) fn work(&self, watch: Watch, sender: &Sender<Batch>) -> Vec<Skipped> {
        let mut driver = Driver::new(self.campaign.build.clone());
        if self.campaign.hang.is_some() {
            driver.watched_by(watch);
        }
        let mut generator = Generator::new(self.campaign.settings.clone());
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
            batch.met = Met::of(&driver);
            driver.clear_met();
            let ends = batch.unable.is_some();
            if sender.send(batch).is_err() || ends {
                break;
            }
        }
        driver.skipped().to_vec()
    }

    /// Does the executions that were taken, or as many as fit into a tick.
    fn batch(&self, driver: &mut Driver, generator: &mut Generator, taken: &mut Range<u64>) -> Batch {
        let mut batch = Batch { first: taken.start, ..Batch::default() };
        let mut ahead = Vec::new().into_iter();
        if driver.looks_ahead() {
            match self.look_ahead(driver, generator, taken.clone()) {
                Ok(executions) => ahead = executions.into_iter(),
                Err(sentence) => batch.unable = Some(sentence),
            }
        }
        let start = Instant::now();
        let mut program = Program::default();
        while batch.unable.is_none()
            && start.elapsed() < TICK
            && !self.is_over()
            && let Some(index) = taken.next()
        {
            let run = match self.execute(driver, generator, index, ahead.next(), &mut program) {
                Ok(run) => run,
                Err(sentence) => {
                    batch.unable = Some(sentence);
                    break;
                }
            };
            batch.executions += 1;
            batch.operations += run.steps as u64;
            let diverged = run.divergence.map(|divergence| Diverged { index, program: program.clone(), divergence });
            batch.diverged.extend(diverged);
        }
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
    ) -> Result<Run, String> {
        let mut refused = String::new();
        for attempt in 0..ATTEMPTS {
            match made.take() {
                Some(made) => *program = made,
                None => execution(generator, self.campaign.seed, index, attempt, program),
            }
            match driver.run(program, self.campaign.compare) {
                Ok(run) => return Ok(run),
                Err(sentence) => refused = sentence,
            }
        }
        Err(refused)
    }

    /// Makes executions, and tells the builder of the subjects that they are going to be run.
    fn look_ahead(
        &self,
        driver: &Driver,
        generator: &mut Generator,
        taken: Range<u64>,
    ) -> Result<Vec<Program>, String> {
        let executions = generator.executions(self.campaign.seed, taken);
        driver.look_ahead(&executions)?;
        Ok(executions)
    }

    fn is_over(&self) -> bool {
        self.campaign.stop.as_ref().is_some_and(|stop| stop())
            || self.stop.load(Ordering::Relaxed)
            || self.campaign.time.is_some_and(|time| self.start.elapsed() >= time)
    }
}
