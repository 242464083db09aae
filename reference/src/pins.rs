//! Section 6, pins and holds: references that are not entries.

use stalemap_operations::{Effect, Errno, HoldSlot, PinSlot, Place, Slot, Stamp};

use crate::entry::Entry;
use crate::marks::mark;
use crate::model::{Answer, Model};

impl Model {
    /// Needs `rw` (`EFAULT`); behaves as a write that stores nothing, then pins.
    pub(crate) fn pin(&mut self, slot: PinSlot, place: Place) -> Answer {
        self.must_live(place.space)?;
        if self.pins.is_filled(slot) {
            return Err(Errno::EBUSY);
        }
        let page = self.make_writable(place)?;
        if self.is_space_locked(place.space) {
            mark!(self, "pin in a locked space");
        }
        if self.pins_on(page) > 0 {
            mark!(self, "second pin on a page");
        }
        self.pins.fill(slot, page);
        self.note_folio(page);
        self.notes.slot(Slot::Pin(slot));
        self.mark_full();
        Ok(Effect::Nothing)
    }

    pub(crate) fn unpin(&mut self, slot: PinSlot) -> Answer {
        let page = self.pins.empty(slot).ok_or(Errno::ENOENT)?;
        self.note_folio(page);
        self.notes.slot(Slot::Pin(slot));
        let freed = self.free_if_unused(page);
        if freed > 0 {
            mark!(self, "page that ends with its last pin");
        }
        Ok(Effect::Freed(freed))
    }

    /// Through the pin, whatever the page tables say now.
    pub(crate) fn pin_read(&mut self, slot: PinSlot) -> Answer {
        let page = *self.pins.get(slot).ok_or(Errno::ENOENT)?;
        if self.mapcount(page) == 0 {
            mark!(self, "read through a pin of a page that nobody maps");
        }
        Ok(Effect::Value(self.page(page).stamp))
    }

    /// Through the pin, whatever the page tables say now.
    pub(crate) fn pin_write(&mut self, slot: PinSlot, stamp: Stamp) -> Answer {
        let page = *self.pins.get(slot).ok_or(Errno::ENOENT)?;
        self.page_mut(page).stamp = stamp;
        Ok(Effect::Nothing)
    }

    /// Needs `r`; faults a device page back; a reference to the page that is there (`ENOENT` on a hole). It does not
    /// unshare.
    pub(crate) fn hold(&mut self, slot: HoldSlot, place: Place) -> Answer {
        self.must_live(place.space)?;
        if self.holds.is_filled(slot) {
            return Err(Errno::EBUSY);
        }
        let page = match self.readable(place)? {
            Entry::Hole => return Err(Errno::ENOENT),
            Entry::Migrating { .. } => {
                mark!(self, "hold of a migration entry");
                return Err(Errno::EAGAIN);
            }
            Entry::Maps { page, .. } => page,
        };
        self.bring_to_ram(place, page)?;
        if !self.page(page).exclusive {
            mark!(self, "hold of a shared page");
        }
        self.holds.fill(slot, page);
        self.note_folio(page);
        self.notes.slot(Slot::Hold(slot));
        self.mark_full();
        Ok(Effect::Nothing)
    }

    pub(crate) fn release(&mut self, slot: HoldSlot) -> Answer {
        let page = self.holds.empty(slot).ok_or(Errno::ENOENT)?;
        self.note_folio(page);
        self.notes.slot(Slot::Hold(slot));
        let freed = self.free_if_unused(page);
        if freed > 0 {
            mark!(self, "page that ends with its last hold");
        }
        Ok(Effect::Freed(freed))
    }

    pub(crate) fn peek(&mut self, slot: HoldSlot) -> Answer {
        let page = *self.holds.get(slot).ok_or(Errno::ENOENT)?;
        if self.mapcount(page) == 0 {
            mark!(self, "peek at a held page that nobody maps");
        }
        Ok(Effect::Value(self.page(page).stamp))
    }
}
