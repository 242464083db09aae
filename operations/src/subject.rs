//! The seam: whatever can be driven by operations and looked at is a subject.

use alloc::boxed::Box;
use alloc::string::String;

use crate::capabilities::Capabilities;
use crate::explorable::Explorable;
use crate::machine::{Home, Machine};
use crate::observation::{Observation, Scope, Touched};
use crate::outcome::Outcome;
use crate::table::Operation;
use crate::visit::Visitor;

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

    /// The subject as one whose complete states can be told apart, which exhaustive exploration needs; none where it is not.
    fn explorable(&self) -> Option<&dyn Explorable> {
        None
    }

    /// Counts everything again from first principles.
    ///
    /// # Errors
    /// Names what does not balance.
    fn validate(&self) -> Result<(), String> {
        Ok(())
    }
}

/// A boxed subject is a subject. What it touched is handed over as lists.
impl Subject for Box<dyn Subject> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn capabilities(&self) -> Capabilities {
        (**self).capabilities()
    }

    fn machine(&self) -> &Machine {
        (**self).machine()
    }

    fn capacity(&self) -> [u32; Home::LIMIT] {
        (**self).capacity()
    }

    fn reset(&mut self) {
        (**self).reset();
    }

    fn announce(&mut self, operations: &[Operation]) {
        (**self).announce(operations);
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        (**self).apply(operation)
    }

    fn touched(&mut self, into: &mut Touched) -> bool {
        (**self).touched(into)
    }

    fn observe(&self, scope: &Scope, into: &mut Observation) {
        (**self).observe(scope, into);
    }

    fn explorable(&self) -> Option<&dyn Explorable> {
        (**self).explorable()
    }

    fn validate(&self) -> Result<(), String> {
        (**self).validate()
    }
}
