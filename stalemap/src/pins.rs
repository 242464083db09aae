//! Pins: a memory manager whose pages can be pinned, as a subject of level 3 without bare references.

use stalemap_operations::{
    Effect, Errno, FrameToken, Kind, KindSet, Machine, Observables, Operation, PinSlot, Place, Stamp,
};

use crate::extensions::{Extension, Extensions};
use crate::identities::Step;
use crate::spaces::{AddressSpaces, Answer, Spaces};

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
pub fn spaces_with_pins<M: PinnedMemory>(machine: &Machine) -> Result<Spaces<M>, String> {
    Extensions::new().pins().build(machine)
}

impl<M: PinnedMemory> Extensions<M> {
    /// Pins.
    #[must_use]
    pub fn pins(self) -> Extensions<M> {
        let operations = KindSet::NONE.with(Kind::Pin).with(Kind::Unpin).with(Kind::PinRead).with(Kind::PinWrite);
        self.and(Extension { operations, shows: Observables::SLOTS, answer, contract: None, folios: None })
    }
}

/// What an operation on a pin answers; none for another one.
fn answer<M: PinnedMemory>(spaces: &mut Spaces<M>, operation: Operation) -> Option<Answer> {
    Some(if let Operation::Pin { pin: slot, space, page } = operation {
        pin(spaces, slot, Place { space, page })
    } else if let Operation::Unpin { pin } = operation {
        unpin(spaces, pin)
    } else if let Operation::PinRead { pin } = operation {
        pinned(spaces, pin).map(|frame| Effect::Value(spaces.manager.pin_read(frame)))
    } else if let Operation::PinWrite { pin, stamp } = operation {
        pinned(spaces, pin).map(|frame| spaces.manager.pin_write(frame, stamp)).map(|()| Effect::Nothing)
    } else {
        return None;
    })
}

fn pin<M: PinnedMemory>(spaces: &mut Spaces<M>, pin: PinSlot, place: Place) -> Result<Effect, Errno> {
    spaces.living(place.space)?;
    if spaces.pins[pin.index()].is_some() {
        return Err(Errno::EBUSY);
    }
    // A pin that is refused may have brought a page back from a device.
    let answer = spaces.manager.pin(place);
    spaces.pins[pin.index()] = answer.ok();
    spaces.update(Step::Writes(place));
    answer.map(|_| Effect::Nothing)
}

fn unpin<M: PinnedMemory>(spaces: &mut Spaces<M>, pin: PinSlot) -> Result<Effect, Errno> {
    let frame = pinned(spaces, pin)?;
    spaces.pins[pin.index()] = None;
    spaces.manager.unpin(frame);
    Ok(Effect::Freed(spaces.update(Step::Other)))
}

fn pinned<M: PinnedMemory>(spaces: &Spaces<M>, pin: PinSlot) -> Result<FrameToken, Errno> {
    spaces.pins[pin.index()].ok_or(Errno::ENOENT)
}
