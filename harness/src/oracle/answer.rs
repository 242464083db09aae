//! Answer: the reference answers what the trace says.

use stalemap_operations::Observables;

use super::check::Check;
use super::difference::{Difference, differ};
use super::step::StepView;

pub(super) const CHECKS: &[Check] = &[Check { name: "written", needs: Observables::NONE, find: check }];

fn check(step: &StepView<'_>) -> Result<(), Difference> {
    let (operation, expected) = (step.answers.operation, step.answers.expected);
    match step.answers.written {
        Some(written) if written != expected => differ(
            "written",
            format!("{operation} = {written}, as is written"),
            format!("{operation} = {expected}, as the reference answers"),
        ),
        Some(_) | None => Ok(()),
    }
}
