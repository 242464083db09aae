//! Termination: no loop and no walk uses up its fuel.

use stalemap_operations::{Observables, Outcome};

use super::{Oracle, Owners, Seen, object};
use crate::divergence::Mismatch;

pub(super) const ORACLE: Oracle = Oracle { name: "termination", needs: Observables::NONE };

/// The state of a subject that stopped half-way says nothing, so this is asked first.
pub(super) fn judge(seen: &Seen<'_>, _: &mut Owners) -> Result<(), Mismatch> {
    if seen.claimed == Outcome::Stuck {
        return object(
            "termination",
            "fuel",
            format!("{} ends with {}", seen.operation, seen.expected),
            "it goes on for ever",
        );
    }
    Ok(())
}
