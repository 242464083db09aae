//! The answers to an operation: what both sides say, and what it may be answered.

use stalemap_operations::{Home, Kind, Operation, Outcome};

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
    /// Homes where the subject has found no run of frames for a large folio, though enough were free; by [`Home::index`].
    pub(crate) refused_runs: [bool; Home::LIMIT],
}

/// Whether both sides give the same answer, which the operation may give and the trace says.
#[inline(always)]
pub(crate) fn are_as_expected(kind: Kind, expected: Outcome, claimed: Outcome, written: Option<Outcome>) -> bool {
    expected == claimed && written.is_none_or(|written| written == expected) && is_permitted(kind, expected)
}

/// Whether the operation's row has this answer.
#[inline(always)]
pub(crate) fn is_permitted(kind: Kind, answer: Outcome) -> bool {
    let bit = match answer {
        Outcome::Done(effect) => DONE + effect.shape() as u32,
        Outcome::Refused(errno) => errno as u32,
        Outcome::Stuck => return false,
    };
    PERMITTED[kind as usize] >> bit & 1 == 1
}

/// The bit of the first shape of an effect; those before it are of errnos.
const DONE: u32 = 16;

/// What each operation may answer, a bit for each errno and for each shape of an effect.
static PERMITTED: [u32; Kind::COUNT] = {
    let mut permitted = [0; Kind::COUNT];
    let mut kind = 0;
    while kind < Kind::COUNT {
        let row = Kind::ALL[kind].row();
        permitted[kind] = 1 << (DONE + row.effect as u32);
        let mut index = 0;
        while index < row.refusals.len() {
            permitted[kind] |= 1 << row.refusals[index] as u32;
            index += 1;
        }
        kind += 1;
    }
    permitted
};

#[cfg(test)]
mod tests {
    use super::is_permitted;
    use stalemap_operations::{Effect, Errno, Kind, Outcome, Stamp};

    #[test]
    fn an_operation_may_answer_what_is_in_its_row_and_nothing_else() {
        for &kind in Kind::ALL {
            let row = kind.row();
            assert!(!is_permitted(kind, Outcome::Stuck), "{}", row.word);
            for errno in Errno::ALL {
                let is_in_row = row.refusals.contains(&errno);
                assert_eq!(is_permitted(kind, Outcome::Refused(errno)), is_in_row, "{} = {errno}", row.word);
            }
            let freed = Effect::PagesFreed { pages: 1, freed: 1 };
            for effect in [Effect::Nothing, Effect::Value(Stamp(1)), Effect::Freed(1), Effect::Pages(1), freed] {
                let is_in_row = effect.shape() == row.effect;
                assert_eq!(is_permitted(kind, Outcome::Done(effect)), is_in_row, "{} = {effect:?}", row.word);
            }
        }
    }
}
