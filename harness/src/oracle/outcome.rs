//! Outcome: both sides give the same answer, and it is one that the operation may give.

use stalemap_operations::{Observables, Outcome};

use super::{Oracle, Owners, Seen, object};
use crate::divergence::Mismatch;

pub(super) const ORACLE: Oracle = Oracle { name: "outcome", needs: Observables::NONE };

pub(super) fn judge(seen: &Seen<'_>, _: &mut Owners) -> Result<(), Mismatch> {
    let row = seen.operation.kind().row();
    if seen.expected != seen.claimed {
        let fact = match (seen.expected, seen.claimed) {
            (Outcome::Done(_), Outcome::Done(_)) => "effect",
            (Outcome::Done(_) | Outcome::Refused(_) | Outcome::Stuck, _) => "errno",
        };
        return object(
            "outcome",
            fact,
            format!("{} = {}", seen.operation, seen.expected),
            format!("{} = {}", seen.operation, seen.claimed),
        );
    }
    let permitted = match seen.expected {
        Outcome::Done(effect) => effect.shape() == row.effect,
        Outcome::Refused(errno) => row.refusals.contains(&errno),
        Outcome::Stuck => false,
    };
    if !permitted {
        let answer = format!("{} = {}, which both sides answer", seen.operation, seen.expected);
        return object("outcome", "permitted", format!("an answer that {} may give", row.word), answer);
    }
    Ok(())
}
