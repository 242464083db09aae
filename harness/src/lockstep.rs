//! The lockstep: a subject and the reference side by side, one operation after the other.

use stalemap_operations::{
    Capabilities, Errno, Field, Home, Kind, Machine, Observables, Operation, Outcome, Program, Step, Subject,
};
use stalemap_reference::Model;

use crate::answers::{self, Answers};
use crate::comparison::Comparison;
use crate::digest::{self, SideDigest};
use crate::divergence::Divergence;
use crate::mismatch::Mismatch;
use crate::names::Names;
use crate::oracle::owners::FrameRules;
use crate::oracle::{self, OracleSet};
use crate::tally::Tally;
use crate::transitions::{Before, Transitions};
use crate::watchdog::Watch;
use crate::watched::{Watched, Watcher};

/// How much is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// The answers only; nothing is observed. For benchmarks.
    Outcomes,
    /// After each step the digests of both sides, at the end everything and the subject's own recount. A difference is
    /// then looked for with [`Everything`](Compare::Everything), so that both name the same step in the same words.
    Touched,
    /// Everything after each step, and the subject's own recount.
    Everything,
}

/// Where a lockstep is, so that a caught panic can be placed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Position {
    /// Index of the operation that is being done; none during a reset.
    pub(crate) step: Option<usize>,
    /// Whether the reference is at work, not the subject.
    pub(crate) in_reference: bool,
}

/// What a campaign has met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Coverage {
    pub(crate) tally: Tally,
    pub(crate) transitions: Transitions,
}

impl Coverage {
    pub(crate) fn clear(&mut self) {
        self.tally.clear();
        self.transitions.clear();
    }
}

/// How each step of a run is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Steps {
    Outcomes,
    Digests,
    Full,
}

/// A subject, the reference, and what compares them.
pub(crate) struct Lockstep<S> {
    pub(crate) subject: S,
    pub(crate) reference: Model,
    pub(crate) position: Position,
    machine: Machine,
    /// What the subject shows, does and promises; it says the same for ever.
    pub(crate) capabilities: Capabilities,
    /// The observables that are known of it.
    pub(crate) known: Observables,
    /// Whether there is no operation that it cannot do.
    does_everything: bool,
    /// Digests of both sides; none for a subject that cannot show all that is in a digest, or not tell what it touched.
    digests: Option<Box<[SideDigest; 2]>>,
    /// Free frames of both at the start.
    capacity: [u32; Home::LIMIT],
    comparison: Comparison,
    names: Names,
    /// Whether a large folio was not made in this run that could have been, by the counts of free frames.
    did_without_folio: bool,
}

impl<S: Subject> Lockstep<S> {
    /// `machine` is what the subject was built as, and `capabilities` what it shows and promises.
    pub(crate) fn new(subject: S, machine: Machine, capabilities: Capabilities, reference: Model) -> Self {
        let known = capabilities.known();
        let has_digest = capabilities.observables.include(digest::NEEDS) && known.include(Observables::FOLIOS);
        let capacity = reference.capacity();
        let rules = FrameRules { machine: &machine, blocks: &capabilities.blocks };
        let new = |rules| SideDigest::new(&machine, rules, capacity);
        Lockstep {
            reference,
            digests: has_digest.then(|| Box::new([new(None), new(Some(rules))])),
            subject,
            position: Position::default(),
            capacity,
            comparison: Comparison::new(rules, known),
            machine,
            known,
            does_everything: capabilities.does_everything(),
            capabilities,
            names: Names::default(),
            did_without_folio: false,
        }
    }

    fn rules(&self) -> FrameRules<'_> {
        FrameRules { machine: &self.machine, blocks: &self.capabilities.blocks }
    }

    /// Whether the subject is this machine itself, so that the answers that are written for it are the reference's; not
    /// so where it plays by other rules or has other frames.
    pub(crate) fn is(&self, machine: &Machine) -> bool {
        self.machine == *machine && self.capacity == Home::ALL.map(|home| machine.frames(home))
    }

    /// Runs the operations from the start of the machine up to the first difference. Operations that the subject cannot
    /// do are passed over.
    pub(crate) fn run(
        &mut self,
        program: &Program,
        written: Option<&[Step]>,
        compare: Compare,
        oracles: OracleSet,
        coverage: &mut Coverage,
        (mut watcher, watch): (Watcher<'_>, Option<&Watch>),
    ) -> Option<Divergence> {
        self.reset();
        self.subject.announce(&program.operations);
        let has_every_comparison = oracles.has_every_comparison();
        let mut steps = self.steps(compare, has_every_comparison);
        let end = program.operations.iter().rposition(|operation| self.can(operation)).map_or(0, |last| last + 1);
        let operations = &program.operations[..end];
        let mut answered = (Outcome::Stuck, Outcome::Stuck);
        for (step, operation) in operations.iter().enumerate() {
            if !self.can(operation) {
                continue;
            }
            self.position = Position { step: Some(step), in_reference: false };
            if let Some(watch) = watch {
                watch.step(step);
            }
            let kind = operation.kind();
            answered = self.apply(operation, kind, coverage);
            let (expected, claimed) = answered;
            let written = self.written(written, step, operation);
            let are_expected = answers::are_as_expected(kind, expected, claimed, written);
            let agrees = match steps {
                Steps::Outcomes => are_expected,
                Steps::Digests => {
                    self.update_digests() == Some(true) && are_expected && !self.is_refused_block(operation, claimed)
                }
                Steps::Full => false,
            };
            if !agrees {
                let answers = self.answers(operation, answered, written);
                let mut checked = self.check(steps, answers, oracles);
                steps = self.steps(compare, has_every_comparison);
                if compare == Compare::Everything {
                    checked = checked.and_then(|()| self.recount(oracles));
                }
                if let Some(watcher) = &mut watcher {
                    self.show(step, answers, checked.as_ref().err(), watcher);
                }
                if let Err(mismatch) = checked {
                    return Some(Divergence { step, operation: Some(*operation), mismatch });
                }
            }
        }
        let operation = operations.last().filter(|_| compare == Compare::Touched)?;
        let step = end - 1;
        let answers = self.answers(operation, answered, self.written(written, step, operation));
        let mismatch = self.check_end(steps, answers, oracles).err()?;
        Some(Divergence { step, operation: Some(*operation), mismatch })
    }

    /// What the trace says that the answer is, where it is not a matter of the subject's own.
    #[inline(always)]
    fn written(&self, steps: Option<&[Step]>, step: usize, operation: &Operation) -> Option<Outcome> {
        steps.and_then(|steps| steps[step].answer).filter(|_| !self.has_own_layout(operation))
    }

    /// Answers are put together where they are looked at, which is seldom.
    fn answers(
        &self,
        operation: &Operation,
        (expected, claimed): (Outcome, Outcome),
        written: Option<Outcome>,
    ) -> Answers {
        let refused_runs = self.reference.refused_runs();
        Answers { operation: *operation, expected, claimed, written, refused_runs }
    }

    /// Compares everything after the last step, and asks the subject for its own recount.
    fn check_end(&mut self, steps: Steps, answers: Answers, oracles: OracleSet) -> Result<(), Mismatch> {
        match steps {
            // Every step agreed: so do both sides, where each shows what it told.
            Steps::Digests if self.show_what_they_told() => {}
            Steps::Digests => self.check_afresh(answers, oracles)?,
            Steps::Outcomes | Steps::Full => self.check_everything(answers, oracles)?,
        }
        self.recount(oracles)
    }

    /// Whether the answer is a matter of where the subject's frames lie, which it does not show: an `alloc` may be refused for
    /// want of a run, and a large folio was not made for want of one, in this step or before.
    #[cold]
    fn has_own_layout(&self, operation: &Operation) -> bool {
        !self.known.include(Observables::FRAMES) && (self.did_without_folio || operation.kind().row().has(Field::Order))
    }

    /// Whether the subject can do it.
    #[inline(always)]
    fn can(&self, operation: &Operation) -> bool {
        self.does_everything || self.capabilities.can(*operation)
    }

    fn reset(&mut self) {
        self.position = Position::default();
        self.subject.reset();
        self.position.in_reference = true;
        self.reference.reset();
        self.position.in_reference = false;
        self.comparison.reset();
        self.names = Names::default();
        self.did_without_folio = false;
        if let Some(digests) = &mut self.digests {
            digests.iter_mut().for_each(|digest| digest.reset(self.capacity));
        }
    }

    /// How the next step is compared. A digest knows nothing of single oracles.
    #[inline]
    fn steps(&self, compare: Compare, has_every_comparison: bool) -> Steps {
        match compare {
            Compare::Outcomes => Steps::Outcomes,
            Compare::Touched if has_every_comparison && self.digests.is_some() => Steps::Digests,
            Compare::Touched | Compare::Everything => Steps::Full,
        }
    }

    /// The subject goes first; the answers of the reference and of the subject.
    #[inline(always)]
    fn apply(&mut self, operation: &Operation, kind: Kind, coverage: &mut Coverage) -> (Outcome, Outcome) {
        self.position.in_reference = true;
        let before = Before::of(operation, &self.reference);
        self.position.in_reference = false;
        let claimed = self.subject.apply(*operation);
        self.position.in_reference = true;
        let expected = self.reference.apply_after(*operation, Some(claimed), self.subject.runs());
        self.position.in_reference = false;
        self.did_without_folio |= self.reference.did_without_folio();
        let class = expected.class();
        coverage.tally.count_class(kind, class);
        coverage.transitions.insert(kind, before, class);
        (expected, claimed)
    }

    /// Whether everything that each side shows is what it told step by step.
    #[inline(never)]
    fn show_what_they_told(&mut self) -> bool {
        let Some([reference, subject]) = self.digests.as_deref() else { return false };
        self.position.in_reference = true;
        let is_reference_known = reference.knows(&self.reference) == Some(true);
        self.position.in_reference = false;
        let observe = || subject.knows_observed(self.comparison.look_at_subject(&self.subject));
        is_reference_known && subject.knows(&self.subject).unwrap_or_else(observe)
    }

    /// Compares a step in which not everything is known to agree.
    #[inline(never)]
    fn check(&mut self, steps: Steps, answers: Answers, oracles: OracleSet) -> Result<(), Mismatch> {
        match steps {
            Steps::Outcomes => self.judge(answers, oracles),
            Steps::Digests => self.check_suspicion(answers, oracles),
            Steps::Full => self.check_in_full(answers, oracles),
        }
    }

    /// Finds in words what the digests suspect.
    fn check_suspicion(&mut self, answers: Answers, oracles: OracleSet) -> Result<(), Mismatch> {
        self.check_afresh(answers, oracles)?;
        self.check_digests()
    }

    /// Compares everything, then what is known by digests, so that nothing is seen by digests alone.
    fn check_in_full(&mut self, answers: Answers, oracles: OracleSet) -> Result<(), Mismatch> {
        let is_asked = answers.claimed != Outcome::Stuck && oracles.has_every_comparison();
        if is_asked {
            self.update_digests();
        }
        self.check_everything(answers, oracles)?;
        if is_asked { self.check_digests() } else { Ok(()) }
    }

    /// Compares what is known of both sides by digests, and whether the subject's frames have one owner each.
    fn check_digests(&mut self) -> Result<(), Mismatch> {
        let Some([reference, subject]) = self.digests.as_deref_mut() else {
            return Ok(());
        };
        subject.check_frames()?;
        oracle::check_digests(reference.value() == subject.value())
    }

    /// Brings the digests up to date; whether they are the same and the subject's frames have one owner each. None without digests, or if a side turns out not to be
    /// one that has them: from then on everything is compared.
    #[inline(always)]
    fn update_digests(&mut self) -> Option<bool> {
        let [reference, subject] = self.digests.as_deref_mut()?;
        self.position.in_reference = true;
        let is_reference_known = reference.update(&mut self.reference);
        self.position.in_reference = false;
        let is_subject_known = subject.update(&mut self.subject);
        if is_reference_known.and(is_subject_known).is_none() {
            self.digests = None;
            return None;
        }
        Some(reference.value() == subject.value() && subject.has_frames_apart())
    }

    /// As [`check_everything`](Self::check_everything), where the steps before were not looked at: no page is known.
    fn check_afresh(&mut self, answers: Answers, oracles: OracleSet) -> Result<(), Mismatch> {
        self.comparison.reset();
        self.check_everything(answers, oracles)
    }

    /// Looks at everything of both sides and lets every oracle check it.
    #[inline(never)]
    fn check_everything(&mut self, answers: Answers, oracles: OracleSet) -> Result<(), Mismatch> {
        if answers.claimed == Outcome::Stuck {
            // The state of a subject that stopped half-way says nothing.
            return self.judge(answers, oracles);
        }
        self.position.in_reference = true;
        self.comparison.look_at_reference(&self.reference);
        self.position.in_reference = false;
        self.comparison.look_at_subject(&self.subject);
        self.comparison.bind();
        oracle::check(&self.comparison.view(self.rules(), answers), oracles)
    }

    /// Lets the oracles check the answers, with nothing looked at.
    #[cold]
    #[inline(never)]
    fn judge(&self, answers: Answers, oracles: OracleSet) -> Result<(), Mismatch> {
        oracle::check(&Comparison::new(self.rules(), self.known).view(self.rules(), answers), oracles)
    }

    fn recount(&self, oracles: OracleSet) -> Result<(), Mismatch> {
        if oracles.validity() { oracle::check_recount(&self.subject) } else { Ok(()) }
    }

    /// Whether a block or a run was refused although enough frames are free: the refusal oracle then looks at all frames.
    #[inline]
    fn is_refused_block(&self, operation: &Operation, claimed: Outcome) -> bool {
        self.reference.has_refused_runs()
            || claimed == Outcome::Refused(Errno::ENOMEM)
                && operation.kind().row().has(Field::Order)
                && self.reference.free(Home::Ram) >= 1 << operation.values().last(Field::Order)
    }

    fn show(
        &mut self,
        step: usize,
        answers: Answers,
        mismatch: Option<&Mismatch>,
        watch: &mut dyn FnMut(&Watched<'_>),
    ) {
        let [reference, subject] = self.comparison.seen();
        self.names.update(reference, self.comparison.binding());
        watch(&Watched {
            step,
            operation: answers.operation,
            expected: answers.expected,
            claimed: answers.claimed,
            reference,
            subject,
            shown: self.known,
            names: &self.names,
            mismatch,
        });
    }
}
