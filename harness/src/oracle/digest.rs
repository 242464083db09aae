//! Digest: the digests of both sides are equal where no other oracle finds a difference.
//!
//! It finds a fault of the harness, a subject that does not tell all that it touched, or a page that was exchanged for one
//! that looks the same.

use super::differ;
use crate::divergence::Mismatch;

pub(super) const BY_OPERATION: bool = true;

/// The digests of a step, which are asked last.
#[inline]
pub(crate) fn check(are_equal: bool) -> Result<(), Mismatch> {
    if are_equal {
        return Ok(());
    }
    let [expected, actual] = ["equal digests, since all that both sides show is equal", "digests that differ"];
    differ("word", expected, actual).map_err(super::digest)
}
