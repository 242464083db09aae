//! The seam: whatever can be driven by operations and looked at is a subject.

use alloc::boxed::Box;
use alloc::string::String;

use crate::capabilities::Capabilities;
use crate::explorable::Explorable;
use crate::machine::{Home, Machine};
use crate::observation::Observation;
use crate::outcome::Outcome;
use crate::scope::{Scope, Touched};
use crate::table::Operation;
use crate::visit::Visitor;

/// A machine that can be driven and looked at: the model, the allocator, an allocator of another project, a real kernel.
///
/// A subject never compares and never judges. It must be deterministic: the same operations after `reset` give the
/// same outcomes and observations, tokens included.
///
/// The smallest useful one shows nothing, so that its answers alone are compared:
///
/// ```
/// use std::collections::BTreeSet;
/// use stalemap_operations::{
///     BlockContract, Capabilities, Effect, Errno, Kind, KindSet, Machine, Observables, Observation, Operation, Outcome, Place,
///     Scope, Stamp, Subject, Touched,
/// };
///
/// /// Maps places that are never written.
/// struct Holes {
///     machine: Machine,
///     readable: BTreeSet<Place>,
///     others: BTreeSet<Place>,
/// }
///
/// impl Subject for Holes {
///     fn name(&self) -> &str {
///         "holes"
///     }
///
///     fn capabilities(&self) -> Capabilities {
///         let operations = KindSet::NONE.with(Kind::Map).with(Kind::Read);
///         Capabilities { observables: Observables::NONE, operations, ..Capabilities::ALL }
///     }
///
///     fn machine(&self) -> &Machine {
///         &self.machine
///     }
///
///     fn reset(&mut self) {
///         self.readable.clear();
///         self.others.clear();
///     }
///
///     fn apply(&mut self, operation: Operation) -> Outcome {
///         match operation {
///             // Without `fork`, only space 0 is alive.
///             Operation::Map { space, .. } | Operation::Read { space, .. } if space.0 != 0 => Outcome::Refused(Errno::ESRCH),
///             Operation::Map { space, range, access } => {
///                 let places: Vec<Place> = range.iter().map(|page| Place { space, page }).collect();
///                 if places.iter().any(|place| self.readable.contains(place) || self.others.contains(place)) {
///                     return Outcome::Refused(Errno::EEXIST);
///                 }
///                 let mapped = if access.readable() { &mut self.readable } else { &mut self.others };
///                 mapped.extend(places);
///                 Outcome::Done(Effect::Nothing)
///             }
///             Operation::Read { space, page } if self.readable.contains(&Place { space, page }) => {
///                 Outcome::Done(Effect::Value(Stamp(0)))
///             }
///             Operation::Read { .. } => Outcome::Refused(Errno::EFAULT),
///             other => unreachable!("{other} is not among what it can do"),
///         }
///     }
///
///     fn touched(&mut self, _into: &mut Touched) -> bool {
///         false
///     }
///
///     fn observe(&self, _scope: &Scope, into: &mut Observation) {
///         into.clear();
///     }
/// }
///
/// let mut holes = Holes { machine: Machine::DEFAULT, readable: BTreeSet::new(), others: BTreeSet::new() };
/// let operation = Operation::new(Kind::Map, &[0, 3, 2, 2], &Machine::DEFAULT).expect("it fits");
/// assert_eq!(holes.apply(operation), Outcome::Done(Effect::Nothing));
/// assert_eq!(holes.apply(operation), Outcome::Refused(Errno::EEXIST));
/// ```
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

    /// Hands everything to a visitor, as [`observe`](Self::observe) shows it and [`show_touched`](Self::show_touched) tells it: the
    /// mapped places, the slots that are not empty and the living pages, each sort ascending and each once, then every space
    /// and the free frames. `false` as there: then it is observed.
    fn show_everything(&self, _visitor: &mut impl Visitor) -> bool
    where
        Self: Sized,
    {
        false
    }

    /// The subject as one whose complete states can be told apart, which exhaustive exploration needs; none where it is not.
    fn explorable(&self) -> Option<&dyn Explorable> {
        None
    }

    /// For each large folio that the last operation could have made, in order, whether it did: whether a run of free frames was found
    /// for it. The reference follows it. A subject that tells fewer is taken to find a run wherever enough frames are free. Claims of
    /// anything but a run are followed only where the subject [promises nothing](crate::LargeFolios::ByClaim).
    ///
    /// Asked are: a write, pin or device's write into a group of holes (where it is not advised, a subject that tells nothing is taken to
    /// find none); a fault back of a whole folio; a `setup` or `migrate` to a device, for each group of holes (whether it is one candidate),
    /// and then `copy` or `migrate` for the run at the destination, for each candidate that is whole; `pages`, for each group of holes that is
    /// one candidate, has a run and is one still (whether the run fills it); `evict` likewise; `collapse`, whether the group is in one mapping; a write through a
    /// small entry of a large folio whose entries are all of one space, whether the subject knows that and does not copy. After `collect`, and for `evict`, in the order of the first places that led to the folios when
    /// they were collected.
    fn runs(&self) -> &[bool] {
        &[]
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

    fn runs(&self) -> &[bool] {
        (**self).runs()
    }

    fn validate(&self) -> Result<(), String> {
        (**self).validate()
    }
}
