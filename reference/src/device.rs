//! Section 4, device access: through the same page tables, its own pages in place.

use stalemap_operations::{Device, Dialect, Effect, Errno, Home, PageToken, Place, Stamp};

use crate::entry::{Entry, Mapped};
use crate::marks::mark;
use crate::model::{Answer, Model};

impl Model {
    /// Read needs `r`: `EFAULT` on unmapped or `none`, `EAGAIN` on a migration entry. Its own pages are used in place,
    /// another device's are faulted back first, RAM pages are used in RAM, a hole reads as zero. Want of a frame of RAM is
    /// as [`told_to_device`](Self::told_to_device) says.
    pub(crate) fn device_read(&mut self, device: Device, place: Place) -> Answer {
        self.must_live(place.space)?;
        let stamp = match self.readable(place)? {
            Entry::Hole => Stamp(0),
            Entry::Migrating { .. } => {
                mark!(self, "device access to a migration entry");
                return Err(Errno::EAGAIN);
            }
            Entry::Maps { page, .. } => {
                if !self.is_own_page(device, page) {
                    self.bring_to_ram(place, page).map_err(|errno| self.told_to_device(errno))?;
                }
                self.page(page).stamp
            }
        };
        Ok(Effect::Value(stamp))
    }

    /// Write needs `rw`: `EFAULT` on unmapped or `none`, `EAGAIN` on a migration entry, then `EPERM` on a read-only
    /// mapping. But a write to its own page through an entry without the writable bit is `EFAULT` with nothing moved,
    /// whatever the mapping's access (the entry is handed out as it is: `hmm_vma_handle_pte`, mm/hmm.c). Want of a frame of
    /// RAM is as in [`device_read`](Self::device_read).
    pub(crate) fn device_write(&mut self, device: Device, place: Place, stamp: Stamp) -> Answer {
        self.must_live(place.space)?;
        let page = match self.readable(place)? {
            Entry::Migrating { .. } => {
                mark!(self, "device access to a migration entry");
                return Err(Errno::EAGAIN);
            }
            Entry::Maps { page, writable, .. } if self.is_own_page(device, page) => {
                if !writable {
                    mark!(self, "device write to its own page without the writable bit");
                    return Err(Errno::EFAULT);
                }
                page
            }
            Entry::Hole | Entry::Maps { .. } => {
                if !self.at(place).is_some_and(|Mapped { access, .. }| access.writable()) {
                    return Err(Errno::EPERM);
                }
                self.make_writable(place).map_err(|errno| self.told_to_device(errno))?
            }
        };
        self.page_mut(page).stamp = stamp;
        Ok(Effect::Nothing)
    }

    /// What the device is told of a fault that fails: in dialects 6.1 and 6.12 want of a frame of RAM is `EFAULT`, as every other
    /// reason (`hmm_vma_fault`, mm/hmm.c); in dialect 7.3 it is `ENOMEM` (`hmm_do_fault`).
    fn told_to_device(&mut self, errno: Errno) -> Errno {
        match (errno, self.machine.rules()) {
            (Errno::ENOMEM, Dialect::Linux6_1 | Dialect::Linux6_12) => Errno::EFAULT,
            (Errno::ENOMEM, Dialect::Linux7_3) => {
                mark!(self, "device access that finds no frame of RAM in dialect 7.3");
                Errno::ENOMEM
            }
            _ => errno,
        }
    }

    fn is_own_page(&mut self, device: Device, page: PageToken) -> bool {
        let home = self.page(page).home;
        let own = home == Home::Device(device);
        if own {
            mark!(self, "device access to its own page in place");
            if self.is_page_locked(page) {
                mark!(self, "device access to its own page while its transaction has it locked");
            }
        } else if home != Home::Ram {
            mark!(self, "device access to another device's page");
        }
        own
    }
}
