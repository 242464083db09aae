//! Both sides in one state: its digest, and the operations that are worth trying there.

use stalemap_harness::{
    Build, Compare, Divergence, Driver, ReferenceState, StateDigest, Transitions, Watch, enumerate_operations,
    state_digest,
};
use stalemap_operations::{Machine, Operation, Program, Slot, Stamp, Subject};
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

    /// Whether it pays to say ahead where it is led.
    pub(super) fn looks_ahead(&self) -> bool {
        self.driver.looks_ahead()
    }

    /// Says ahead where it is led, where that pays.
    ///
    /// # Errors
    /// When the subject cannot be driven at all.
    pub(super) fn look_ahead<'a>(&self, ways: impl IntoIterator<Item = &'a [Operation]>) -> Result<(), ExploreError> {
        if !self.looks_ahead() {
            return Ok(());
        }
        let programs: Vec<_> = ways.into_iter().map(|way| Program::new(self.machine, way.iter().copied())).collect();
        self.driver.look_ahead(&programs).map_err(ExploreError::Machine)
    }

    /// Both sides after these operations, each of which was compared, or where they differ.
    ///
    /// # Errors
    /// When the subject cannot be the machine.
    pub(super) fn lead(&mut self, operations: &[Operation]) -> Result<Result<Pair<'_>, Divergence>, ExploreError> {
        let program = Program::new(self.machine, operations.iter().copied());
        let run = self.driver.run(&program, Compare::Touched).map_err(ExploreError::Machine)?;
        if let Some(divergence) = run.divergence {
            return Ok(Err(divergence));
        }
        let (subject, reference) = self.driver.sides(&self.machine).ok_or(ExploreError::TooLarge)?;
        Ok(Ok(Pair { subject, reference }))
    }

    /// What was met on the way.
    pub(super) fn transitions(&self) -> &Transitions {
        self.driver.transitions()
    }
}

/// Both sides in one state.
pub(super) struct Pair<'a> {
    subject: &'a dyn Subject,
    reference: &'a Model,
}

impl Pair<'_> {
    /// Whether the subject's states are told apart by more than what the reference shows and hides.
    pub(super) fn has_complete_states(&self) -> bool {
        self.subject.explorable().is_some()
    }

    /// The digest of the state.
    pub(super) fn digest(&self) -> StateDigest {
        match self.subject.explorable() {
            Some(subject) => {
                let state = subject.complete_state();
                state_digest(&state.world, &state.slots, self.reference.hidden_state())
            }
            None => ReferenceState::of(self.reference).digest(),
        }
    }

    /// Every operation that the subject can do and that is worth trying here.
    pub(super) fn operations(&self) -> Vec<Operation> {
        let able = self.subject.capabilities().operations;
        let (filled, stamp) = self.names();
        let mut operations = enumerate_operations(self.subject.machine(), filled, stamp);
        operations.retain(|operation| able.contains(operation.kind()));
        operations
    }

    /// The slots that are not empty, and a stamp that is nowhere.
    fn names(&self) -> (Vec<Slot>, Stamp) {
        match self.subject.explorable() {
            Some(subject) => {
                let filled = subject.complete_state().slots.into_iter().map(|(slot, _)| slot);
                (filled.collect(), subject.unused_stamp())
            }
            None => {
                let state = ReferenceState::of(self.reference);
                (state.filled_slots().collect(), state.unused_stamp())
            }
        }
    }
}
