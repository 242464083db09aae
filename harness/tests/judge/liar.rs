//! A liar: a correct subject that falsifies exactly one thing, from one step to another.

use std::cell::Cell;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use stalemap_harness::Build;
use stalemap_implementation::Implementation;
use stalemap_operations::{
    Capabilities, Entry, Errno, Home, Machine, Observation, Operation, Outcome, PageToken, PlaceState, Scope,
    SlotState, Subject, Touched,
};

use crate::framed::Framed;

/// What is falsified.
#[derive(Clone, Copy)]
pub(crate) enum Lie {
    /// What is shown. The second observation is everything that the correct subject would show.
    Shows(fn(&mut Observation, &Observation)),
    /// The answer, of an operation that is done as it should be.
    Answers(fn(Outcome) -> Outcome),
    /// The answer, of an operation that is not done.
    Refuses(Errno),
    /// What was touched; whether the subject can tell.
    Touches(fn(&mut Touched) -> bool),
    /// The recount does not balance.
    Recounts(&'static str),
    /// For which large folios a run of frames is found; the subject goes on without one as it should. On machines with huge pages.
    Finds(&'static [bool]),
    /// The tokens of pages, at all steps: a token is this number less the correct one, and in each run another.
    Renames(u32),
    /// A panic in this call.
    Panics(Call),
}

/// A call of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Reset,
    Apply,
    Touched,
    Observe,
    Validate,
}

/// Lies, each at some steps, and what happened to the subjects that tell them.
#[derive(Clone)]
pub(crate) struct Liars {
    lies: Vec<(Lie, RangeInclusive<usize>)>,
    pub(crate) capabilities: Capabilities,
    pub(crate) capacity: Option<[u32; Home::LIMIT]>,
    /// The machine that is built, where it is not the one that was asked for.
    pub(crate) machine: Option<Machine>,
    pub(crate) counts: Rc<Counts>,
}

/// How often something was done, over all subjects.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) built: Cell<usize>,
    pub(crate) resets: Cell<usize>,
    /// Operations that were announced last.
    pub(crate) announced: Cell<usize>,
    pub(crate) applied: Cell<usize>,
    /// Whether a lie was about what is not shown.
    pub(crate) was_pointless: Cell<bool>,
    pub(crate) validated: Cell<usize>,
    /// How often everything was looked at.
    pub(crate) looks: Cell<usize>,
}

impl Liars {
    /// Subjects that do not lie.
    pub(crate) fn honest() -> Liars {
        Liars {
            lies: Vec::new(),
            capabilities: Capabilities::ALL,
            capacity: None,
            machine: None,
            counts: Rc::default(),
        }
    }

    /// Subjects that also tell this lie at these steps.
    pub(crate) fn and(mut self, lie: Lie, steps: RangeInclusive<usize>) -> Liars {
        self.lies.push((lie, steps));
        self
    }
}

impl Build for Liars {
    type Subject = Liar;

    fn build(&self, machine: &Machine) -> Result<Liar, String> {
        add(&self.counts.built);
        let machine = self.machine.as_ref().unwrap_or(machine);
        let honest = match machine.huge() {
            None => Honest::Small(Box::new(Implementation::new(machine))),
            Some(_) => Honest::Large(Box::new(Framed::new(*machine))),
        };
        Ok(Liar { honest, liars: self.clone(), step: None, is_idle: false })
    }
}

/// A correct subject.
enum Honest {
    Small(Box<Implementation>),
    Large(Box<Framed>),
}

impl Honest {
    fn subject(&self) -> &dyn Subject {
        match self {
            Honest::Small(subject) => &**subject,
            Honest::Large(subject) => &**subject,
        }
    }

    fn subject_mut(&mut self) -> &mut dyn Subject {
        match self {
            Honest::Small(subject) => &mut **subject,
            Honest::Large(subject) => &mut **subject,
        }
    }
}

fn add(count: &Cell<usize>) {
    count.set(count.get() + 1);
}

/// The subject that lies.
pub(crate) struct Liar {
    honest: Honest,
    liars: Liars,
    /// The operation that was done last, counted from the reset.
    step: Option<usize>,
    /// Whether that operation was not really done.
    is_idle: bool,
}

impl Liar {
    /// The lies of this step.
    fn lies(&self) -> impl Iterator<Item = Lie> + '_ {
        let step = self.step;
        self.liars
            .lies
            .iter()
            .filter(move |(_, steps)| step.is_some_and(|step| steps.contains(&step)))
            .map(|(lie, _)| *lie)
    }

    /// The token that is shown for one, and the one that is shown as this token.
    fn rename(&self) -> Option<impl Fn(PageToken) -> PageToken + use<>> {
        let shift =
            self.liars.lies.iter().find_map(|(lie, _)| if let Lie::Renames(to) = lie { Some(*to) } else { None })?;
        let runs = u32::try_from(self.liars.counts.resets.get()).expect("few runs");
        Some(move |token: PageToken| PageToken((shift + runs).wrapping_sub(token.0)))
    }

    fn look(&self, scope: &Scope, into: &mut Observation) {
        let Some(rename) = self.rename() else { return self.honest.subject().observe(scope, into) };
        let pages = scope.pages.iter().map(|&page| rename(page)).collect();
        self.honest.subject().observe(&Scope { pages, ..scope.clone() }, into);
        for view in &mut into.places {
            if let PlaceState::Mapped { entry: Entry::Maps { page, .. } | Entry::Migrating { page, .. }, .. } =
                &mut view.state
            {
                *page = rename(*page);
            }
        }
        into.pages.iter_mut().for_each(|page| page.token = rename(page.token));
        into.pages.sort_unstable_by_key(|page| page.token);
        for (_, state) in &mut into.slots {
            if let SlotState::Pin(page) | SlotState::Hold(page) = state {
                *page = rename(*page);
            }
        }
    }

    fn may_panic(&self, call: Call) {
        if self.lies().any(|lie| matches!(lie, Lie::Panics(at) if at == call)) {
            panic!("the liar panics in {call:?}");
        }
    }
}

impl Subject for Liar {
    fn name(&self) -> &'static str {
        "liar"
    }

    fn capabilities(&self) -> Capabilities {
        self.liars.capabilities
    }

    fn machine(&self) -> &Machine {
        self.honest.subject().machine()
    }

    fn capacity(&self) -> [u32; Home::LIMIT] {
        self.liars.capacity.unwrap_or_else(|| self.honest.subject().capacity())
    }

    fn reset(&mut self) {
        add(&self.liars.counts.resets);
        // A reset belongs to no step; it panics whatever the steps of the lie are.
        let panics = self.liars.lies.iter().any(|(lie, _)| matches!(lie, Lie::Panics(Call::Reset)));
        assert!(!panics, "the liar panics in Reset");
        self.honest.subject_mut().reset();
        self.step = None;
        self.is_idle = false;
    }

    fn announce(&mut self, operations: &[Operation]) {
        assert_eq!(self.step, None, "it is announced behind the reset");
        self.liars.counts.announced.set(operations.len());
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        add(&self.liars.counts.applied);
        self.step = Some(self.step.map_or(0, |step| step + 1));
        self.may_panic(Call::Apply);
        let refused = self.lies().find_map(|lie| if let Lie::Refuses(errno) = lie { Some(errno) } else { None });
        self.is_idle = refused.is_some();
        let found = self.lies().find_map(|lie| if let Lie::Finds(runs) = lie { Some(runs) } else { None });
        if let Honest::Large(framed) = &mut self.honest {
            framed.found = found.unwrap_or(&[]);
        }
        let honest = refused.map_or_else(|| self.honest.subject_mut().apply(operation), Outcome::Refused);
        self.lies().fold(honest, |answer, lie| if let Lie::Answers(change) = lie { change(answer) } else { answer })
    }

    fn touched(&mut self, into: &mut Touched) -> bool {
        self.may_panic(Call::Touched);
        let mut honest = Touched::default();
        let can_tell = self.is_idle || self.honest.subject_mut().touched(&mut honest);
        if let Some(rename) = self.rename() {
            honest.pages.iter_mut().for_each(|page| *page = rename(*page));
        }
        into.places.append(&mut honest.places);
        into.pages.append(&mut honest.pages);
        into.slots.append(&mut honest.slots);
        self.lies().fold(can_tell, |can_tell, lie| if let Lie::Touches(change) = lie { change(into) } else { can_tell })
    }

    fn runs(&self) -> &[bool] {
        self.honest.subject().runs()
    }

    fn observe(&self, scope: &Scope, into: &mut Observation) {
        self.may_panic(Call::Observe);
        if scope.everything {
            add(&self.liars.counts.looks);
        }
        self.look(scope, into);
        let mut whole = Observation::default();
        self.honest.subject().observe(&Scope::everything(), &mut whole);
        for lie in self.lies() {
            if let Lie::Shows(change) = lie {
                // A lie about what is not shown panics: it is the fault of its row, not of the subject.
                let told = catch_unwind(AssertUnwindSafe(|| change(into, &whole)));
                if told.is_err() {
                    self.liars.counts.was_pointless.set(true);
                }
            }
        }
    }

    fn validate(&self) -> Result<(), String> {
        add(&self.liars.counts.validated);
        self.may_panic(Call::Validate);
        let told = self.lies().find_map(|lie| if let Lie::Recounts(sentence) = lie { Some(sentence) } else { None });
        told.map_or_else(|| self.honest.subject().validate(), |sentence| Err(sentence.to_string()))
    }
}
