//! Both sides in one state: its digest, and the operations that are worth trying there.

use stalemap_harness::{
    Build, Compare, Divergence, Driver, StateDigest, Transitions, Watch, enumerate_operations, state_digest,
};
use stalemap_operations::{Explorable, Machine, Operation, Program};
use stalemap_reference::Model;

use super::ExploreError;

/// Leads both sides to one state after the other.
pub(super) struct Guide {
    driver: Driver,
    machine: Machine,
}

impl Guide {
    pub(super) fn new(build: impl Build + 'static, machine: Machine) -> Self {
        Guide { driver: Driver::new(build), machine }
    }

    /// Says to this watch what is run.
    pub(super) fn watched_by(&mut self, watch: Watch) {
        self.driver.watched_by(watch);
    }

    /// Both sides after these operations, each of which was compared, or where they differ.
    ///
    /// # Errors
    /// When the subject cannot be the machine, or when its states cannot be told apart.
    pub(super) fn lead(&mut self, operations: &[Operation]) -> Result<Result<Pair<'_>, Divergence>, ExploreError> {
        let program = Program::new(self.machine, operations.iter().copied());
        let run = self.driver.run(&program, Compare::Touched).map_err(ExploreError::Machine)?;
        if let Some(divergence) = run.divergence {
            return Ok(Err(divergence));
        }
        let (subject, reference) = self.driver.sides(&self.machine).ok_or(ExploreError::TooLarge)?;
        let subject = subject.explorable().ok_or(ExploreError::NoStates)?;
        Ok(Ok(Pair { subject, reference }))
    }

    /// What was met on the way.
    pub(super) fn transitions(&self) -> &Transitions {
        self.driver.transitions()
    }
}

/// Both sides in one state.
pub(super) struct Pair<'a> {
    subject: &'a dyn Explorable,
    reference: &'a Model,
}

impl Pair<'_> {
    /// The digest of the state.
    pub(super) fn digest(&self) -> StateDigest {
        let state = self.subject.complete_state();
        state_digest(&state.world, &state.slots, self.reference.hidden_state())
    }

    /// Every operation that the subject can do and that is worth trying here.
    pub(super) fn operations(&self) -> Vec<Operation> {
        let able = self.subject.capabilities().operations;
        let filled = self.subject.complete_state().slots.into_iter().map(|(slot, _)| slot);
        let mut operations = enumerate_operations(self.subject.machine(), filled, self.subject.unused_stamp());
        operations.retain(|operation| able.contains(operation.kind()));
        operations
    }
}
