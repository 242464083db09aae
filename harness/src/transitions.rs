//! Transition coverage: which operation met which abstract state of its place or slot, and how it ended.

use stalemap_operations::{BlockSlot, HoldSlot, PinSlot, TransactionSlot};
use stalemap_operations::{Field, Kind, Operation, Outcome, Phase, Place, Slot, SlotState};
use stalemap_reference::{Model, Situation};

/// States of a slot that are told apart: empty, three phases, pin, hold, block whole and split.
const SLOT_STATES: usize = 8;
const STATES: usize = Situation::COUNT + SLOT_STATES;
const CELLS: usize = Kind::COUNT * STATES * Outcome::CLASSES;

/// The set of transitions that were met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transitions {
    met: Vec<u64>,
    count: usize,
}

/// The state before an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before(usize);

impl Default for Transitions {
    fn default() -> Self {
        Transitions { met: vec![0; CELLS.div_ceil(64)], count: 0 }
    }
}

impl Transitions {
    /// Number of transitions that were met.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Adds what another set has met.
    pub fn merge(&mut self, other: &Transitions) {
        for (mine, others) in self.met.iter_mut().zip(&other.met) {
            *mine |= others;
        }
        self.count = self.met.iter().map(|word| word.count_ones() as usize).sum();
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.met.fill(0);
        self.count = 0;
    }

    /// The cells of the matrix operation × state × outcome that were met, by number.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..CELLS).filter(|cell| self.met[cell / 64] >> (cell % 64) & 1 == 1)
    }

    /// Notes a transition; whether it is new.
    #[inline]
    pub(crate) fn insert(&mut self, kind: Kind, Before(state): Before, outcome: Outcome) -> bool {
        let cell = (kind as usize * STATES + state) * Outcome::CLASSES + outcome.class();
        let (word, bit) = (cell / 64, 1 << (cell % 64));
        let new = self.met[word] & bit == 0;
        self.met[word] |= bit;
        self.count += usize::from(new);
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
        let slot = operation.values().iter().find_map(|(field, value)| slot_of(field, value));
        Before(slot.map_or(Situation::UNMAPPED.index(), |slot| Situation::COUNT + state_of(&model.slot(slot))))
    }
}

/// The slot that a field names.
fn slot_of(field: Field, value: u32) -> Option<Slot> {
    match field {
        Field::Transaction => Some(Slot::Transaction(TransactionSlot(value))),
        Field::Pin => Some(Slot::Pin(PinSlot(value))),
        Field::Hold => Some(Slot::Hold(HoldSlot(value))),
        Field::Block => Some(Slot::Block(BlockSlot(value))),
        Field::Space
        | Field::Page
        | Field::Count
        | Field::Destination
        | Field::Access
        | Field::Stamp
        | Field::Device
        | Field::Direction
        | Field::Order
        | Field::Mask => None,
    }
}

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
