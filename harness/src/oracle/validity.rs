//! Validity: the subject's own recount balances.

use stalemap_operations::Subject;

use super::differ;
use crate::divergence::{Mismatch, slug};

pub(crate) const NAME: &str = "validity";

/// The fact is what the recount says, so that one fault has one name wherever it shows.
pub(crate) fn check(subject: &impl Subject) -> Result<(), Mismatch> {
    match subject.validate() {
        Ok(()) => Ok(()),
        Err(sentence) => {
            let fact = slug(&sentence);
            differ(fact, "the subject's own recount balances", sentence).map_err(|difference| difference.of(NAME))
        }
    }
}
