//! Both sides in one state: its digest, and the operations that are worth trying there.

use anyhow::{Context, Result, anyhow};
use stalemap_harness::{Compare, Divergence, Driver, StateDigest, Transitions, enumerate_operations, state_digest};
use stalemap_implementation::Implementation;
use stalemap_operations::{Machine, Operation, Program, Subject};
use stalemap_reference::Model;

use crate::subject::{self, BuildImplementation};

/// Leads both sides to one state after the other.
pub(super) struct Guide {
    driver: Driver<BuildImplementation>,
    machine: Machine,
}

impl Guide {
    pub(super) fn new(machine: Machine) -> Guide {
        Guide { driver: subject::driver(), machine }
    }

    /// Both sides after these operations, each of them judged, or where they differ.
    ///
    /// # Errors
    /// When the machine is too large for its states to be told apart.
    pub(super) fn lead(&mut self, operations: &[Operation]) -> Result<Result<Pair<'_>, Divergence>> {
        let program = Program::new(self.machine, operations.iter().copied());
        let run = self.driver.run(&program, Compare::Touched).map_err(|it| anyhow!(it))?;
        if let Some(divergence) = run.divergence {
            return Ok(Err(divergence));
        }
        let (implementation, reference) =
            self.driver.sides(&self.machine).context("the machine is too large to be exhausted")?;
        Ok(Ok(Pair { implementation, reference }))
    }

    /// What was met on the way.
    pub(super) fn transitions(&self) -> &Transitions {
        self.driver.transitions()
    }
}

/// Both sides in one state.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    implementation: &'a Implementation,
    reference: &'a Model,
}

impl Pair<'_> {
    /// The digest of the state.
    pub(super) fn digest(self) -> StateDigest {
        let state = self.implementation.complete_state();
        state_digest(&state.world, &state.slots, self.reference.hidden_state())
    }

    /// Every operation that is worth trying here.
    pub(super) fn operations(self) -> Vec<Operation> {
        let filled = self.implementation.complete_state().slots.into_iter().map(|(slot, _)| slot);
        enumerate_operations(self.implementation.machine(), filled, self.implementation.unused_stamp())
    }
}
