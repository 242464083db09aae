//! Conservation: as many frames are free at each home as pages, blocks and transactions leave.

use stalemap_operations::{Home, Observables};

use super::{Check, Difference, StepView, differ_in};
use crate::divergence::Sense;

pub(super) const CHECKS: &[Check] = &[Check { name: "free", needs: Observables::FREE, find: check }];

fn check(step: &StepView<'_>) -> Result<(), Difference> {
    for home in Home::ALL {
        let [expected, actual] = [step.reference, step.subject].map(|side| side.free[home.index()]);
        if expected != actual {
            let sense = Sense::between(expected, actual);
            let [expected, actual] = [expected, actual].map(|free| format!("{free} frames of {home} are free"));
            return differ_in(sense, "free", expected, actual);
        }
    }
    Ok(())
}
