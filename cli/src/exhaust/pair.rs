//! Both sides in one state: its digest, and the operations that are worth trying there.

use stalemap_harness::{StateDigest, every_operation, state_digest};
use stalemap_implementation::Implementation;
use stalemap_operations::{Home, Machine, Operation, Subject};
use stalemap_reference::Model;

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

    /// The digest of the state.
    pub(super) fn digest(&self) -> StateDigest {
        let state = self.implementation.complete_state();
        state_digest(&state.world, &state.slots, self.reference.hidden_state())
    }

    /// Every operation that is worth trying here.
    pub(super) fn operations(&self) -> Vec<Operation> {
        let filled = self.implementation.complete_state().slots.into_iter().map(|(slot, _)| slot);
        every_operation(self.implementation.machine(), filled, self.implementation.unused_stamp())
    }
}
