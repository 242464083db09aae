//! A hunt: executions of one seed, one after the other, until the first that diverges.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stalemap_harness::{Build, CannotBuild, Compare, Divergence, Driver, Generator, Settings};
use stalemap_operations::Program;

/// Executions between two looks at the clock.
const BETWEEN_LOOKS: u64 = 16;

/// Makes executions, one after the other. A function that is given a program to write into is a source.
pub trait Source {
    /// Makes the next execution.
    fn next(&mut self, program: &mut Program);
}

impl<F: FnMut(&mut Program)> Source for F {
    fn next(&mut self, program: &mut Program) {
        self(program);
    }
}

/// Measures time from some beginning.
type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// How one looks for the first execution that diverges: which subjects are built, how executions are made, and when it is given
/// up. A hunt at one seed runs on one thread, and is the same each time as far as its limit is a number of executions.
///
/// ```
/// use stalemap_campaign::Hunt;
/// use stalemap_implementation::{Bug, Implementation, Switch};
/// use stalemap_operations::Machine;
///
/// let bug = Switch::new(Some(Bug::RefillNotCounted));
/// let hunt = Hunt::new(move |machine: &Machine| Ok(Implementation::with_bug(machine, &bug))).executions(20_000);
/// for seed in 0..3 {
///     let hunted = hunt.seed(seed)?;
///     let found = hunted.found.expect("it is found at every seed");
///     assert_eq!(found.index + 1, hunted.executions);
/// }
/// # Ok::<(), String>(())
/// ```
#[derive(Clone)]
pub struct Hunt {
    /// A driver of fresh subjects; a hunt stays on one thread, and so may what builds them.
    driver: Rc<dyn Fn() -> Driver>,
    settings: Settings,
    compare: Compare,
    oracle: Option<String>,
    executions: Option<u64>,
    time: Option<Duration>,
    clock: Clock,
    stop: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
}

/// What a hunt came to.
#[derive(Clone, Debug)]
pub struct Hunted {
    /// Executions that were done.
    pub executions: u64,
    /// Their operations.
    pub operations: u64,
    /// The time that they took.
    pub time: Duration,
    /// The first that diverged; none where the hunt was given up or stopped.
    pub found: Option<FirstDivergence>,
    /// Whether it was told to stop.
    pub stopped: bool,
}

/// The execution that ended a hunt.
#[derive(Clone, Debug)]
pub struct FirstDivergence {
    /// How many executions came before it.
    pub index: u64,
    /// The execution.
    pub program: Program,
    /// How it diverges.
    pub divergence: Divergence,
}

impl Hunt {
    /// Hunts on the subjects that this builds: the default settings, [`Compare::Touched`], all oracles, no limit.
    pub fn new(build: impl Build + Clone + 'static) -> Self {
        let begin = Instant::now();
        let settings = Settings::of(&build);
        let (compare, clock) = (Compare::Touched, Arc::new(move || begin.elapsed()));
        let driver = Rc::new(move || Driver::new(build.clone()));
        Hunt { driver, settings, compare, oracle: None, executions: None, time: None, clock, stop: None }
    }

    /// With executions that are made by these settings.
    #[must_use]
    pub fn settings(self, settings: Settings) -> Self {
        Hunt { settings, ..self }
    }

    /// With so much compared after each step.
    #[must_use]
    pub fn compare(self, compare: Compare) -> Self {
        Hunt { compare, ..self }
    }

    /// With this oracle alone. A panic, which shows whichever oracle is asked, is passed over.
    #[must_use]
    pub fn only_oracle(self, oracle: impl Into<String>) -> Self {
        Hunt { oracle: Some(oracle.into()), ..self }
    }

    /// Gives up after this many executions, if a number is given.
    #[must_use]
    pub fn executions(self, executions: impl Into<Option<u64>>) -> Self {
        Hunt { executions: executions.into(), ..self }
    }

    /// Gives up after this time, if one is given.
    #[must_use]
    pub fn time(self, time: impl Into<Option<Duration>>) -> Self {
        Hunt { time: time.into(), ..self }
    }

    /// Measures time by this clock, such as one of the thread's processor time, instead of by what a clock on the wall shows.
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Hunt { clock: Arc::new(clock), ..self }
    }

    /// Stops when this says so; it is asked now and then.
    #[must_use]
    pub fn stop_when(self, stop: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Hunt { stop: Some(Arc::new(stop)), ..self }
    }

    /// Hunts in the executions of the generator with this seed.
    ///
    /// # Errors
    /// Says why the subject cannot be a machine.
    pub fn seed(&self, seed: u64) -> Result<Hunted, CannotBuild> {
        let mut generator = Generator::new(self.settings.clone());
        let mut index = 0;
        self.source(&mut |program: &mut Program| {
            generator.execution(seed, index, program);
            index += 1;
        })
    }

    /// Hunts in the executions that a source makes. A source can be hunted in again: that goes on behind what was found.
    ///
    /// # Errors
    /// Says why the subject cannot be a machine.
    pub fn source(&self, source: &mut dyn Source) -> Result<Hunted, CannotBuild> {
        let mut driver = (self.driver)();
        if self.oracle.is_some() {
            driver.use_only_oracle(self.oracle.as_deref());
        }
        let mut program = Program::default();
        let mut hunted = Hunted { executions: 0, operations: 0, time: Duration::ZERO, found: None, stopped: false };
        let start = (self.clock)();
        let elapsed = || (self.clock)().saturating_sub(start);
        while hunted.found.is_none() && self.executions.is_none_or(|most| hunted.executions < most) {
            if hunted.executions.is_multiple_of(BETWEEN_LOOKS) {
                hunted.stopped = self.stop.as_ref().is_some_and(|stop| stop());
                if hunted.stopped || self.time.is_some_and(|most| elapsed() >= most) {
                    break;
                }
            }
            source.next(&mut program);
            let run = driver.run(&program, self.compare)?;
            let index = hunted.executions;
            hunted.executions += 1;
            hunted.operations += run.steps as u64;
            let divergence = run.divergence.filter(|it| self.counts(it));
            hunted.found = divergence.map(|divergence| FirstDivergence { index, program: program.clone(), divergence });
        }
        hunted.time = elapsed();
        Ok(hunted)
    }

    /// Whether a divergence is what is hunted.
    fn counts(&self, divergence: &Divergence) -> bool {
        self.oracle.as_ref().is_none_or(|oracle| divergence.mismatch.oracle == oracle)
    }
}
