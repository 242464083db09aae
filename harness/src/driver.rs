//! The driver: runs operations on pairs of machines, keeps small machines for the next run, and catches panics.

use std::collections::BTreeMap;
use std::fmt;

use stalemap_operations::{Capabilities, Machine, Observables, Operation, Program, Step, Subject, Trace};
use stalemap_reference::{MARKS, Model};

use crate::any_lockstep::{AnyLockstep, Cause, NotBuilt, Sides};
use crate::build::{AnyBuilder, Build, CannotBuild};
use crate::divergence::Divergence;
use crate::guard::guarded;
use crate::lockstep::{Compare, Coverage, Position};
use crate::oracle::{self, OracleChoice, OracleSet};
use crate::tally::Tally;
use crate::transitions::Transitions;
use crate::watchdog::Watch;
use crate::watched::{Watched, Watcher};

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Operations that were done, the diverging one included.
    pub steps: usize,
    /// The first difference.
    pub divergence: Option<Divergence>,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (needs {})", self.check, self.missing.join(", "))
    }
}

impl Run {
    fn of(program: &Program, divergence: Option<Divergence>) -> Run {
        let steps = divergence.as_ref().map_or(program.operations.len(), |divergence| divergence.step + 1);
        Run { steps, divergence }
    }
}

/// A check that is not made of this subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The name of its oracle, followed by its own where the oracle has others: `content`, `mapping.writable`.
    pub check: String,
    /// The observables that the subject would have to show.
    pub missing: Vec<&'static str>,
}

/// Built machines that are kept at the most, and how many frames and places one may have to be kept.
const KEPT: usize = 256;
const KEPT_SIZE: u32 = 4_096;

/// Runs operations on the subject and the reference.
pub struct Driver {
    build: Box<dyn AnyBuilder>,
    kept: BTreeMap<Machine, AnyLockstep>,
    coverage: Coverage,
    marks: Vec<u64>,
    oracles: OracleChoice,
    /// The checks of the last run, and what its subject showed.
    checks: Option<(Observables, OracleSet)>,
    /// What the subject can do, and shows; none before the first machine is built.
    capabilities: Option<Capabilities>,
    watch: Option<Watch>,
}

impl Driver {
    /// A driver of the subjects that this builds.
    pub fn new(build: impl Build + 'static) -> Self {
        let marks = vec![0; MARKS.len()];
        let oracles = if build.uses_recount() { OracleChoice::All } else { OracleChoice::AllButRecount };
        Driver {
            build: Box::new(build),
            kept: BTreeMap::new(),
            coverage: Coverage::default(),
            marks,
            oracles,
            checks: None,
            capabilities: None,
            watch: None,
        }
    }

    /// Whether it pays to tell ahead what is going to be run ([`Build::looks_ahead`]).
    #[must_use]
    pub fn looks_ahead(&self) -> bool {
        self.build.looks_ahead()
    }

    /// Whether the subject notices itself what does not end ([`Build::watches_itself`]).
    #[must_use]
    pub fn watches_itself(&self) -> bool {
        self.build.watches_itself()
    }

    /// Tells the builder of the subjects what is going to be run ([`Build::look_ahead`]).
    ///
    /// # Errors
    /// Says why the subject cannot be driven at all.
    pub fn look_ahead(&self, programs: &[Program]) -> Result<(), CannotBuild> {
        Ok(self.build.look_ahead(programs)?)
    }

    /// Asks one oracle alone, by its name or that of one of its checks, or all again.
    pub fn use_only_oracle(&mut self, oracle: Option<&str>) {
        self.oracles = oracle.map_or(OracleChoice::All, |oracle| OracleChoice::Only(oracle.to_string()));
        self.checks = None;
    }

    /// Asks all oracles but the subject's own recount, which judges a subject by what no observer could see.
    pub fn without_recount(&mut self) {
        self.oracles = OracleChoice::AllButRecount;
        self.checks = None;
    }

    /// Says there what is being run, so that a watchdog notices what does not end.
    pub fn watched_by(&mut self, watch: Watch) {
        self.watch = Some(watch);
    }

    /// Builds both sides of this machine where they are not kept from an earlier run; the next run does it otherwise. A
    /// constructor that panics is the next run's to report.
    ///
    /// # Errors
    /// Says why the subject cannot be this machine.
    pub fn prepare(&mut self, machine: &Machine) -> Result<(), CannotBuild> {
        match self.build_where_missing(machine) {
            Ok(()) | Err(NotBuilt(Cause::Panicked(..))) => Ok(()),
            Err(NotBuilt(Cause::Refused(sentence))) => Err(sentence.into()),
        }
    }

    fn build_where_missing(&mut self, machine: &Machine) -> Result<(), NotBuilt> {
        if !self.kept.contains_key(machine) {
            let lockstep = self.build.lockstep(machine)?;
            self.can_be_huge(machine, lockstep.sides()).map_err(|why| NotBuilt(Cause::Refused(why)))?;
            self.capabilities.get_or_insert(*lockstep.sides().capabilities());
            if self.kept.len() >= KEPT {
                self.kept.clear();
            }
            self.kept.insert(*machine, lockstep);
        }
        Ok(())
    }

    /// Whether the subject has the huge pages of the machine that was asked for.
    fn can_be_huge(&self, machine: &Machine, sides: &dyn Sides) -> Result<(), String> {
        let Some(order) = machine.huge() else { return Ok(()) };
        let name = sides.subject().name();
        if !sides.capabilities().has_folios() || sides.subject().machine().huge().is_none() {
            return Err(format!("{name} has no huge pages, and the machine has some: take huge= off the machine line"));
        }
        if !self.build.huge().is_some_and(|orders| orders.contain(order.0)) {
            return Err(format!("{name} has no huge pages of order {order}: take another huge= on the machine line"));
        }
        Ok(())
    }

    /// Drops the machines that are kept from earlier runs: the next run builds both sides anew.
    pub fn forget_machines(&mut self) {
        self.kept.clear();
    }

    /// The machine that the subject is when it is asked for this one: a kernel has its own rules and more RAM. Where the constructor
    /// panics it is the one that is asked for, on which it panics.
    ///
    /// # Errors
    /// Says why the subject cannot be this machine.
    pub fn machine_of(&mut self, machine: &Machine) -> Result<Machine, CannotBuild> {
        let built = guarded(|| self.build.boxed(machine).map(|subject| *subject.machine()));
        Ok(built.unwrap_or(Ok(*machine))?)
    }

    /// Runs operations from the start of a machine up to the first difference, which is traced to its step.
    ///
    /// # Errors
    /// Says why the subject cannot be this machine.
    pub fn run(&mut self, program: &Program, compare: Compare) -> Result<Run, CannotBuild> {
        self.locate(program, None, compare)
    }

    /// Runs a trace, and holds the answers that are written in it against those of the reference, if the subject is the
    /// trace's own machine: not so where it plays by other rules or has more frames.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_trace(&mut self, trace: &Trace, compare: Compare) -> Result<Run, CannotBuild> {
        self.locate(&trace.program(), Some(&trace.steps), compare)
    }

    /// Runs operations and shows everything after each step, the differing one included.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn watch(&mut self, program: &Program, watch: &mut dyn FnMut(&Watched<'_>)) -> Result<Run, CannotBuild> {
        let shown = self.drive(program, None, Compare::Everything, Some(watch))?;
        Ok(Run::of(program, shown))
    }

    /// Both sides as the last run of this machine left them; none where it was not run, where that run panicked, or where
    /// the machine is too large to be kept.
    #[must_use]
    pub fn sides(&self, machine: &Machine) -> Option<(&dyn Subject, &Model)> {
        self.kept.get(machine).map(AnyLockstep::sides).map(|sides| (sides.subject(), sides.reference()))
    }

    /// Operation × outcome, over all runs.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.coverage.tally
    }

    /// Transitions that were met in all runs.
    #[must_use]
    pub fn transitions(&self) -> &Transitions {
        &self.coverage.transitions
    }

    /// How often each rule of [`MARKS`] was met in all runs, in their order.
    #[must_use]
    pub fn marks(&self) -> &[u64] {
        &self.marks
    }

    /// Forgets what was met so far; cheap enough to be done before each run.
    pub fn clear_met(&mut self) {
        self.coverage.clear();
        self.marks.fill(0);
    }

    /// The checks that are not made of this subject, since it shows too little for them. None is known before the first run.
    #[must_use]
    pub fn skipped(&self) -> Vec<Skipped> {
        oracle::skipped(self.able().known())
            .map(|(check, missing)| Skipped { check, missing: missing.each().map(|(name, _)| name).collect() })
            .collect()
    }

    /// Which of these operations the subject cannot do ([`Capabilities::can`]): no run asks for them. None is known before the first run.
    pub fn left_out<'a>(&self, operations: &'a [Operation]) -> impl Iterator<Item = &'a Operation> + use<'a> {
        let capabilities = self.able();
        operations.iter().filter(move |operation| !capabilities.can(**operation))
    }

    /// What the subject can do, and shows; everything before the first run.
    fn able(&self) -> Capabilities {
        self.capabilities.unwrap_or(Capabilities::ALL)
    }

    /// Runs, and where something differs runs again with full comparison: the earliest difference names the step, in
    /// whichever mode it was seen.
    fn locate(&mut self, program: &Program, written: Option<&[Step]>, compare: Compare) -> Result<Run, CannotBuild> {
        let seen = self.drive(program, written, compare, None)?;
        if seen.is_none() || compare == Compare::Everything {
            return Ok(Run::of(program, seen));
        }
        let located = self.drive(program, written, Compare::Everything, None)?;
        // A subject that does not repeat itself is told as it was seen.
        Ok(Run::of(program, located.or(seen)))
    }

    fn drive(
        &mut self,
        program: &Program,
        written: Option<&[Step]>,
        compare: Compare,
        watcher: Watcher<'_>,
    ) -> Result<Option<Divergence>, CannotBuild> {
        if let Some(watch) = &self.watch {
            watch.begin(program);
        }
        let divergence = self.build_and_run(program, written, compare, watcher);
        if let Some(watch) = &self.watch {
            watch.end();
        }
        divergence
    }

    fn build_and_run(
        &mut self,
        program: &Program,
        written: Option<&[Step]>,
        compare: Compare,
        watcher: Watcher<'_>,
    ) -> Result<Option<Divergence>, CannotBuild> {
        let machine = &program.machine;
        if let Err(NotBuilt(cause)) = self.build_where_missing(machine) {
            return match cause {
                Cause::Refused(sentence) => Err(sentence.into()),
                Cause::Panicked(position, message) => Ok(Some(panicked(position, program, &message))),
            };
        }
        let lockstep = self.kept.get_mut(machine).expect("it is prepared").sides_mut();
        lockstep.clear_position();
        let (choice, coverage, watch) = (&self.oracles, &mut self.coverage, self.watch.as_ref());
        let checks = &mut self.checks;
        let result = guarded(|| {
            let mut oracles = checks_of(lockstep.known(), choice, checks);
            if watcher.is_some() {
                // An observer wants to see how far a fault goes; a recount would end it where it begins.
                oracles = oracles.without_validity();
            }
            let written = written.filter(|_| lockstep.is(machine));
            lockstep.run(program, written, compare, oracles, coverage, (watcher, watch))
        });
        for (sum, count) in self.marks.iter_mut().zip(lockstep.reference().marks()) {
            *sum += count;
        }
        lockstep.reference_mut().clear_marks();
        let is_whole = result.is_ok();
        let position = lockstep.position();
        let divergence = result.unwrap_or_else(|message| Some(panicked(position, program, &message)));
        // After a panic the state of the two is unknown.
        if !is_whole || size(machine) > KEPT_SIZE {
            self.kept.remove(machine);
        }
        Ok(divergence)
    }
}

/// The checks of a subject that shows this, which those of the last run are most often.
fn checks_of(known: Observables, choice: &OracleChoice, last: &mut Option<(Observables, OracleSet)>) -> OracleSet {
    match *last {
        Some((of, set)) if of == known => set,
        Some(_) | None => last.insert((known, OracleSet::of(known, choice))).1,
    }
}

/// Frames and places of a machine.
fn size(machine: &Machine) -> u32 {
    let [ram, first, second, spaces, pages] = machine.sizes();
    [ram, first, second, spaces.saturating_mul(pages)].into_iter().fold(0, u32::saturating_add)
}

/// A caught panic as a divergence; it is grouped by what it says.
fn panicked(position: Position, program: &Program, message: &str) -> Divergence {
    let side = if position.in_reference { "reference" } else { "subject" };
    let mismatch = oracle::panicked(side, message);
    let operation = position.step.map(|step| program.operations[step]);
    Divergence { step: position.step.unwrap_or(0), operation, mismatch }
}

#[cfg(test)]
mod tests {
    use stalemap_operations::Observables;

    use super::checks_of;
    use crate::oracle::{OracleChoice, OracleSet};

    #[test]
    fn the_checks_are_those_that_the_subject_of_the_run_shows_enough_for() {
        let choice = OracleChoice::All;
        let mut last = None;
        for known in [Observables::ALL, Observables::NONE, Observables::FRAMES, Observables::FRAMES, Observables::ALL] {
            assert_eq!(checks_of(known, &choice, &mut last), OracleSet::of(known, &choice));
        }
    }
}
