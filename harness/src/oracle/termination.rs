//! Termination: no loop and no walk uses up its fuel.

use stalemap_operations::{Observables, Outcome};

use super::{Difference, StepView, differ};

pub(super) const NEEDS: Observables = Observables::NONE;

/// The state of a subject that stopped half-way says nothing, so this is asked first.
pub(super) fn check(step: &StepView<'_>) -> Result<(), Difference> {
    if step.answers.claimed == Outcome::Stuck {
        return differ(
            "fuel",
            format!("{} ends with {}", step.answers.operation, step.answers.expected),
            "it goes on for ever",
        );
    }
    Ok(())
}
