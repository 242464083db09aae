//! Mapcount: as many entries map a page as the reference counts.

use stalemap_operations::Observables;

use super::check::Check;
use super::difference::{Difference, differ_in};
use super::step::{StepView, name};
use crate::mismatch::Sense;

pub(super) const CHECKS: &[Check] =
    &[Check { name: "count", needs: Observables::PLACES.and(Observables::MAPCOUNTS), find: check }];

fn check(step: &StepView<'_>) -> Result<(), Difference> {
    for (reference, subject) in step.pages() {
        if reference.mapcount != subject.mapcount {
            let name = name(reference, step);
            let sense = Sense::between(reference.mapcount, subject.mapcount);
            let [expected, actual] =
                [reference, subject].map(|page| format!("{name} is mapped {} times", page.mapcount));
            return differ_in(sense, "count", expected, actual);
        }
    }
    Ok(())
}
