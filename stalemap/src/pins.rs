//! Pins: a memory manager whose pages can be pinned, as a subject of level 3 without bare references.

use stalemap_operations::{
    Capabilities, Effect, Errno, FrameToken, Home, Kind, Machine, Observables, Observation, Operation, Outcome,
    PinSlot, Place, Scope, Stamp, Subject, Touched,
};

use crate::spaces::{AddressSpaces, Spaces, spaces};

/// A memory manager that gives out pins: long references, for writing, to the frame that a page is in.
///
/// A pinned page does not end, whatever the page tables say, and `fork` copies it at once instead of sharing it:
/// [`try_fork`](AddressSpaces::try_fork) answers `ENOMEM` where it finds no frame. The adapter keeps the slots and answers
/// for those that are in use (`EBUSY`) and empty (`ENOENT`). [`OPERATIONS`](AddressSpaces::OPERATIONS) gets `pin`, `unpin`,
/// `pin_read` and `pin_write` by itself.
pub trait PinnedMemory: AddressSpaces {
    /// Pins the page at a place, after what a write does there but for the value; its frame. A page may be pinned more
    /// than once.
    ///
    /// # Errors
    /// As [`write`](AddressSpaces::write).
    fn pin(&mut self, place: Place) -> Result<FrameToken, Errno>;

    /// Drops a pin on the page in this frame, which is free if nothing else keeps it.
    fn unpin(&mut self, frame: FrameToken);

    /// Reads through a pin.
    fn pin_read(&mut self, frame: FrameToken) -> Stamp;

    /// Writes through a pin.
    fn pin_write(&mut self, frame: FrameToken, stamp: Stamp);
}

/// Builds the subject that a memory manager with pins is.
///
/// # Errors
/// Says why it cannot be this machine.
pub fn spaces_with_pins<M: PinnedMemory>(machine: &Machine) -> Result<SpacesWithPins<M>, String> {
    spaces(machine).map(SpacesWithPins)
}

/// A memory manager with pins.
pub struct SpacesWithPins<M>(Spaces<M>);

impl<M: PinnedMemory> SpacesWithPins<M> {
    /// What an operation on a pin answers; none for another one.
    fn answer(&mut self, operation: Operation) -> Option<Result<Effect, Errno>> {
        Some(if let Operation::Pin { pin, space, page } = operation {
            self.pin(pin, Place { space, page })
        } else if let Operation::Unpin { pin } = operation {
            self.unpin(pin)
        } else if let Operation::PinRead { pin } = operation {
            self.pinned(pin).map(|frame| Effect::Value(self.0.manager.pin_read(frame)))
        } else if let Operation::PinWrite { pin, stamp } = operation {
            self.pinned(pin).map(|frame| self.0.manager.pin_write(frame, stamp)).map(|()| Effect::Nothing)
        } else {
            return None;
        })
    }

    fn pin(&mut self, pin: PinSlot, place: Place) -> Result<Effect, Errno> {
        self.0.living(place.space)?;
        if self.0.pins[pin.index()].is_some() {
            return Err(Errno::EBUSY);
        }
        let frame = self.0.manager.pin(place)?;
        self.0.pins[pin.index()] = Some(frame);
        self.0.update(Some(place));
        Ok(Effect::Nothing)
    }

    fn unpin(&mut self, pin: PinSlot) -> Result<Effect, Errno> {
        let frame = self.pinned(pin)?;
        self.0.pins[pin.index()] = None;
        self.0.manager.unpin(frame);
        Ok(Effect::Freed(self.0.update(None)))
    }

    fn pinned(&self, pin: PinSlot) -> Result<FrameToken, Errno> {
        self.0.pins[pin.index()].ok_or(Errno::ENOENT)
    }
}

impl<M: PinnedMemory> Subject for SpacesWithPins<M> {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = self.0.capabilities();
        capabilities.observables = capabilities.observables.and(Observables::SLOTS);
        for kind in [Kind::Pin, Kind::Unpin, Kind::PinRead, Kind::PinWrite] {
            capabilities.operations = capabilities.operations.with(kind);
        }
        capabilities
    }

    fn machine(&self) -> &Machine {
        self.0.machine()
    }

    fn capacity(&self) -> [u32; Home::LIMIT] {
        self.0.capacity()
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        match self.answer(operation) {
            Some(answer) => answer.map_or_else(Outcome::Refused, Outcome::Done),
            None => self.0.apply(operation),
        }
    }

    fn touched(&mut self, into: &mut Touched) -> bool {
        self.0.touched(into)
    }

    fn observe(&self, scope: &Scope, into: &mut Observation) {
        self.0.observe(scope, into);
    }

    fn validate(&self) -> Result<(), String> {
        self.0.validate()
    }
}
