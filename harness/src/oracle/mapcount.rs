//! Mapcount: as many entries map a page as the reference counts.

use stalemap_operations::Observables;

use super::{Oracle, Owners, Seen, name, object};
use crate::divergence::Mismatch;

pub(super) const ORACLE: Oracle = Oracle { name: "mapcount", needs: Observables::PLACES.and(Observables::MAPCOUNTS) };

pub(super) fn judge(seen: &Seen<'_>, _: &mut Owners) -> Result<(), Mismatch> {
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
