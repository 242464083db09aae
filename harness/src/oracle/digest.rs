//! Digest: the digests of both sides are equal where no other oracle finds a difference.
//!
//! It finds a fault of the harness, a subject that does not tell all that it touched, or a page that was exchanged for one
//! that looks the same.

use super::difference::{Difference, differ};

pub(super) const BY_OPERATION: bool = true;

/// Whether the digests of a step are equal.
#[inline]
pub(super) fn check(are_equal: bool) -> Result<(), Difference> {
    if are_equal {
        return Ok(());
    }
    let [expected, actual] = ["equal digests, since all that both sides show is equal", "digests that differ"];
    differ("word", expected, actual)
}
