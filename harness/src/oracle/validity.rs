//! Validity: the subject's own recount balances.

use stalemap_operations::Subject;

use super::difference::{Difference, differ};
use crate::mismatch::slug;

/// The fact is what the recount says, so that one fault has one name wherever it shows.
pub(super) const BY_OPERATION: bool = false;

pub(super) fn check(subject: &impl Subject) -> Result<(), Difference> {
    subject.validate().or_else(|sentence| {
        let fact = slug(&sentence);
        differ(fact, "the subject's own recount balances", sentence)
    })
}
