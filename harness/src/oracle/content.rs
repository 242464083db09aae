//! Content: a page holds what was last written to it.

use stalemap_operations::Facts;

use super::{Oracle, Owners, Seen, name, object};
use crate::divergence::Objection;

pub(super) const ORACLE: Oracle = Oracle { name: "content", needs: Facts::PLACES.and(Facts::STAMPS) };

pub(super) fn judge(seen: &Seen<'_>, _: &mut Owners) -> Result<(), Objection> {
    for (reference, subject) in seen.pages() {
        if reference.stamp != subject.stamp {
            let name = name(reference, seen);
            let [expected, actual] = [reference, subject].map(|page| format!("{name} holds {}", page.stamp));
            return object("content", "stamp", expected, actual);
        }
    }
    Ok(())
}
