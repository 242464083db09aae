//! Outcome: both sides give the same answer, and it is one that the operation may give.

use stalemap_operations::{Effect, Observables, Outcome};

use super::check::Check;
use super::difference::{Difference, differ, differ_in};
use super::step::StepView;
use crate::answers::is_permitted;
use crate::mismatch::Sense;

pub(super) const CHECKS: &[Check] = &[Check { name: "answer", needs: Observables::NONE, find: check }];

fn check(step: &StepView<'_>) -> Result<(), Difference> {
    let row = step.answers.operation.kind().row();
    if step.answers.expected != step.answers.claimed {
        let (fact, sense) = match (step.answers.expected, step.answers.claimed) {
            (Outcome::Done(expected), Outcome::Done(claimed)) => ("effect", sense(expected, claimed)),
            (Outcome::Done(_), Outcome::Refused(_)) => ("errno", Sense::Less),
            (Outcome::Refused(_), Outcome::Done(_)) => ("errno", Sense::More),
            (Outcome::Done(_) | Outcome::Refused(_) | Outcome::Stuck, _) => ("errno", Sense::Other),
        };
        return differ_in(
            sense,
            fact,
            format!("{} = {}", step.answers.operation, step.answers.expected),
            format!("{} = {}", step.answers.operation, step.answers.claimed),
        );
    }
    if !is_permitted(step.answers.operation.kind(), step.answers.expected) {
        let answer = format!("{} = {}, which both sides answer", step.answers.operation, step.answers.expected);
        return differ("permitted", format!("an answer that {} may give", row.word), answer);
    }
    Ok(())
}

/// The sense in which the first number of an effect differs.
fn sense(expected: Effect, claimed: Effect) -> Sense {
    let numbers = |effect| match effect {
        Effect::Nothing | Effect::Value(_) => [0, 0],
        Effect::Pages(pages) => [pages, 0],
        Effect::PagesFreed { pages, freed } => [pages, freed],
        Effect::Freed(freed) => [0, freed],
    };
    Sense::between(numbers(expected), numbers(claimed))
}
