//! The tally: how often which operation had which outcome.

use stalemap_operations::{Errno, Kind, Outcome};

/// Operation × class of outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    counts: [[u64; Outcome::CLASSES]; Kind::COUNT],
}

impl Default for Tally {
    fn default() -> Self {
        Tally { counts: [[0; Outcome::CLASSES]; Kind::COUNT] }
    }
}

impl Tally {
    /// Counts one answer.
    #[inline]
    pub fn count(&mut self, kind: Kind, outcome: Outcome) {
        self.counts[kind as usize][outcome.class()] += 1;
    }

    /// Back to zero.
    pub fn clear(&mut self) {
        self.counts.as_flattened_mut().fill(0);
    }

    /// Adds what another tally counted.
    pub fn merge(&mut self, other: &Tally) {
        for (mine, others) in self.counts.iter_mut().flatten().zip(other.counts.iter().flatten()) {
            *mine += others;
        }
    }

    /// How often the operation had this class of outcome ([`Outcome::class`]).
    #[must_use]
    pub fn of(&self, kind: Kind, class: usize) -> u64 {
        self.counts[kind as usize][class]
    }

    /// All operations that were counted.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    /// The outcomes that an operation may have and never had, as kind and class name, among these kinds.
    pub fn never_met(&self, kinds: impl IntoIterator<Item = Kind>) -> Vec<(Kind, &'static str)> {
        let mut missing = Vec::new();
        for kind in kinds {
            let classes = [0].into_iter().chain(kind.row().refusals.iter().map(|&errno| class_of(errno)));
            let never = classes.filter(|&class| self.of(kind, class) == 0);
            missing.extend(never.map(|class| (kind, Outcome::class_name(class))));
        }
        missing
    }
}

fn class_of(errno: Errno) -> usize {
    Outcome::Refused(errno).class()
}
