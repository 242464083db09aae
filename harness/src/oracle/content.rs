//! Content: a page holds what was last written to it.

use stalemap_operations::Observables;

use super::{Oracle, Owners, Seen, name, object};
use crate::divergence::Mismatch;

pub(super) const ORACLE: Oracle = Oracle { name: "content", needs: Observables::PLACES.and(Observables::STAMPS) };

pub(super) fn judge(seen: &Seen<'_>, _: &mut Owners) -> Result<(), Mismatch> {
    for (reference, subject) in seen.pages() {
        if reference.stamp != subject.stamp {
            let name = name(reference, seen);
            let [expected, actual] = [reference, subject].map(|page| format!("{name} holds {}", page.stamp));
            return object("content", "stamp", expected, actual);
        }
    }
    Ok(())
}
