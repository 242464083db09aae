//! What the model knows and does not show: with what it shows, its complete state.

use alloc::vec::Vec;

use stalemap_operations::{Advice, Slot, TransactionSlot};

use crate::entry::Entry;
use crate::model::Model;
use crate::transaction::{Candidate, What};

/// What is hidden of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiddenState {
    /// The dirty bits of the entries, in the order of their places.
    pub dirty: Vec<bool>,
    /// What was advised of the places, in the same order; empty on a machine without huge pages.
    pub advice: Vec<Option<Advice>>,
    /// Of each open transaction its route, its space and its candidates, as numbers.
    pub transactions: Vec<(Slot, Vec<u64>)>,
}

impl Model {
    /// What is hidden.
    #[must_use]
    pub fn hidden_state(&self) -> HiddenState {
        let dirty = self.places.values().map(|mapped| matches!(mapped.entry, Entry::Maps { dirty: true, .. }));
        let advised = self.places.values().filter(|_| self.machine.huge().is_some());
        let advice = advised.map(|mapped| mapped.advice).collect();
        let transactions = self.transactions.keys().map(|slot| (Slot::Transaction(slot), self.candidates(slot)));
        HiddenState { dirty: dirty.collect(), advice, transactions: transactions.collect() }
    }

    fn candidates(&self, slot: TransactionSlot) -> Vec<u64> {
        let transaction = self.transactions.get(slot).expect("an open slot");
        let space = transaction.space.map_or(u64::MAX, |space| space.0.into());
        let route = u64::from(transaction.route.device().0);
        let mut numbers = alloc::vec![route, space];
        for candidate in &transaction.candidates {
            let (what, detail) = match candidate.what {
                What::Hole(place) => (0, u64::from(place.page.0)),
                What::Filled(_) => (1, 0),
                What::Page(_, home) => (2, home.index() as u64),
            };
            let Candidate { offset, size, frames, is_run, moved, .. } = *candidate;
            numbers.extend([offset.into(), what, detail, u64::from(frames > 0), moved.into()]);
            if size > 1 {
                numbers.extend([u64::from(size), frames.into(), is_run.into()]);
            }
        }
        numbers
    }
}
