//! Panic: neither side panics, neither while it is built or reset nor while it is asked for anything.

use super::difference::Difference;
use crate::mismatch::{Sense, slug};

/// The fact is what the panic says: the operation that came last says little of it.
pub(super) const BY_OPERATION: bool = false;

/// A panic that was caught, of the side that is called so.
#[cold]
pub(super) fn difference(side: &str, message: &str) -> Difference {
    Difference {
        fact: slug(&format!("{side} {message}")).into(),
        expected: "an answer".to_string(),
        actual: format!("panic: {message}"),
        sense: Sense::Other,
    }
}
