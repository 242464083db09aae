//! Pins and holds: references that are not entries (`pin_user_pages`, `get_user_pages`, mm/gup.c).

use stalemap_operations::{Effect, Errno, HoldSlot, PinSlot, Place, Slot, Space, Stamp, VirtualPage};

use crate::frames::Frame;
use crate::implementation::{Answer, Implementation, Stop};
use crate::paging::PteView;
use crate::seeded::Bug;

/// As for the CPU's accesses: a device page is in RAM at the second look.
const LOOKS: usize = 4;

impl Implementation {
    pub(crate) fn pin(&mut self, slot: PinSlot, space: Space, page: VirtualPage) -> Answer {
        self.must_live(space)?;
        if self.pins[slot.index()].is_some() {
            return Err(Errno::EBUSY.into());
        }
        let frame = self.page_to_pin(Place { space, page })?;
        let folio = self.frames.memmap.folio_mut(frame);
        folio.pin();
        self.notes.folio(folio);
        self.pins[slot.index()] = Some(frame);
        self.notes.slot(Slot::Pin(slot));
        Ok(Effect::Nothing)
    }

    /// The frame of the page that is mapped there, the place's own and writable.
    fn page_to_pin(&mut self, place: Place) -> Result<Frame, Stop> {
        if let PteView::Present { frame, writable: false, .. } = self.tables.entry(place)
            && self.tables.mapping(place).is_some_and(|(_, access)| access.writable())
            && self.bugs.skips(Bug::PinDoesNotUnshare, true)
        {
            return Ok(frame);
        }
        self.make_writable(place)
    }

    pub(crate) fn unpin(&mut self, slot: PinSlot) -> Answer {
        let frame = self.pins[slot.index()].take().ok_or(Errno::ENOENT)?;
        self.notes.slot(Slot::Pin(slot));
        Ok(Effect::Freed(self.unpin_page(frame)))
    }

    pub(crate) fn pin_read(&mut self, slot: PinSlot) -> Answer {
        let frame = self.pins[slot.index()].ok_or(Errno::ENOENT)?;
        Ok(Effect::Value(self.frames.memmap.content(frame)))
    }

    pub(crate) fn pin_write(&mut self, slot: PinSlot, stamp: Stamp) -> Answer {
        let frame = self.pins[slot.index()].ok_or(Errno::ENOENT)?;
        self.store(frame, stamp);
        Ok(Effect::Nothing)
    }

    pub(crate) fn hold(&mut self, slot: HoldSlot, space: Space, page: VirtualPage) -> Answer {
        self.must_live(space)?;
        if self.holds[slot.index()].is_some() {
            return Err(Errno::EBUSY.into());
        }
        let frame = self.page_in_ram(Place { space, page })?;
        let folio = self.frames.memmap.folio_mut(frame);
        folio.get();
        self.notes.folio(folio);
        self.holds[slot.index()] = Some(frame);
        self.notes.slot(Slot::Hold(slot));
        Ok(Effect::Nothing)
    }

    pub(crate) fn release(&mut self, slot: HoldSlot) -> Answer {
        let frame = self.holds[slot.index()].take().ok_or(Errno::ENOENT)?;
        self.notes.slot(Slot::Hold(slot));
        Ok(Effect::Freed(self.put_page(frame)))
    }

    pub(crate) fn peek(&mut self, slot: HoldSlot) -> Answer {
        let frame = self.holds[slot.index()].ok_or(Errno::ENOENT)?;
        Ok(Effect::Value(self.frames.memmap.content(frame)))
    }

    /// The frame of the page that is mapped there, faulted back from a device first.
    fn page_in_ram(&mut self, place: Place) -> Result<Frame, Stop> {
        for _ in 0..LOOKS {
            self.must_be_readable(place)?;
            match self.tables.entry(place) {
                PteView::Hole => return Err(Errno::ENOENT.into()),
                PteView::Migration { .. } => return Err(Errno::EAGAIN.into()),
                PteView::Present { frame, .. } => return Ok(frame),
                PteView::Device { frame, .. } => self.fault_back(place, frame)?,
            }
        }
        Err(Stop::Stuck)
    }
}
