//! Content: a page holds what was last written to it.

use stalemap_operations::Observables;

use super::check::Check;
use super::difference::{Difference, differ};
use super::step::{StepView, name};

pub(super) const CHECKS: &[Check] =
    &[Check { name: "stamp", needs: Observables::PLACES.and(Observables::STAMPS), find: check }];

fn check(step: &StepView<'_>) -> Result<(), Difference> {
    for (reference, subject) in step.pages() {
        if reference.stamp != subject.stamp {
            let name = name(reference, step);
            let [expected, actual] = [reference, subject].map(|page| format!("{name} holds {}", page.stamp));
            return differ("stamp", expected, actual);
        }
    }
    Ok(())
}
