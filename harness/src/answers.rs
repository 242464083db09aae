//! The answers to an operation: what both sides say, and what it may be answered.

use stalemap_operations::{Kind, Operation, Outcome};

/// An operation and its answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answers {
    pub(crate) operation: Operation,
    /// What the reference answers.
    pub(crate) expected: Outcome,
    /// What the subject answers.
    pub(crate) claimed: Outcome,
    /// What the trace says that the answer is.
    pub(crate) written: Option<Outcome>,
}

impl Answers {
    /// Whether both sides give the same answer, which the operation may give and the trace says.
    #[inline]
    pub(crate) fn are_as_expected(&self) -> bool {
        self.expected == self.claimed
            && self.written.is_none_or(|written| written == self.expected)
            && is_permitted(self.operation, self.expected)
    }
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
