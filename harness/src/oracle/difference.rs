//! A difference: what a check finds, before it has the name of its oracle.

use std::borrow::Cow;

use crate::mismatch::{Mismatch, Sense};

/// A difference, which its oracle's name makes a [`Mismatch`].
pub(crate) struct Difference {
    pub(super) fact: Cow<'static, str>,
    pub(super) expected: String,
    pub(super) actual: String,
    pub(super) sense: Sense,
}

impl Difference {
    /// The mismatch of the oracle of this name.
    pub(super) fn of(self, oracle: &'static str) -> Mismatch {
        let Difference { fact, expected, actual, sense } = self;
        Mismatch { oracle, fact, expected, actual, sense }
    }
}

/// Makes a difference that is neither less nor more; apart from the comparison, which runs millions of times a second.
#[cold]
#[inline(never)]
pub(super) fn differ(
    fact: impl Into<Cow<'static, str>>,
    expected: impl Into<String>,
    actual: impl Into<String>,
) -> Result<(), Difference> {
    differ_in(Sense::Other, fact, expected, actual)
}

/// Makes a difference in which the subject has less or more.
#[cold]
#[inline(never)]
pub(super) fn differ_in(
    sense: Sense,
    fact: impl Into<Cow<'static, str>>,
    expected: impl Into<String>,
    actual: impl Into<String>,
) -> Result<(), Difference> {
    Err(Difference { fact: fact.into(), expected: expected.into(), actual: actual.into(), sense })
}
