//! A lockstep with any subject behind one type: what is above it is compiled once, and pays one indirect call a run.

use stalemap_operations::{Capabilities, Machine, Observables, Program, Step, Subject};
use stalemap_reference::Model;

use crate::divergence::Divergence;
use crate::guard::guarded;
use crate::lockstep::{Compare, Coverage, Lockstep, Position};
use crate::oracle::OracleSet;
use crate::watchdog::Watch;
use crate::watched::Watcher;

/// A subject beside the reference, whichever type the subject has.
pub struct AnyLockstep(Box<dyn Sides>);

/// Why there is no lockstep.
pub struct NotBuilt(pub(crate) Cause);

pub(crate) enum Cause {
    /// The subject cannot be this machine.
    Refused(String),
    /// The constructor of a side panicked.
    Panicked(Position, String),
}

impl AnyLockstep {
    /// Builds both sides.
    pub(crate) fn new<S: Subject + 'static>(build: impl FnOnce() -> Result<S, String>) -> Result<Self, NotBuilt> {
        let built = guarded(|| {
            let subject = build()?;
            let shown = (subject.capabilities(), *subject.machine(), subject.capacity());
            Ok((subject, shown))
        });
        let panicked =
            |in_reference| move |message| NotBuilt(Cause::Panicked(Position { step: None, in_reference }, message));
        let built = built.map_err(panicked(false))?;
        let (subject, (capabilities, machine, capacity)) = built.map_err(|it| NotBuilt(Cause::Refused(it)))?;
        let reference = guarded(|| Model::new(machine, capacity).beside(&capabilities));
        let reference = reference.map_err(panicked(true))?;
        Ok(AnyLockstep(Box::new(Lockstep::new(subject, machine, capabilities, reference))))
    }

    pub(crate) fn sides(&self) -> &dyn Sides {
        &*self.0
    }

    pub(crate) fn sides_mut(&mut self) -> &mut dyn Sides {
        &mut *self.0
    }
}

/// What a driver does with a lockstep.
pub(crate) trait Sides {
    /// As [`Lockstep::run`].
    fn run(
        &mut self,
        program: &Program,
        written: Option<&[Step]>,
        compare: Compare,
        oracles: OracleSet,
        coverage: &mut Coverage,
        observers: (Watcher<'_>, Option<&Watch>),
    ) -> Option<Divergence>;

    /// As [`Lockstep::is`].
    fn is(&self, machine: &Machine) -> bool;

    fn subject(&self) -> &dyn Subject;

    fn reference(&self) -> &Model;

    fn reference_mut(&mut self) -> &mut Model;

    fn capabilities(&self) -> &Capabilities;

    /// The observables that are known of the subject.
    fn known(&self) -> Observables;

    /// Where the lockstep is; a run that panics leaves it where it was.
    fn position(&self) -> Position;

    /// No run was begun.
    fn clear_position(&mut self);
}

impl<S: Subject> Sides for Lockstep<S> {
    fn run(
        &mut self,
        program: &Program,
        written: Option<&[Step]>,
        compare: Compare,
        oracles: OracleSet,
        coverage: &mut Coverage,
        observers: (Watcher<'_>, Option<&Watch>),
    ) -> Option<Divergence> {
        Lockstep::run(self, program, written, compare, oracles, coverage, observers)
    }

    fn is(&self, machine: &Machine) -> bool {
        Lockstep::is(self, machine)
    }

    fn subject(&self) -> &dyn Subject {
        &self.subject
    }

    fn reference(&self) -> &Model {
        &self.reference
    }

    fn reference_mut(&mut self) -> &mut Model {
        &mut self.reference
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn known(&self) -> Observables {
        self.known
    }

    fn position(&self) -> Position {
        self.position
    }

    fn clear_position(&mut self) {
        self.position = Position::default();
    }
}
