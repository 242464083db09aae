//! Conservation: as many frames are free at each home as pages, blocks and transactions leave.

use stalemap_operations::{Home, Observables};

use super::check::Check;
use super::difference::{Difference, differ_in};
use super::step::StepView;
use crate::mismatch::Sense;

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
