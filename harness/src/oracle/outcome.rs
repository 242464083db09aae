//! Outcome: both sides give the same answer, and it is one that the operation may give.

use stalemap_operations::{Effect, Kind, Observables, Operation, Outcome};

use super::{Check, Difference, StepView, differ, differ_in};
use crate::divergence::Sense;

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
    if !is_permitted(step.answers.operation, step.answers.expected) {
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

/// Whether the operation's row has this answer.
#[inline]
pub(crate) fn is_permitted(operation: Operation, answer: Outcome) -> bool {
    let kind = operation.kind();
    match answer {
        Outcome::Done(effect) => effect.shape() == kind.row().effect,
        Outcome::Refused(errno) => REFUSALS[kind as usize] >> errno as u16 & 1 == 1,
        Outcome::Stuck => false,
    }
}

/// The refusals that each operation may give, a bit for each errno.
static REFUSALS: [u16; Kind::COUNT] = {
    let mut refusals = [0; Kind::COUNT];
    let mut kind = 0;
    while kind < Kind::COUNT {
        let mut index = 0;
        let of_kind = Kind::ALL[kind].row().refusals;
        while index < of_kind.len() {
            refusals[kind] |= 1 << of_kind[index] as u16;
            index += 1;
        }
        kind += 1;
    }
    refusals
};

#[cfg(test)]
mod tests {
    use super::is_permitted;
    use stalemap_operations::{Effect, Errno, Kind, Machine, Operation, Outcome, Stamp};

    #[test]
    fn an_operation_may_answer_what_is_in_its_row_and_nothing_else() {
        for &kind in Kind::ALL {
            let row = kind.row();
            let lowest: Vec<u32> = row.fields.iter().map(|field| field.lowest()).collect();
            let operation = Operation::new(kind, &lowest, &Machine::DEFAULT).expect("the lowest of each field");
            assert!(!is_permitted(operation, Outcome::Stuck), "{operation}");
            for errno in Errno::ALL {
                let is_in_row = row.refusals.contains(&errno);
                assert_eq!(is_permitted(operation, Outcome::Refused(errno)), is_in_row, "{operation} = {errno}");
            }
            let freed = Effect::PagesFreed { pages: 1, freed: 1 };
            for effect in [Effect::Nothing, Effect::Value(Stamp(1)), Effect::Freed(1), Effect::Pages(1), freed] {
                let is_in_row = effect.shape() == row.effect;
                assert_eq!(is_permitted(operation, Outcome::Done(effect)), is_in_row, "{operation} = {effect:?}");
            }
        }
    }
}
