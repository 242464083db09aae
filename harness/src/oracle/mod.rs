//! The oracles: each looks at one kind of fact and finds where the two sides differ.
//!
//! They are asked in the order of the list, and the first mismatch is the divergence. An oracle is made of checks, each of
//! which names the observables that it needs; one that the subject shows too little for is skipped. To add an oracle: a
//! file here, a line in the list.

mod answer;
mod check;
mod conservation;
mod content;
mod difference;
mod digest;
mod folio;
mod identity;
mod mapcount;
mod mapping;
mod outcome;
pub(crate) mod owners;
mod panic;
mod placement;
mod refcount;
mod refusal;
mod rmap;
pub(crate) mod step;
mod termination;
mod validity;

use stalemap_operations::{Observables, Subject};

use crate::mismatch::Mismatch;
use check::{Check, Oracle};
use difference::Difference;
use owners::Owners;
use step::StepView;

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
    each step: termination, answer, outcome, identity, mapping, folio, mapcount, refcount, rmap, content, conservation,
        placement, refusal;
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

/// Checks the digests of a step, which are asked last.
#[inline]
pub(crate) fn check_digests(are_equal: bool) -> Result<(), Mismatch> {
    digest::check(are_equal).map_err(digest)
}

/// Asks the subject for its own recount.
pub(crate) fn check_recount(subject: &impl Subject) -> Result<(), Mismatch> {
    validity::check(subject).map_err(validity)
}

/// What a caught panic comes to, of the side that is called so.
#[cold]
pub(crate) fn panicked(side: &str, message: &str) -> Mismatch {
    panic(panic::difference(side, message))
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
    const EVERY_COMPARISON: u32 = 1 << 30;

    /// Those that are chosen and need nothing but what is known of the subject.
    pub(crate) fn of(known: Observables, choice: &OracleChoice) -> OracleSet {
        let able = checks()
            .enumerate()
            .filter(|(_, (oracle, check))| known.include(check.needs) && choice.includes(oracle, check));
        let bits = able.fold(0, |bits, (index, _)| bits | 1 << index);
        let mut comparing = checks().enumerate().filter(|(_, (_, check))| !check.needs.include(Observables::FRAMES));
        let is_every = comparing.all(|(index, _)| bits >> index & 1 == 1);
        let more = [(Self::EVERY_COMPARISON, is_every), (Self::VALIDITY, choice.includes_recount())];
        OracleSet(more.into_iter().fold(bits, |bits, (bit, is_set)| if is_set { bits | bit } else { bits }))
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
        self.0 & Self::EVERY_COMPARISON != 0
    }
}
