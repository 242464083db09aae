//! Refcount: entries, pins, holds and a transaction, as many as the reference counts.

use stalemap_operations::Observables;

use super::check::Check;
use super::difference::{Difference, differ_in};
use super::step::{StepView, name};
use crate::mismatch::Sense;

pub(super) const CHECKS: &[Check] =
    &[Check { name: "count", needs: Observables::PLACES.and(Observables::REFCOUNTS), find: check }];

fn check(step: &StepView<'_>) -> Result<(), Difference> {
    for (reference, subject) in step.pages() {
        if reference.refcount != subject.refcount {
            let name = name(reference, step);
            let sense = Sense::between(reference.refcount, subject.refcount);
            let [expected, actual] =
                [reference, subject].map(|page| format!("{name} has {} references", page.refcount));
            return differ_in(sense, "count", expected, actual);
        }
    }
    Ok(())
}
