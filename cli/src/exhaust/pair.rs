//! Both sides in one state: its digest, and the operations that are worth trying there.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use stalemap_harness::every_operation;
use stalemap_implementation::Implementation;
use stalemap_operations::{Home, Machine, Operation, Slot, Subject};
use stalemap_reference::Model;

/// What is the same for two states that differ in names only.
pub(super) type StateDigest = [u8; 16];

/// Both sides in one state.
pub(super) struct Pair {
    implementation: Implementation,
    reference: Model,
}

impl Pair {
    pub(super) fn new(machine: &Machine) -> Pair {
        let capacity = Home::ALL.map(|home| machine.frames(home));
        Pair { implementation: Implementation::new(machine), reference: Model::new(*machine, capacity) }
    }

    pub(super) fn replay(&mut self, operations: &[Operation]) {
        self.implementation.reset();
        self.reference.reset();
        for &operation in operations {
            let claimed = self.implementation.apply(operation);
            self.reference.apply_after(operation, Some(claimed));
        }
    }

    /// The digest of the state. Slots of one sort have no names: what they hold is sorted. What the reference shows
    /// follows from what the implementation shows, with which it agrees.
    pub(super) fn digest(&self) -> StateDigest {
        let state = self.implementation.complete_state();
        let hidden = self.reference.hidden_state();
        let of_reference: BTreeMap<Slot, Vec<u64>> = hidden.transactions.into_iter().collect();
        let sort = |slot: &Slot| match slot {
            Slot::Transaction(_) => 0,
            Slot::Pin(_) => 1,
            Slot::Hold(_) => 2,
            Slot::Block(_) => 3,
        };
        let mut slots: Vec<(u64, &[u64], &[u64])> = state
            .slots
            .iter()
            .map(|(slot, held)| (sort(slot), held.as_slice(), of_reference.get(slot).map_or(&[][..], Vec::as_slice)))
            .collect();
        slots.sort_unstable();
        let mut bytes = Sha256::new();
        let mut add = |numbers: &[u64]| {
            bytes.update((numbers.len() as u64).to_le_bytes());
            numbers.iter().for_each(|number| bytes.update(number.to_le_bytes()));
        };
        add(&state.world);
        add(&hidden.dirty.iter().map(|&dirty| u64::from(dirty)).collect::<Vec<u64>>());
        for (sort, held, hidden) in slots {
            add(&[sort]);
            add(held);
            add(hidden);
        }
        let mut digest = [0; 16];
        digest.copy_from_slice(&bytes.finalize()[..16]);
        digest
    }

    /// Every operation that is worth trying here.
    pub(super) fn operations(&self) -> Vec<Operation> {
        let filled = self.implementation.complete_state().slots.into_iter().map(|(slot, _)| slot);
        every_operation(self.implementation.machine(), filled, self.implementation.unused_stamp())
    }
}
