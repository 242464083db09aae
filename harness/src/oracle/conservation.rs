//! Conservation: as many frames are free at each home as pages, blocks and transactions leave.

use stalemap_operations::{Home, Observables};

use super::{Oracle, Owners, Seen, object};
use crate::divergence::Mismatch;

pub(super) const ORACLE: Oracle = Oracle { name: "conservation", needs: Observables::FREE };

pub(super) fn judge(seen: &Seen<'_>, _: &mut Owners) -> Result<(), Mismatch> {
    for home in Home::ALL {
        let [expected, actual] = [seen.reference, seen.subject].map(|side| side.free[home.index()]);
        if expected != actual {
            let [expected, actual] = [expected, actual].map(|free| format!("{free} frames of {home} are free"));
            return object("conservation", "free", expected, actual);
        }
    }
    Ok(())
}
