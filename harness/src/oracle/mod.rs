//! The oracles: each looks at one kind of fact and objects where the two sides differ.
//!
//! They are asked in a fixed order, and the first mismatch is the divergence. An oracle that needs facts which the
//! subject cannot show is skipped. To add one: a file here, its name in the list.

mod conservation;
mod content;
mod mapcount;
mod mapping;
mod outcome;
mod placement;
mod refcount;
mod refusal;
mod rmap;
mod termination;
pub(crate) mod validity;

use stalemap_operations::{Machine, Observables, Observation, Operation, Outcome, PageView, PlaceView, SlotState};

use crate::divergence::Mismatch;

pub(crate) use mapping::both as both_places;
pub(crate) use placement::Owners;

/// One step as the oracles see it.
pub(crate) struct Seen<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) operation: Operation,
    /// What the reference answers.
    pub(crate) expected: Outcome,
    /// What the subject answers.
    pub(crate) claimed: Outcome,
    /// Whether everything was looked at, or only what was touched.
    pub(crate) everything: bool,
    pub(crate) reference: &'a Observation,
    pub(crate) subject: &'a Observation,
    /// The pages that both sides show, by their places in what was seen.
    pub(crate) pairs: &'a [(usize, usize)],
    /// Pages that ended in this step or that one side shows and the other does not, found while binding.
    pub(crate) clash: Option<&'a Mismatch>,
}

impl<'a> Seen<'a> {
    /// The pages that both sides show.
    pub(crate) fn pages(&self) -> impl Iterator<Item = (&'a PageView, &'a PageView)> {
        self.pairs.iter().map(|&(mine, other)| (&self.reference.pages[mine], &self.subject.pages[other]))
    }
}

/// An oracle.
pub(crate) struct Oracle {
    /// Its name, the first word of a signature.
    pub(crate) name: &'static str,
    /// What it must be able to see.
    pub(crate) needs: Observables,
}

/// Lists the oracles that judge a step, in the order in which they are asked.
macro_rules! oracles {
    ($($oracle:ident),+) => {
        /// All oracles that judge a step, in the order in which they are asked.
        pub(crate) const ORACLES: &[Oracle] = &[$($oracle::ORACLE),+];

        /// Asks the oracles in their order; the first mismatch counts.
        #[inline]
        pub(crate) fn judge(seen: &Seen<'_>, owners: &mut Owners, OracleSet(asked): OracleSet) -> Result<(), Mismatch> {
            // One after the other by name and not through a table: most of them have nothing to look at.
            let mut bit = 1;
            $(
                if asked & bit != 0 {
                    $oracle::judge(seen, owners)?;
                }
                bit <<= 1;
            )+
            debug_assert_eq!(bit, OracleSet::VALIDITY, "a bit for each");
            Ok(())
        }
    };
}

oracles!(termination, outcome, mapping, mapcount, refcount, rmap, content, conservation, placement, refusal);

/// Names of all oracles, those included that do not judge a step: `validity` asks the subject itself at the end of a
/// trace, `panic` is what was caught.
pub const ORACLE_NAMES: &[&str] = &[
    "termination",
    "outcome",
    "mapping",
    "mapcount",
    "refcount",
    "rmap",
    "content",
    "conservation",
    "placement",
    "refusal",
    "validity",
    "panic",
];

/// Which oracles somebody wants to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OracleChoice {
    All,
    AllButRecount,
    Only(String),
}

impl OracleChoice {
    fn includes(&self, name: &str) -> bool {
        match self {
            OracleChoice::All => true,
            OracleChoice::AllButRecount => name != validity::NAME,
            OracleChoice::Only(only) => name == only,
        }
    }
}

/// Which oracles are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OracleSet(u16);

impl OracleSet {
    const VALIDITY: u16 = 1 << ORACLES.len();

    /// Those that are wanted and can see what they need.
    pub(crate) fn of(facts: Observables, wanted: &OracleChoice) -> OracleSet {
        let able = ORACLES
            .iter()
            .enumerate()
            .filter(|(_, oracle)| facts.include(oracle.needs) && wanted.includes(oracle.name));
        let bits = able.fold(0, |bits, (index, _)| bits | 1 << index);
        OracleSet(if wanted.includes(validity::NAME) { bits | Self::VALIDITY } else { bits })
    }

    pub(crate) fn without_validity(self) -> OracleSet {
        OracleSet(self.0 & !Self::VALIDITY)
    }

    pub(crate) fn validity(self) -> bool {
        self.0 & Self::VALIDITY != 0
    }
}

/// Makes an mismatch; apart from the comparison, which runs millions of times a second.
#[cold]
#[inline(never)]
pub(crate) fn object(
    oracle: &'static str,
    fact: &'static str,
    expected: impl Into<String>,
    actual: impl Into<String>,
) -> Result<(), Mismatch> {
    Err(Mismatch { oracle, fact, expected: expected.into(), actual: actual.into() })
}

/// How a page is named in an mismatch: by a place or slot that shows it.
#[cold]
pub(crate) fn name(page: &PageView, seen: &Seen<'_>) -> String {
    let shows = |view: &&PlaceView| view.state.page() == Some(page.token);
    if let Some(view) = seen.reference.places.iter().find(shows) {
        return format!("the page at {}", view.place);
    }
    let holds = |(_, state): &&(_, SlotState)| state.page() == Some(page.token);
    match seen.reference.slots.iter().find(holds) {
        Some((slot, _)) => format!("the page in {slot}"),
        None => match seen.reference.rmap(page).first() {
            Some(place) => format!("the page at {place}"),
            None => "a page that nobody maps".to_string(),
        },
    }
}
