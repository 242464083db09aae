//! Refcount: entries, pins, holds and a transaction, as many as the reference counts.

use stalemap_operations::Observables;

use super::{Oracle, Owners, Seen, name, object};
use crate::divergence::Mismatch;

pub(super) const ORACLE: Oracle = Oracle { name: "refcount", needs: Observables::PLACES.and(Observables::REFCOUNTS) };

pub(super) fn judge(seen: &Seen<'_>, _: &mut Owners) -> Result<(), Mismatch> {
    for (reference, subject) in seen.pages() {
        if reference.refcount != subject.refcount {
            let name = name(reference, seen);
            let [expected, actual] =
                [reference, subject].map(|page| format!("{name} has {} references", page.refcount));
            return object("refcount", "count", expected, actual);
        }
    }
    Ok(())
}
