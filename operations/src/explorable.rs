//! Complete states: what a subject shows of itself so that its states can be explored one by one.

use alloc::vec::Vec;

use crate::observation::Slot;
use crate::operand::Stamp;
use crate::subject::Subject;

/// All that can make a difference to what a subject does next, as numbers.
///
/// Names without meaning are replaced by the order of their first appearance, stamps other than 0 among them. Two subjects
/// with equal numbers answer and show the same for ever, up to such names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompleteState {
    /// Everything but the slots.
    pub world: Vec<u64>,
    /// What each slot that is not empty holds, in the order of [`Slot::all`].
    pub slots: Vec<(Slot, Vec<u64>)>,
}

/// A subject whose states can be told apart, private state included.
pub trait Explorable: Subject {
    /// The complete state.
    fn complete_state(&self) -> CompleteState;

    /// A stamp other than 0 that is in no frame, free ones included; 255 where all are taken.
    fn unused_stamp(&self) -> Stamp;
}
