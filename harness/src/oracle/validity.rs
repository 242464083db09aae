//! Validity: the subject's own recount balances.

use stalemap_operations::Subject;

use super::differ;
use crate::divergence::{Mismatch, slug};

/// The fact is what the recount says, so that one fault has one name wherever it shows.
pub(super) const BY_OPERATION: bool = false;

pub(crate) fn check(subject: &impl Subject) -> Result<(), Mismatch> {
    subject.validate().or_else(|sentence| {
        let fact = slug(&sentence);
        differ(fact, "the subject's own recount balances", sentence).map_err(super::validity)
    })
}
