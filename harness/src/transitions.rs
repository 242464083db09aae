//! Transition coverage: which operation met which abstract state of its place or slot, and how it ended.
//!
//! Transitions are numbered densely from the table: an operation that names a place has a row for each situation of a
//! place, one that names a slot a row for each state of a slot, any other one row; each row has a cell for `ok` and for
//! each refusal that the operation may give.

use stalemap_operations::{Errno, Field, Kind, Operation, Outcome, Phase, Place, SlotState};
use stalemap_reference::{Model, Situation};

/// States of a slot that are told apart.
const SLOT_STATES: [&str; 8] =
    ["empty slot", "collected", "copied", "moved", "pin", "hold", "whole block", "split block"];

/// The first cell of each operation, and behind them the number of all these cells; likewise of the cells of states that only machines
/// with huge pages have. These come last, so that cells keep their numbers.
static FIRST: [[usize; Kind::COUNT + 1]; 2] = {
    let mut first = [[0; Kind::COUNT + 1]; 2];
    let mut part = 0;
    while part < 2 {
        let mut i = 0;
        while i < Kind::COUNT {
            first[part][i + 1] = first[part][i] + states(Kind::ALL[i])[part] * outcomes(Kind::ALL[i]);
            i += 1;
        }
        if part == 0 {
            first[1][0] = first[0][Kind::COUNT];
        }
        part += 1;
    }
    first
};

/// The operation, the state and the number of the outcome of a cell.
fn parts_of(cell: usize) -> (Kind, usize, usize) {
    let part = usize::from(cell >= FIRST[1][0]);
    let index = FIRST[part].partition_point(|&first| first <= cell) - 1;
    let (kind, within) = (Kind::ALL[index], cell - FIRST[part][index]);
    let before = if part > 0 { states(kind)[0] } else { 0 };
    (kind, before + within / outcomes(kind), within % outcomes(kind))
}

/// The cells of an operation, as they are looked for at each step.
#[derive(Clone, Copy)]
struct Cells {
    /// Where the cells of state 0 are, for states of all machines and for those that only machines with huge pages have.
    of_state_0: [usize; 2],
    /// How many there are of each state.
    outcomes: usize,
    /// The number of each class of outcomes ([`Outcome::class`]) in a row of cells: 0 for `ok`, then its refusals.
    /// [`NOT_ALLOWED`] for what the table does not allow.
    in_row: [u8; Outcome::CLASSES],
}

static CELLS: [Cells; Kind::COUNT] = {
    let none = Cells { of_state_0: [0; 2], outcomes: 0, in_row: [NOT_ALLOWED; Outcome::CLASSES] };
    let mut cells = [none; Kind::COUNT];
    let mut i = 0;
    while i < Kind::COUNT {
        let refusals = Kind::ALL[i].row().refusals;
        let outcomes = outcomes(Kind::ALL[i]);
        // The number of a state with huge pages is not counted from the first of these.
        cells[i].of_state_0 = [FIRST[0][i], FIRST[1][i].wrapping_sub(Situation::SMALL * outcomes)];
        cells[i].outcomes = outcomes;
        let (mut index, mut number) = (0, 0);
        cells[i].in_row[0] = number;
        while index < refusals.len() {
            number += 1;
            cells[i].in_row[Outcome::Refused(refusals[index]).class()] = number;
            index += 1;
        }
        i += 1;
    }
    cells
};

/// The number of an outcome that an operation may not have.
const NOT_ALLOWED: u8 = u8::MAX;

/// What an operation is about to meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meets {
    Place,
    Slot,
    Nothing,
}

/// The set of transitions that were met.
#[derive(Clone, Debug)]
pub struct Transitions {
    met: Box<[u64; Self::CELLS.div_ceil(64)]>,
    /// Their cells, in the order in which they were first met.
    cells: Vec<usize>,
}

/// The state before an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before(usize);

/// As sets: the order in which they were met does not count.
impl PartialEq for Transitions {
    fn eq(&self, other: &Self) -> bool {
        self.met == other.met
    }
}

impl Eq for Transitions {}

impl Default for Transitions {
    fn default() -> Self {
        Transitions { met: Box::new([0; Self::CELLS.div_ceil(64)]), cells: Vec::new() }
    }
}

/// Of cells that were met elsewhere; numbers that are no cells are passed over.
impl FromIterator<usize> for Transitions {
    fn from_iter<T: IntoIterator<Item = usize>>(cells: T) -> Self {
        let mut transitions = Transitions::default();
        for cell in cells.into_iter().filter(|&cell| cell < Self::CELLS) {
            transitions.add(cell);
        }
        transitions
    }
}

impl Transitions {
    /// How many there are in the matrix, those included that no sequence of operations can reach.
    pub const CELLS: usize = {
        let mut sum = 0;
        let mut i = 0;
        while i < Kind::COUNT {
            let [small, large] = states(Kind::ALL[i]);
            sum += (small + large) * outcomes(Kind::ALL[i]);
            i += 1;
        }
        sum
    };

    /// Number of transitions that were met.
    #[must_use]
    pub fn count(&self) -> usize {
        self.cells.len()
    }

    /// Adds what another set has met.
    pub fn merge(&mut self, other: &Transitions) {
        for &cell in &other.cells {
            self.add(cell);
        }
    }

    /// Forgets everything; costs what was met.
    pub fn clear(&mut self) {
        for cell in self.cells.drain(..) {
            self.met[cell / 64] = 0;
        }
    }

    /// The cells that were met, each below [`CELLS`](Self::CELLS), in the order in which they were first met.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.cells.iter().copied()
    }

    /// What a cell stands for: the operation, the state that it met, the class of its outcome.
    ///
    /// # Panics
    /// When there is no such cell.
    #[must_use]
    pub fn meaning(cell: usize) -> (Kind, String, &'static str) {
        let (kind, state, outcome) = parts_of(cell);
        let words = match meets(kind) {
            Meets::Place => Situation::all().nth(state).expect("a situation").words(),
            Meets::Slot => SLOT_STATES[state].to_string(),
            Meets::Nothing => "anything".to_string(),
        };
        let errno = outcome.checked_sub(1).map(|index| kind.row().refusals[index]);
        (kind, words, errno.map_or("ok", Errno::name))
    }

    /// The cells whose states are possible ([`can_begin`](Self::can_begin)), in their order.
    pub fn possible() -> impl Iterator<Item = usize> + Clone {
        (0..Self::CELLS).filter(|&cell| Self::can_begin(cell))
    }

    /// Whether only a machine with huge pages has the state of this cell.
    #[must_use]
    pub fn needs_huge_pages(cell: usize) -> bool {
        cell >= FIRST[1][0]
    }

    /// Whether a place can be in the state of this cell, or a slot of the operation's sort.
    ///
    /// # Panics
    /// When there is no such cell.
    #[must_use]
    pub fn can_begin(cell: usize) -> bool {
        let (kind, state, _) = parts_of(cell);
        match meets(kind) {
            Meets::Place => Situation::all().nth(state).expect("a situation").is_possible(),
            Meets::Slot => {
                let slot = kind.row().slot;
                let states =
                    [(Field::Transaction, 1..4), (Field::Pin, 4..5), (Field::Hold, 5..6), (Field::Block, 6..8)];
                state == 0 || states.iter().any(|(sort, states)| slot == Some(*sort) && states.contains(&state))
            }
            Meets::Nothing => true,
        }
    }

    /// Notes a transition to an outcome of this class ([`Outcome::class`]); whether it is new.
    #[inline]
    pub(crate) fn insert(&mut self, kind: Kind, Before(state): Before, class: usize) -> bool {
        let cells = &CELLS[kind as usize];
        let number = cells.in_row[class];
        let of_state_0 = cells.of_state_0[usize::from(state >= Situation::SMALL)];
        // An outcome that the table does not allow is for the oracles to object to.
        number != NOT_ALLOWED && self.add(of_state_0.wrapping_add(state * cells.outcomes + usize::from(number)))
    }

    #[inline]
    fn add(&mut self, cell: usize) -> bool {
        let (word, bit) = (cell / 64, 1 << (cell % 64));
        let new = self.met[word] & bit == 0;
        if new {
            self.met[word] |= bit;
            self.cells.push(cell);
        }
        new
    }
}

impl Before {
    /// The state that an operation is about to meet: of its first place, else of its slot.
    #[inline]
    pub(crate) fn of(operation: &Operation, model: &Model) -> Before {
        if let Some((space, page)) = operation.first_place() {
            return Before(model.situation(Place { space, page }).index());
        }
        Before(operation.slot().map_or(0, |slot| state_of(&model.slot(slot))))
    }
}

/// Rows of an operation, and those that only machines with huge pages have.
const fn states(kind: Kind) -> [usize; 2] {
    match meets(kind) {
        Meets::Place => [Situation::SMALL, Situation::COUNT - Situation::SMALL],
        Meets::Slot => [SLOT_STATES.len(), 0],
        Meets::Nothing => [1, 0],
    }
}

/// Cells in each of them.
const fn outcomes(kind: Kind) -> usize {
    1 + kind.row().refusals.len()
}

const fn meets(kind: Kind) -> Meets {
    let row = kind.row();
    if row.names_place {
        Meets::Place
    } else if row.slot.is_some() {
        Meets::Slot
    } else {
        Meets::Nothing
    }
}

/// The number of a slot's state, an index into [`SLOT_STATES`].
fn state_of(state: &SlotState) -> usize {
    match state {
        SlotState::Empty => 0,
        SlotState::Transaction { phase: Phase::Collected, .. } => 1,
        SlotState::Transaction { phase: Phase::Copied, .. } => 2,
        SlotState::Transaction { phase: Phase::Moved, .. } => 3,
        SlotState::Pin(_) => 4,
        SlotState::Hold(_) => 5,
        SlotState::Block { split: false, .. } => 6,
        SlotState::Block { split: true, .. } => 7,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use stalemap_operations::{Kind, LARGE_FOLIOS, Outcome};

    use super::{Before, Transitions, states};

    #[test]
    fn a_set_is_made_of_the_numbers_of_cells_and_of_no_others() {
        let last = Transitions::CELLS - 1;
        let set: Transitions = [3, last, 3, last + 1, usize::MAX, 0].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [3, last, 0]);
    }

    #[test]
    fn every_cell_means_something_else() {
        let meanings: BTreeSet<_> = (0..Transitions::CELLS).map(Transitions::meaning).collect();
        assert_eq!(meanings.len(), Transitions::CELLS);
        for kind in Kind::ALL {
            let outcomes: BTreeSet<_> = meanings.iter().filter(|it| it.0 == *kind).map(|it| it.2).collect();
            assert_eq!(outcomes.len(), 1 + kind.row().refusals.len(), "{}", kind.row().word);
        }
    }

    #[test]
    fn cells_of_machines_without_huge_pages_come_first_and_keep_their_numbers() {
        let mut cell = 0;
        for kind in Kind::ALL.iter().filter(|kind| kind.row().level < LARGE_FOLIOS) {
            for _ in 0..states(*kind)[0] {
                for outcome in 0..1 + kind.row().refusals.len() {
                    let (it, words, class) = Transitions::meaning(cell);
                    let expected = outcome.checked_sub(1).map_or("ok", |index| kind.row().refusals[index].name());
                    assert_eq!((it, class), (*kind, expected), "{cell}");
                    assert!(!words.contains("large"), "{cell}: {words}");
                    cell += 1;
                }
            }
        }
        assert_eq!(cell, 14_037, "the cells of a store of a campaign are known by number");
        let large = |cell: usize| Transitions::meaning(cell).1.contains("large");
        assert!((0..Transitions::CELLS).all(|cell| large(cell) == Transitions::needs_huge_pages(cell)));
        assert!(
            (cell..Transitions::CELLS)
                .all(|cell| large(cell) || Transitions::meaning(cell).0.row().level == LARGE_FOLIOS)
        );
    }

    #[test]
    fn impossible_states_are_told_from_those_that_a_place_or_slot_can_be_in() {
        let begins = |word: &str, state: &str| {
            let here = |cell: &usize| {
                let (kind, words, outcome) = Transitions::meaning(*cell);
                (kind.row().word, words.as_str(), outcome) == (word, state, "ok")
            };
            Transitions::can_begin((0..Transitions::CELLS).find(here).expect("there is such a cell"))
        };
        for possible in [
            "unmapped",
            "none, migration entry",
            "rw, page in ram, writable, exclusive, pinned",
            "r, page on dev1, exclusive, locked",
        ] {
            assert!(begins("read", possible), "{possible}");
        }
        for impossible in [
            "r, migration entry, writable",
            "rw, page in ram, writable",
            "r, page in ram, writable, exclusive",
            "rw, page in ram, pinned",
            "rw, page on dev0, exclusive, held",
            "rw, page in ram, locked",
            "rw, page on dev0, exclusive, locked",
        ] {
            assert!(!begins("read", impossible), "{impossible}");
        }
        assert!(begins("copy", "collected") && begins("copy", "empty slot") && !begins("copy", "whole block"));
        assert!(begins("free", "split block") && !begins("free", "pin"));
    }

    #[test]
    fn a_cell_is_met_once_and_forgotten_by_clear() {
        let mut all = Transitions::default();
        for &kind in Kind::ALL {
            let outcomes = kind.row().refusals.iter().map(|&errno| Outcome::Refused(errno));
            for (state, outcome) in
                (0..states(kind).iter().sum()).flat_map(|state| outcomes.clone().map(move |it| (state, it)))
            {
                assert!(all.insert(kind, Before(state), outcome.class()));
                assert!(!all.insert(kind, Before(state), outcome.class()));
            }
            assert!(!all.insert(kind, Before(0), Outcome::Stuck.class()));
        }
        let (refusals, count) = (all.clone(), all.count());
        assert!(all.iter().all(|cell| Transitions::meaning(cell).2 != "ok"));
        assert_eq!(count, all.iter().count());
        all.merge(&refusals);
        assert_eq!(all.count(), count);
        let mut merged = Transitions::default();
        assert_ne!(merged, refusals);
        merged.merge(&refusals);
        assert_eq!((merged.count(), &merged), (count, &refusals));
        all.clear();
        assert_eq!((all.count(), &all), (0, &Transitions::default()));
    }
}
