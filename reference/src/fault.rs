//! Section 3, accesses of the CPU: read, write, copy on write, fault back.

use stalemap_operations::{Effect, Errno, Home, PageToken, Place, Stamp};

use crate::marks::mark;
use crate::model::{Answer, Entry, Mapped, Model};

impl Model {
    /// `EFAULT` if unmapped or `none`. Hole: value 0. Migration entry: `EAGAIN`. Device page: fault back, then its
    /// stamp.
    pub(crate) fn read(&mut self, place: Place) -> Answer {
        self.must_live(place.space)?;
        let stamp = match self.readable(place)? {
            Entry::Hole => Stamp(0),
            Entry::Migrating { .. } => {
                mark!(self, "read of a migration entry");
                return Err(Errno::EAGAIN);
            }
            Entry::Maps { page, .. } => {
                self.bring_to_ram(page)?;
                self.page(page).stamp
            }
        };
        Ok(Effect::Value(stamp))
    }

    /// `EFAULT` unless `rw`; then as [`make_writable`](Self::make_writable).
    pub(crate) fn write(&mut self, place: Place, stamp: Stamp) -> Answer {
        self.must_live(place.space)?;
        let page = self.make_writable(place)?;
        self.set_entry(place, Entry::Maps { page, writable: true, dirty: true });
        self.page_mut(page).stamp = stamp;
        Ok(Effect::Nothing)
    }

    /// The entry of a place that may be read; `EFAULT` if unmapped or `none`.
    pub(crate) fn readable(&self, place: Place) -> Result<Entry, Errno> {
        match self.at(place) {
            Some(Mapped { access, entry }) if access.readable() => Ok(entry),
            Some(_) | None => Err(Errno::EFAULT),
        }
    }

    /// What a write does before it stores: the place maps an exclusive page in RAM through a writable entry. The entry
    /// is dirty if a write fault was taken.
    ///
    /// Hole: a fresh page. Migration entry: `EAGAIN`. A device page is faulted back first. Entry not writable: page
    /// exclusive → made writable; else mapped here alone and not held by anybody → reused, becomes exclusive and
    /// writable; else copied.
    pub(crate) fn make_writable(&mut self, place: Place) -> Result<PageToken, Errno> {
        let Some(Mapped { access, entry }) = self.at(place) else {
            return Err(Errno::EFAULT);
        };
        if !access.writable() {
            return Err(Errno::EFAULT);
        }
        let page = match entry {
            Entry::Hole => {
                if self.is_space_locked(place.space) {
                    mark!(self, "hole filled in a locked space");
                }
                self.fresh_in_ram()?
            }
            Entry::Migrating { .. } => {
                mark!(self, "write to a migration entry");
                return Err(Errno::EAGAIN);
            }
            Entry::Maps { page, writable, .. } => {
                let was_in_ram = self.page(page).home == Home::Ram;
                self.bring_to_ram(page)?;
                if writable {
                    return Ok(page);
                }
                if self.page(page).exclusive {
                    mark!(self, "write to an exclusive page through an entry without the writable bit");
                    page
                } else if self.mapcount(page) == 1 && self.references(page) == 0 {
                    mark!(self, "write that reuses a page that was shared");
                    page
                } else {
                    let copied = self.copy_on_write(page);
                    if copied.is_err() && !was_in_ram {
                        mark!(self, "copy on write that finds no frame after a fault back");
                    }
                    copied?
                }
            }
        };
        self.page_mut(page).exclusive = true;
        self.set_entry(place, Entry::Maps { page, writable: true, dirty: true });
        Ok(page)
    }

    /// A copy for the writer. The old page stays live: it is mapped elsewhere or held. After a fault back, `ENOMEM` leaves
    /// it in RAM.
    fn copy_on_write(&mut self, old: PageToken) -> Result<PageToken, Errno> {
        if self.holds_on(old) > 0 {
            mark!(self, "copy on write of a held page");
        }
        let stamp = self.page(old).stamp;
        let Ok(copy) = self.fresh_in_ram() else {
            mark!(self, "copy on write that finds no frame");
            return Err(Errno::ENOMEM);
        };
        mark!(self, "copy on write");
        self.page_mut(copy).stamp = stamp;
        Ok(copy)
    }

    fn fresh_in_ram(&mut self) -> Result<PageToken, Errno> {
        if self.free(Home::Ram) == 0 {
            return Err(Errno::ENOMEM);
        }
        Ok(self.allocate_page(Home::Ram))
    }

    /// Faults a device page back; `EAGAIN` while a transaction has it locked.
    pub(crate) fn bring_to_ram(&mut self, page: PageToken) -> Result<(), Errno> {
        if self.page(page).home == Home::Ram {
            return Ok(());
        }
        if self.is_page_locked(page) {
            mark!(self, "access to a page that its transaction has locked");
            return Err(Errno::EAGAIN);
        }
        self.fault_back(page)
    }

    /// One frame of RAM (`ENOMEM` without), content copied, every entry that maps p in any space now maps it in RAM
    /// with its writable bit as it was, the device frame is freed. Same page, new home.
    fn fault_back(&mut self, page: PageToken) -> Result<(), Errno> {
        let free = self.free(Home::Ram);
        if free == 0 {
            mark!(self, "RAM full at fault back");
            return Err(Errno::ENOMEM);
        }
        if self.are_used_again(Home::Ram, 1, free) {
            mark!(self, "fault back into RAM whose frames are used again");
        }
        if self.mapcount(page) > 1 {
            mark!(self, "fault back of a shared page");
        } else {
            mark!(self, "fault back");
        }
        self.move_home(page, Home::Ram);
        self.clean_entries(page);
        Ok(())
    }

    /// Every passage through a migration entry or a device leaves the entries as they were, but clean.
    pub(crate) fn clean_entries(&mut self, page: PageToken) {
        for place in self.rmap(page) {
            if let Some(Mapped { entry: Entry::Maps { page, writable, .. }, .. }) = self.at(place) {
                self.set_entry(place, Entry::Maps { page, writable, dirty: false });
            }
        }
    }
}
