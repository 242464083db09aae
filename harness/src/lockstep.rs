//! The lockstep: a subject and the reference side by side, one operation after the other.

use stalemap_operations::{
    Errno, Field, Home, Machine, Observation, Operation, Outcome, PageToken, Scope, Step, Subject, Touched,
};
use stalemap_reference::Model;

use crate::binding::Binding;
use crate::divergence::{Divergence, Mismatch};
use crate::names::Names;
use crate::oracle::{self, OracleSet, Owners, Seen};
use crate::tally::Tally;
use crate::transitions::{Before, Transitions};

/// How much is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// The answers only; nothing is observed. For benchmarks.
    Outcomes,
    /// After each step what either side touched; at the end everything.
    Touched,
    /// Everything after each step, and the subject's own recount.
    Everything,
}

/// A step as it is shown to whoever watches.
#[derive(Debug)]
pub struct Watched<'a> {
    /// Index of the operation.
    pub step: usize,
    /// What was done.
    pub operation: Operation,
    /// What the reference answers.
    pub expected: Outcome,
    /// What the subject answers.
    pub claimed: Outcome,
    /// Everything of the reference.
    pub reference: &'a Observation,
    /// Everything of the subject.
    pub subject: &'a Observation,
    /// Names for the pages of both.
    pub names: &'a Names,
    /// What an oracle objects to; no step comes behind it.
    pub mismatch: Option<&'a Mismatch>,
}

/// Who watches.
pub(crate) type Watcher<'w> = Option<&'w mut dyn FnMut(&Watched<'_>)>;

/// Where a lockstep is, so that a caught panic can be placed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Position {
    /// Index of the operation that is being done; none during a reset.
    pub(crate) step: Option<usize>,
    /// Whether the reference is at work, not the subject.
    pub(crate) in_reference: bool,
}

/// A divergence as a run shows it.
pub(crate) struct Shown {
    pub(crate) divergence: Divergence,
    /// Whether no step's own comparison showed it, so that its step may be an earlier one.
    pub(crate) only_at_the_end: bool,
}

/// What a campaign has met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Met {
    pub(crate) tally: Tally,
    pub(crate) transitions: Transitions,
}

impl Met {
    pub(crate) fn clear(&mut self) {
        self.tally.clear();
        self.transitions.clear();
    }
}

/// A subject, the reference, and what compares them.
pub(crate) struct Lockstep<S> {
    pub(crate) subject: S,
    pub(crate) reference: Model,
    pub(crate) position: Position,
    machine: Machine,
    binding: Binding,
    owners: Owners,
    names: Names,
    /// What each side touched in the step that is being judged; empty between steps.
    touched: [Touched; 2],
    /// What is looked at: the places and slots on both sides, the pages by the tokens of the side that is looked at.
    scope: Scope,
    /// The pages of the scope by the subject's tokens.
    subject_pages: Vec<PageToken>,
    seen: [Observation; 2],
    /// The pages that both sides show, by their places in what was seen.
    pairs: Vec<(usize, usize)>,
}

const REFERENCE: usize = 0;
const SUBJECT: usize = 1;

impl<S: Subject> Lockstep<S> {
    pub(crate) fn new(subject: S) -> Self {
        let machine = *subject.machine();
        Lockstep {
            reference: Model::new(machine, subject.capacity()),
            subject,
            position: Position::default(),
            machine,
            binding: Binding::default(),
            owners: Owners::default(),
            names: Names::default(),
            touched: Default::default(),
            scope: Scope::default(),
            subject_pages: Vec::new(),
            seen: Default::default(),
            pairs: Vec::new(),
        }
    }

    /// Whether the subject is this machine itself, so that the answers that are written for it are the reference's; not
    /// so where it plays by other rules or has other frames.
    pub(crate) fn is(&self, machine: &Machine) -> bool {
        self.machine == *machine && self.subject.capacity() == Home::ALL.map(|home| machine.frames(home))
    }

    /// Runs the operations from the start of the machine up to the first mismatch. Operations that the subject cannot
    /// do are passed over.
    pub(crate) fn run(
        &mut self,
        operations: &[Operation],
        written: Option<&[Step]>,
        compare: Compare,
        asked: OracleSet,
        met: &mut Met,
        mut watcher: Watcher<'_>,
    ) -> Option<Shown> {
        self.reset();
        self.subject.announce(operations);
        let capabilities = self.subject.capabilities();
        let mut last = None;
        for (step, &operation) in operations.iter().enumerate() {
            if !capabilities.operations.contains(operation.kind()) {
                continue;
            }
            self.position = Position { step: Some(step), in_reference: false };
            let written = written.and_then(|steps| steps[step].answer);
            let outcomes = self.apply(operation, met);
            last = Some((step, outcomes));
            let mut judged = answer_as_written(operation, written, outcomes.0)
                .and_then(|()| self.compare(operation, outcomes, compare, asked));
            if compare == Compare::Everything {
                judged = judged.and_then(|()| self.recount(asked));
                self.names.update(&self.seen[REFERENCE], &self.binding);
            }
            if let Some(watch) = &mut watcher {
                watch(&Watched {
                    step,
                    operation,
                    expected: outcomes.0,
                    claimed: outcomes.1,
                    reference: &self.seen[REFERENCE],
                    subject: &self.seen[SUBJECT],
                    names: &self.names,
                    mismatch: judged.as_ref().err(),
                });
            }
            if let Err(mismatch) = judged {
                let divergence = Divergence { step, operation: Some(operation), mismatch };
                return Some(Shown { divergence, only_at_the_end: false });
            }
        }
        let (step, outcomes) = last?;
        let operation = operations[step];
        let judged = match compare {
            Compare::Touched => {
                self.compare(operation, outcomes, Compare::Everything, asked).and_then(|()| self.recount(asked))
            }
            Compare::Outcomes | Compare::Everything => Ok(()),
        };
        let divergence = Divergence { step, operation: Some(operation), mismatch: judged.err()? };
        Some(Shown { divergence, only_at_the_end: true })
    }

    fn reset(&mut self) {
        self.position = Position::default();
        self.subject.reset();
        self.reference.reset();
        self.binding.clear();
        self.owners.clear();
        self.touched.iter_mut().for_each(Touched::clear);
        self.names = Names::default();
    }

    /// The subject goes first; the answers of the reference and of the subject.
    #[inline]
    fn apply(&mut self, operation: Operation, met: &mut Met) -> (Outcome, Outcome) {
        let before = Before::of(&operation, &self.reference);
        let claimed = self.subject.apply(operation);
        self.position.in_reference = true;
        let expected = self.reference.apply_after(operation, Some(claimed));
        self.position.in_reference = false;
        met.tally.count(operation.kind(), expected);
        met.transitions.insert(operation.kind(), before, expected);
        (expected, claimed)
    }

    /// Looks at both sides and asks the oracles, where there is anything to look at or to object to. Most steps end
    /// here, so this much of it is part of the loop.
    #[inline(always)]
    fn compare(
        &mut self,
        operation: Operation,
        outcomes: (Outcome, Outcome),
        compare: Compare,
        asked: OracleSet,
    ) -> Result<(), Mismatch> {
        let (expected, claimed) = outcomes;
        let looks = compare != Compare::Outcomes && claimed != Outcome::Stuck;
        let looks =
            looks && self.ask_touched(compare == Compare::Everything || self.is_refused_block(operation, claimed));
        if looks || expected != claimed { self.judge(operation, outcomes, looks, asked) } else { Ok(()) }
    }

    /// Asks both sides what they touched; whether there is anything to look at.
    #[inline]
    fn ask_touched(&mut self, everything: bool) -> bool {
        let [reference, subject] = &mut self.touched;
        self.reference.touched(reference);
        self.scope.everything = !self.subject.touched(subject) || everything;
        self.scope.everything || !reference.is_empty() || !subject.is_empty()
    }

    #[inline(never)]
    fn judge(
        &mut self,
        operation: Operation,
        (expected, claimed): (Outcome, Outcome),
        looks: bool,
        asked: OracleSet,
    ) -> Result<(), Mismatch> {
        let mut clash = None;
        if looks {
            self.gather();
            self.look();
            clash = self.bind();
        }
        let seen = Seen {
            machine: &self.machine,
            operation,
            expected,
            claimed,
            everything: self.scope.everything,
            reference: &self.seen[REFERENCE],
            subject: &self.seen[SUBJECT],
            pairs: &self.pairs,
            clash: clash.as_ref(),
        };
        oracle::judge(&seen, &mut self.owners, asked)?;
        self.touched.iter_mut().for_each(Touched::clear);
        Ok(())
    }

    fn recount(&self, asked: OracleSet) -> Result<(), Mismatch> {
        if asked.validity() { oracle::validity::judge(&self.subject) } else { Ok(()) }
    }

    /// Puts what either side touched into the scope, unless that is everything.
    fn gather(&mut self) {
        let Scope { everything, places, pages, slots } = &mut self.scope;
        if *everything {
            return;
        }
        let [reference, subject] = &self.touched;
        places.clear();
        places.extend(reference.places.iter().chain(&subject.places));
        places.sort_unstable();
        places.dedup();
        slots.clear();
        slots.extend(reference.slots.iter().chain(&subject.slots));
        slots.sort_unstable();
        slots.dedup();
        let binding = &self.binding;
        pages.clear();
        pages.extend(&reference.pages);
        pages.extend(subject.pages.iter().filter_map(|&page| binding.reference(page)));
        self.subject_pages.clear();
        self.subject_pages.extend(&subject.pages);
        self.subject_pages.extend(reference.pages.iter().filter_map(|&page| binding.subject(page)));
    }

    /// Looks at both sides.
    fn look(&mut self) {
        let [reference, subject] = &mut self.seen;
        self.reference.observe(&self.scope, reference);
        std::mem::swap(&mut self.scope.pages, &mut self.subject_pages);
        self.subject.observe(&self.scope, subject);
    }

    /// Lets go of the pages that ended and binds those that both sides show for the first time; objects to a page that
    /// only one side has, or that is not the same on both.
    fn bind(&mut self) -> Option<Mismatch> {
        let [reference, subject] = &self.seen;
        for &page in &self.touched[REFERENCE].pages {
            if reference.page(page).is_none() {
                if let Some(bound) = self.binding.subject(page) {
                    self.owners.forget_page(bound);
                    self.binding.forget(page);
                }
                self.names.forget(page);
            }
        }
        let clash = bind_places(reference, subject, &mut self.binding)
            .and_then(|()| bind_slots(reference, subject, &mut self.binding));
        self.pairs.clear();
        for (at, page) in reference.pages.iter().enumerate() {
            if let Some(other) = self.binding.subject(page.token).and_then(|token| subject.position(token)) {
                self.pairs.push((at, other));
            }
        }
        clash.and_then(|()| self.must_live_on_both()).err()
    }

    fn must_live_on_both(&self) -> Result<(), Mismatch> {
        let [reference, subject] = &self.seen;
        if self.pairs.len() < reference.pages.len() {
            return oracle::object("mapping", "lives", "a page lives", "it has ended, or nobody shows it");
        }
        if subject.pages.iter().any(|page| self.binding.reference(page.token).is_none()) {
            return oracle::object("mapping", "lives", "a page has ended, or nobody shows it", "it lives");
        }
        Ok(())
    }

    /// Whether a block was refused although enough frames are free: the refusal oracle then looks at all frames.
    fn is_refused_block(&self, operation: Operation, claimed: Outcome) -> bool {
        claimed == Outcome::Refused(Errno::ENOMEM)
            && operation.kind().row().fields.contains(&Field::Order)
            && self.reference.free(Home::Ram) >= 1 << operation.values().last(Field::Order)
    }
}

/// Binds what both sides show at the same place.
fn bind_places(reference: &Observation, subject: &Observation, binding: &mut Binding) -> Result<(), Mismatch> {
    for (place, mine, other) in oracle::both_places(reference, subject) {
        if let (Some(mine), Some(other)) = (mine.page(), other.page())
            && !binding.agree(mine, other)
        {
            return clash(&place);
        }
    }
    Ok(())
}

/// Binds what both sides show in the same slot.
fn bind_slots(reference: &Observation, subject: &Observation, binding: &mut Binding) -> Result<(), Mismatch> {
    for (slot, state) in &reference.slots {
        let other = subject.slots.iter().find(|(it, _)| it == slot).and_then(|(_, state)| state.page());
        if let (Some(mine), Some(other)) = (state.page(), other)
            && !binding.agree(mine, other)
        {
            return clash(slot);
        }
    }
    Ok(())
}

#[cold]
fn clash(shown_at: &dyn std::fmt::Display) -> Result<(), Mismatch> {
    oracle::object("mapping", "page", format!("{shown_at} has the page that it had before"), "it has another page")
}

/// Objects where a written answer is not what the reference answers.
fn answer_as_written(operation: Operation, written: Option<Outcome>, expected: Outcome) -> Result<(), Mismatch> {
    match written {
        Some(written) if written != expected => oracle::object(
            "answer",
            "written",
            format!("{operation} = {written}, as is written"),
            format!("{operation} = {expected}, as the reference answers"),
        ),
        Some(_) | None => Ok(()),
    }
}
