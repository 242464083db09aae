//! The seam: whatever can be driven by operations and looked at is a subject.

use alloc::string::String;

use crate::machine::{Home, Machine};
use crate::observation::{Observation, Scope, Touched};
use crate::outcome::Outcome;
use crate::table::{KindSet, Operation};
use crate::visit::Visitor;

/// Kinds of fact that a subject can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observables(u16);

impl Observables {
    /// Which places are mapped, with which access and entry.
    pub const PLACES: Observables = Observables(1 << 0);
    /// The stamps of pages.
    pub const STAMPS: Observables = Observables(1 << 1);
    /// Which pages are exclusive.
    pub const EXCLUSIVE: Observables = Observables(1 << 2);
    /// Mapcounts.
    pub const MAPCOUNTS: Observables = Observables(1 << 3);
    /// Refcounts.
    pub const REFCOUNTS: Observables = Observables(1 << 4);
    /// Reverse maps.
    pub const RMAPS: Observables = Observables(1 << 5);
    /// Slots.
    pub const SLOTS: Observables = Observables(1 << 6);
    /// Free frames at each home.
    pub const FREE: Observables = Observables(1 << 7);
    /// Which frames things are in.
    pub const FRAMES: Observables = Observables(1 << 8);
    /// No fact.
    pub const NONE: Observables = Observables(0);
    /// All facts.
    pub const ALL: Observables = Observables((1 << 9) - 1);
    /// The names in the order of the bits.
    const NAMES: [&str; 9] =
        ["places", "stamps", "exclusive", "mapcounts", "refcounts", "rmaps", "slots", "free counts", "frames"];

    /// Both.
    #[must_use]
    pub const fn and(self, other: Observables) -> Observables {
        Observables(self.0 | other.0)
    }

    /// Whether all of the others are among these.
    #[inline]
    #[must_use]
    pub const fn include(self, others: Observables) -> bool {
        self.0 & others.0 == others.0
    }

    /// Those of the others that are not among these, by name.
    pub fn missing(self, others: Observables) -> impl Iterator<Item = &'static str> {
        let missing = others.0 & !self.0;
        Self::NAMES.into_iter().enumerate().filter(move |(bit, _)| missing >> bit & 1 == 1).map(|(_, name)| name)
    }
}

/// What a subject can show and do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Observables that it can show.
    pub observables: Observables,
    /// Operations that it can do; others are dropped before either side runs.
    pub operations: KindSet,
}

impl Capabilities {
    /// Everything.
    pub const ALL: Capabilities = Capabilities { observables: Observables::ALL, operations: KindSet::ALL };
}

/// A machine that can be driven and looked at: the model, the allocator, an allocator of another project, a real kernel.
///
/// A subject never compares and never judges. It must be deterministic: the same operations after `reset` give the
/// same outcomes and observations, tokens included.
pub trait Subject {
    /// What it is called in reports, such as `implementation`.
    fn name(&self) -> &str;

    /// What it can show and do.
    fn capabilities(&self) -> Capabilities;

    /// The machine that it was built as.
    fn machine(&self) -> &Machine;

    /// Frames that are free at each home at the start, by [`Home::index`]; less than the machine's where a subject
    /// keeps some for itself.
    fn capacity(&self) -> [u32; Home::LIMIT] {
        Home::ALL.map(|home| self.machine().frames(home))
    }

    /// Back to the start, private state included.
    fn reset(&mut self);

    /// Hears after a reset which operations are going to be applied. A subject that is far away may do them ahead; all
    /// others need not listen. A promise it is not: fewer may follow.
    fn announce(&mut self, _operations: &[Operation]) {}

    /// Does one operation. Total: every operation that fits the machine has an answer.
    fn apply(&mut self, operation: Operation) -> Outcome;

    /// Adds what the last `apply` touched; asked once after it. `false` means that the subject cannot tell; everything is
    /// then compared.
    fn touched(&mut self, into: &mut Touched) -> bool;

    /// Shows what the scope asks for, as [`Observation`] describes it; `into` is cleared first.
    fn observe(&self, scope: &Scope, into: &mut Observation);

    /// Hands what the last `apply` touched to a visitor, as [`observe`](Self::observe) shows it: the facts that may differ
    /// from those before. `false`, as of a subject that does not implement this, means that nothing was handed over; then
    /// [`touched`](Self::touched) and [`observe`](Self::observe) are called, which say the same and cost more.
    fn show_touched(&self, _visitor: &mut impl Visitor) -> bool
    where
        Self: Sized,
    {
        false
    }

    /// Counts everything again from first principles.
    ///
    /// # Errors
    /// Names what does not balance.
    fn validate(&self) -> Result<(), String> {
        Ok(())
    }
}
