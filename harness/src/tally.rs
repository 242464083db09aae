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
        self.count_class(kind, outcome.class());
    }

    /// Counts so many answers of this class ([`Outcome::class`]), which another run has counted.
    ///
    /// # Panics
    /// When there is no such class.
    pub fn add(&mut self, kind: Kind, class: usize, count: u64) {
        self.counts[kind as usize][class] += count;
    }

    /// Counts one answer of this class ([`Outcome::class`]).
    #[inline]
    pub(crate) fn count_class(&mut self, kind: Kind, class: usize) {
        self.counts[kind as usize][class] += 1;
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

#[cfg(test)]
mod tests {
    use super::Tally;
    use stalemap_operations::{Effect, Errno, Kind, Outcome};

    #[test]
    fn what_is_counted_is_added_up_and_what_never_came_is_named() {
        let (done, refused) = (Outcome::Done(Effect::Nothing), Outcome::Refused(Errno::EEXIST));
        let [mut one, mut other] = [Tally::default(), Tally::default()];
        one.count(Kind::Map, done);
        one.count(Kind::Map, refused);
        other.count(Kind::Map, done);
        other.count(Kind::Unmap, done);
        one.merge(&other);
        assert_eq!((one.of(Kind::Map, done.class()), one.of(Kind::Map, refused.class())), (2, 1));
        assert_eq!((one.of(Kind::Unmap, done.class()), one.operations()), (1, 4));
        assert_eq!(other.operations(), 2);
        let missing = one.never_met([Kind::Map]);
        let refusals = Kind::Map.row().refusals.iter().filter(|&&errno| errno != Errno::EEXIST);
        let expected: Vec<_> = refusals.map(|errno| (Kind::Map, errno.name())).collect();
        assert_eq!(missing, expected);
        let never = Tally::default().never_met([Kind::Map]);
        assert_eq!(never.len(), Kind::Map.row().refusals.len() + 1);
        assert_eq!(never[0], (Kind::Map, "ok"));
        one.add(Kind::Map, done.class(), 5);
        one.add(Kind::Map, done.class(), 2);
        assert_eq!((one.of(Kind::Map, done.class()), one.operations()), (9, 11));
        one.clear();
        assert_eq!(one, Tally::default());
    }
}
