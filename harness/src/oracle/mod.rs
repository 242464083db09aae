//! The oracles: each looks at one kind of fact and finds where the two sides differ.
//!
//! They are asked in the order of the list, and the first mismatch is the divergence. An oracle is made of checks, each of
//! which names the observables that it needs; one that the subject shows too little for is skipped. To add an oracle: a
//! file here, a line in the list.

mod answer;
mod conservation;
mod content;
pub(crate) mod digest;
mod identity;
mod mapcount;
mod mapping;
mod outcome;
mod owners;
pub(crate) mod panic;
mod placement;
mod refcount;
mod refusal;
mod rmap;
mod termination;
pub(crate) mod validity;

use std::borrow::Cow;
use std::cell::RefCell;

use stalemap_operations::{Observables, Observation, PageView, PlaceView, SlotState};

use crate::binding::Binding;
use crate::comparison::Conflict;
use crate::divergence::{Mismatch, Sense};
use crate::lockstep::Answers;

pub(crate) use mapping::both as both_places;
pub(crate) use outcome::is_permitted;
pub(crate) use owners::Owners;
pub(crate) use placement::FrameRules;

/// One step as the oracles see it.
pub(crate) struct StepView<'a> {
    pub(crate) rules: FrameRules<'a>,
    pub(crate) answers: Answers,
    /// Everything of the reference; nothing where nothing was looked at.
    pub(crate) reference: &'a Observation,
    /// Everything of the subject, likewise.
    pub(crate) subject: &'a Observation,
    /// Which page of the subject is which page of the reference.
    pub(crate) binding: &'a Binding,
    /// The pages that both sides show, by their places in what was seen.
    pub(crate) pairs: &'a [(usize, usize)],
    /// Where the two sides show different pages.
    pub(crate) conflict: Option<Conflict>,
    /// Room for the owners of the subject's frames.
    pub(crate) owners: &'a RefCell<Owners>,
}

impl<'a> StepView<'a> {
    /// The pages that both sides show.
    pub(crate) fn pages(&self) -> impl Iterator<Item = (&'a PageView, &'a PageView)> {
        self.pairs.iter().map(|&(mine, other)| (&self.reference.pages[mine], &self.subject.pages[other]))
    }
}

/// A difference, which its oracle's name makes a [`Mismatch`].
pub(crate) struct Difference {
    fact: Cow<'static, str>,
    expected: String,
    actual: String,
    sense: Sense,
}

impl Difference {
    fn of(self, oracle: &'static str) -> Mismatch {
        let Difference { fact, expected, actual, sense } = self;
        Mismatch { oracle, fact, expected, actual, sense }
    }
}

/// Makes a difference that is neither less nor more; apart from the comparison, which runs millions of times a second.
#[cold]
#[inline(never)]
fn differ(
    fact: impl Into<Cow<'static, str>>,
    expected: impl Into<String>,
    actual: impl Into<String>,
) -> Result<(), Difference> {
    differ_in(Sense::Other, fact, expected, actual)
}

/// Makes a difference in which the subject has less or more.
#[cold]
#[inline(never)]
fn differ_in(
    sense: Sense,
    fact: impl Into<Cow<'static, str>>,
    expected: impl Into<String>,
    actual: impl Into<String>,
) -> Result<(), Difference> {
    Err(Difference { fact: fact.into(), expected: expected.into(), actual: actual.into(), sense })
}

/// An oracle that checks each step.
pub(crate) struct Oracle {
    /// Its name, the first word of a signature.
    pub(crate) name: &'static str,
    /// What it checks, in order.
    pub(crate) checks: &'static [Check],
}

/// A part of an oracle that needs the same observables throughout.
pub(crate) struct Check {
    /// Its name, which no other check of its oracle has.
    pub(crate) name: &'static str,
    /// The observables that it needs.
    pub(crate) needs: Observables,
    /// Finds a difference in a step.
    find: fn(&StepView<'_>) -> Result<(), Difference>,
}

/// All checks in the order in which they are made, each with its oracle.
fn checks() -> impl Iterator<Item = (&'static Oracle, &'static Check)> {
    ORACLES.iter().flat_map(|oracle| oracle.checks.iter().map(move |check| (oracle, check)))
}

/// The full name of a check, such as `mapping.writable`; of an oracle that has one check its own name.
fn full_name(oracle: &Oracle, check: &Check) -> String {
    if oracle.checks.len() == 1 { oracle.name.to_string() } else { format!("{}.{}", oracle.name, check.name) }
}

/// The names of all checks in the order in which they are made, as [`Skipped`](crate::Skipped) gives them and
/// [`Driver::use_only_oracle`](crate::Driver::use_only_oracle) takes them.
pub fn check_names() -> impl Iterator<Item = String> {
    checks().map(|(oracle, check)| full_name(oracle, check))
}

/// The full names of the checks for which observables are missing, and which ones.
pub(crate) fn skipped(known: Observables) -> impl Iterator<Item = (String, Observables)> {
    checks()
        .filter(move |(_, check)| !known.include(check.needs))
        .map(move |(oracle, check)| (full_name(oracle, check), check.needs.without(known)))
}

/// Makes of one list of modules the oracles that check each step, in the order in which they are asked, and the names of
/// all oracles. A module's name is the oracle's. One that checks each step has `CHECKS`; one that stands besides is
/// called where what it finds is met, and says in `BY_OPERATION` whether that is grouped by operation.
macro_rules! oracles {
    (each step: $($oracle:ident),+; besides: $($other:ident),+) => {
        /// All oracles that check each step, in the order in which they are asked.
        pub(crate) const ORACLES: &[Oracle] =
            &[$(Oracle { name: stringify!($oracle), checks: $oracle::CHECKS }),+];

        /// Names of all oracles. Those behind the ones that check each step: `validity` is the subject's own recount,
        /// `panic` is what was caught, and `digest` says that the digests of the two sides differ and everything that
        /// they show is equal, which is a fault of the harness.
        pub const ORACLE_NAMES: &[&str] = &[$(stringify!($oracle),)+ $(stringify!($other)),+];

        $(
            /// What the oracle finds, under its name.
            #[cold]
            fn $other(difference: Difference) -> Mismatch {
                difference.of(stringify!($other))
            }
        )+

        /// Whether the mismatches of the oracle of this name are grouped by operation.
        pub(crate) fn is_by_operation(name: &str) -> bool {
            match name {
                $(stringify!($other) => $other::BY_OPERATION,)+
                _ => true,
            }
        }

    };
}

oracles! {
    each step: termination, answer, outcome, identity, mapping, mapcount, refcount, rmap, content, conservation, placement,
        refusal;
    besides: validity, panic, digest
}

/// Makes the checks in their order; the first mismatch counts.
pub(crate) fn check(step: &StepView<'_>, set: OracleSet) -> Result<(), Mismatch> {
    let asked = checks().enumerate().filter(|(index, _)| set.has(*index));
    asked
        .into_iter()
        .try_for_each(|(_, (oracle, check))| (check.find)(step).map_err(|difference| difference.of(oracle.name)))
}

/// Whether the oracle of this name checks each step.
pub(crate) fn is_of_a_step(name: &str) -> bool {
    ORACLES.iter().any(|oracle| oracle.name == name)
}

/// Checks the frames that the subject has shown step by step since the last check.
#[inline]
pub(crate) fn check_frames(owners: &mut Owners) -> Result<(), Mismatch> {
    placement::check_part(owners).map_err(|difference| difference.of("placement"))
}

/// The name of the oracle that costs too much to be asked after each step.
const VALIDITY: &str = "validity";

/// Which oracles a user of the driver wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OracleChoice {
    All,
    AllButRecount,
    Only(String),
}

impl OracleChoice {
    fn includes(&self, oracle: &Oracle, check: &Check) -> bool {
        match self {
            OracleChoice::All | OracleChoice::AllButRecount => true,
            OracleChoice::Only(only) => only == oracle.name || *only == full_name(oracle, check),
        }
    }

    fn includes_recount(&self) -> bool {
        match self {
            OracleChoice::All => true,
            OracleChoice::AllButRecount => false,
            OracleChoice::Only(only) => only == VALIDITY,
        }
    }
}

/// A set of checks, and whether the subject's own recount is asked too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OracleSet(u32);

impl OracleSet {
    const VALIDITY: u32 = 1 << 31;

    /// Those that are chosen and need nothing but what is known of the subject.
    pub(crate) fn of(known: Observables, choice: &OracleChoice) -> OracleSet {
        let able = checks()
            .enumerate()
            .filter(|(_, (oracle, check))| known.include(check.needs) && choice.includes(oracle, check));
        let bits = able.fold(0, |bits, (index, _)| bits | 1 << index);
        OracleSet(if choice.includes_recount() { bits | Self::VALIDITY } else { bits })
    }

    /// Whether the check with this index is among them.
    fn has(self, index: usize) -> bool {
        self.0 >> index & 1 == 1
    }

    /// Without the subject's own recount.
    pub(crate) fn without_validity(self) -> OracleSet {
        OracleSet(self.0 & !Self::VALIDITY)
    }

    /// Whether the subject's own recount is asked.
    pub(crate) fn validity(self) -> bool {
        self.0 & Self::VALIDITY != 0
    }

    /// Whether every check that compares the two sides is made; those that look at frames alone need not be.
    pub(crate) fn has_every_comparison(self) -> bool {
        let mut needed = checks().enumerate().filter(|(_, (_, check))| !check.needs.include(Observables::FRAMES));
        needed.all(|(index, _)| self.has(index))
    }
}

/// How a page of the reference is named in a mismatch: by a place or slot that shows it.
#[cold]
pub(crate) fn name(page: &PageView, step: &StepView<'_>) -> String {
    name_in(page, step.reference)
}

/// How a page of one side is named: by a place or slot of that side that shows it.
#[cold]
pub(crate) fn name_in(page: &PageView, side: &Observation) -> String {
    let shows = |view: &&PlaceView| view.state.page() == Some(page.token);
    if let Some(view) = side.places.iter().find(shows) {
        return format!("the page at {}", view.place);
    }
    let holds = |(_, state): &&(_, SlotState)| state.page() == Some(page.token);
    match side.slots.iter().find(holds) {
        Some((slot, _)) => format!("the page in {slot}"),
        None => match side.rmap(page).first() {
            Some(place) => format!("the page at {place}"),
            None => format!("a page with stamp {} in {} that no entry maps", page.stamp, page.home),
        },
    }
}
