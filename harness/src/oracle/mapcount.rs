//! Mapcount: as many entries map a page as the reference counts.

use stalemap_operations::Facts;

use super::{Oracle, Owners, Seen, name, object};
use crate::divergence::Objection;

pub(super) const ORACLE: Oracle = Oracle { name: "mapcount", needs: Facts::PLACES.and(Facts::MAPCOUNTS) };

pub(super) fn judge(seen: &Seen<'_>, _: &mut Owners) -> Result<(), Objection> {
    for (reference, subject) in seen.pages() {
        if reference.mapcount != subject.mapcount {
            let name = name(reference, seen);
            let [expected, actual] =
                [reference, subject].map(|page| format!("{name} is mapped {} times", page.mapcount));
            return object("mapcount", "count", expected, actual);
        }
    }
    Ok(())
}
