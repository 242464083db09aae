//! A look at a trace: the first difference of each subject, and what all sides answer and show up to where a program sees it.

use std::cmp::Reverse;

use stalemap_harness::{AnyBuild, Compare, Divergence, Driver, Run, Watch, Watched, guarded};
use stalemap_operations::{
    Machine, Observables, Observation, PageToken, Program, Scope, Slot, SlotState, Subject as _, Trace,
};
use stalemap_report::{Finding, Origin, answered};

use crate::cell::Facts;
use crate::error::PageError;
use crate::facts::View;
use crate::history::Side;

/// A subject that is shown beside the reference.
#[derive(Clone)]
pub struct Shown {
    /// What it is called.
    pub name: String,
    /// Builds it.
    pub build: AnyBuild,
    /// Whether it only repeats what was written down, and so says nothing of other operations.
    pub is_recorded: bool,
    /// What notices an execution that does not end.
    pub watch: Option<Watch>,
}

impl Shown {
    /// A driver of it.
    pub(crate) fn driver(&self) -> Driver {
        let mut driver = Driver::new(self.build.clone());
        if let Some(watch) = &self.watch {
            driver.watched_by(watch.clone());
        }
        driver
    }
}

/// The most operations that a page shows.
pub const MOST_OPERATIONS: usize = 2_000;
/// The most facts of one side that a page shows at a step.
pub const MOST_FACTS: usize = 4_000;

/// What was seen of a trace.
pub struct Look {
    /// The operations up to the last one that a side was asked.
    pub program: Program,
    /// The reference, and the subjects in their order.
    pub sides: Vec<Side>,
    /// The first difference; none where all sides agree.
    pub difference: Option<Difference>,
}

/// The first difference of the first subject that differs from the reference.
pub struct Difference {
    /// The side that differs.
    pub culprit: usize,
    /// The difference as it is told.
    pub finding: Finding,
    /// Its signature is that of this.
    pub divergence: Divergence,
    /// The step at which a program first gets another answer, counted from 1; none where these operations show it to none.
    pub visible: Option<usize>,
    /// The slots that the reference has filled after it.
    pub(crate) filled: Vec<Slot>,
}

impl Difference {
    /// Its step, counted from 1; all sides agree up to the one before it.
    #[must_use]
    pub fn first(&self) -> usize {
        self.divergence.step + 1
    }

    /// Its step, where no answer shows it.
    #[must_use]
    pub fn silent(&self) -> Option<usize> {
        (self.visible != Some(self.first())).then_some(self.first())
    }
}

/// Runs operations on each subject beside the reference; the first subject that differs is the finding's.
///
/// # Errors
/// When a subject cannot be built, or there is too much to show.
pub fn look(program: &Program, subjects: &[Shown]) -> Result<Look, PageError> {
    let count = program.operations.len();
    if count > MOST_OPERATIONS {
        return Err(PageError::TooLong { operations: count, most: MOST_OPERATIONS });
    }
    let mut seen = Vec::new();
    for subject in subjects {
        seen.push(Seen::of(program, subject)?);
    }
    let culprit = seen.iter().position(|seen| seen.divergence.is_some());
    let difference = culprit.map(|at| difference(program, &subjects[at], at, &mut seen[at])).transpose()?.flatten();
    // The reference beside the subject that went furthest and shows most.
    let known = |at: usize| {
        let reference = &seen[at].reference;
        let is_known = reference.state(reference.operations()).is_some();
        (reference.operations(), is_known, Reverse(reference.hidden().len()), Some(at) == culprit)
    };
    let best = (0..seen.len()).max_by_key(|&at| known(at));
    let reference = best.map_or_else(|| Side::new("reference"), |best| seen[best].reference.clone());
    let first = difference.as_ref().map_or(0, Difference::first);
    let operations = program.operations.iter().copied().take(reference.operations().max(first));
    let program = Program::new(program.machine, operations);
    let sides = std::iter::once(reference).chain(seen.into_iter().map(|seen| seen.subject)).collect();
    Ok(Look { program, sides, difference })
}

/// How a subject differs, which is that of this number.
fn difference(program: &Program, subject: &Shown, at: usize, seen: &mut Seen) -> Result<Option<Difference>, PageError> {
    let Some(divergence) = seen.divergence.clone() else { return Ok(None) };
    let mut driver = subject.driver();
    let finding = Finding::describe(&mut driver, &subject.name, program, &divergence, Origin::default())?;
    let filled = std::mem::take(&mut seen.filled);
    Ok(Some(Difference { culprit: at + 1, finding, divergence, visible: seen.visible, filled }))
}

/// One subject beside the reference.
struct Seen {
    reference: Side,
    subject: Side,
    divergence: Option<Divergence>,
    visible: Option<usize>,
    filled: Vec<Slot>,
}

impl Seen {
    fn of(program: &Program, shown: &Shown) -> Result<Seen, PageError> {
        let mut driver = shown.driver();
        let first = driver.run(program, Compare::Everything)?.divergence;
        // What every oracle checks ends at the first difference; answers alone are followed to where a program sees it.
        let mut driver = shown.driver();
        driver.use_only_oracle(Some("outcome"));
        let mut seen = Seen {
            reference: Side::new("reference"),
            subject: Side::new(&shown.name),
            divergence: first,
            visible: None,
            filled: Vec::new(),
        };
        seen.look_at_start(&mut driver, program)?;
        let run = seen.watch(&mut driver, program)?;
        if let Some(last) = run.divergence {
            seen.note_end(&last, program);
        }
        Ok(seen)
    }

    fn look_at_start(&mut self, driver: &mut Driver, program: &Program) -> Result<(), PageError> {
        let empty = Program::new(program.machine, []);
        driver.run(&empty, Compare::Everything)?;
        // A machine that is too large to be kept is looked at from its first operation on.
        let Some((subject, model)) = driver.sides(&program.machine) else { return Ok(()) };
        let shown = subject.capabilities().known();
        let name = |token: PageToken| format!("p?{}", token.0);
        let look = |observe: &dyn Fn(&mut Observation), has_frames| {
            let mut observation = Observation::default();
            observe(&mut observation);
            View { observation: &observation, shown, name: &name, machine: &program.machine, has_frames }.facts()
        };
        self.reference.start(look(&|into| model.observe(&Scope::everything(), into), false));
        self.subject.start(look(&|into| subject.observe(&Scope::everything(), into), true));
        self.set_shown(shown);
        Ok(())
    }

    fn set_shown(&mut self, shown: Observables) {
        self.reference.set_shown(shown.without(Observables::FRAMES));
        self.subject.set_shown(shown);
    }

    fn watch(&mut self, driver: &mut Driver, program: &Program) -> Result<Run, PageError> {
        let (mut most, machine) = (None, &program.machine);
        let first = self.divergence.as_ref().map_or(usize::MAX, |it| it.step);
        let run = driver.watch(program, &mut |watched| {
            // Operations that the subject cannot do are passed over on both sides.
            while self.subject.operations() < watched.step {
                self.reference.skip();
                self.subject.skip();
            }
            let [reference, subject] = sides(watched, machine);
            let facts = reference.len().max(subject.len());
            if facts > MOST_FACTS {
                most.get_or_insert((watched.step + 1, facts));
                return;
            }
            self.set_shown(watched.shown);
            self.reference.step(watched.expected.to_string(), Some(reference));
            self.subject.step(watched.claimed.to_string(), Some(subject));
            if watched.step <= first {
                self.filled = filled(watched.reference);
            }
        });
        let run = run?;
        match most {
            Some((step, facts)) => Err(PageError::TooLarge { step, facts, most: MOST_FACTS }),
            None => Ok(run),
        }
    }

    /// Notes the answer that ended the run. A panic is none, and was not shown.
    fn note_end(&mut self, last: &Divergence, program: &Program) {
        self.visible = Some(last.step + 1);
        if self.subject.operations() > last.step {
            return;
        }
        while self.subject.operations() < last.step {
            self.reference.skip();
            self.subject.skip();
        }
        let trace = Trace::new(program.machine, program.operations.iter().copied().take(last.step + 1));
        let expected = guarded(|| answered(&trace)).ok().and_then(|trace| trace.steps.last()?.answer);
        self.reference.step(expected.map_or_else(|| last.mismatch.expected.clone(), |it| it.to_string()), None);
        self.subject.step(last.mismatch.actual.clone(), None);
    }
}

/// Both sides after a step.
fn sides(watched: &Watched<'_>, machine: &Machine) -> [Facts; 2] {
    let reference = |token: PageToken| watched.names.reference(token);
    let subject = |token: PageToken| watched.names.subject(token);
    let shown = watched.shown;
    let view = View { observation: watched.reference, shown, name: &reference, machine, has_frames: false };
    let other = View { observation: watched.subject, shown, name: &subject, machine, has_frames: true };
    [view.facts(), other.facts()]
}

fn filled(observation: &Observation) -> Vec<Slot> {
    let filled = observation.slots.iter().filter(|(_, state)| *state != SlotState::Empty);
    filled.map(|(slot, _)| *slot).collect()
}
