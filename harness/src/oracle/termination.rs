//! Termination: no loop and no walk uses up its fuel.

use stalemap_operations::{Observables, Outcome};

use super::check::Check;
use super::difference::{Difference, differ};
use super::step::StepView;

pub(super) const CHECKS: &[Check] = &[Check { name: "stuck", needs: Observables::NONE, find: check }];

/// The state of a subject that stopped half-way says nothing, so this is asked first.
fn check(step: &StepView<'_>) -> Result<(), Difference> {
    if step.answers.claimed == Outcome::Stuck {
        return differ(
            "fuel",
            format!("{} ends with {}", step.answers.operation, step.answers.expected),
            "it goes on for ever",
        );
    }
    Ok(())
}
