//! A device's accesses through a space's page tables (`hmm_range_fault`, mm/hmm.c; the test driver, lib/test_hmm.c).

use stalemap_operations::{Device, Dialect, Effect, Errno, Home, Place, Space, Stamp, VirtualPage};

use crate::frames::Frame;
use crate::implementation::{Answer, Implementation, Stop};
use crate::paging::PteView;
use crate::seeded::Bug;

/// As for the CPU's accesses: another device's page is in RAM at the second look.
const LOOKS: usize = 4;

impl Implementation {
    pub(crate) fn device_read(&mut self, device: Device, space: Space, page: VirtualPage) -> Answer {
        self.must_live(space)?;
        let place = Place { space, page };
        for _ in 0..LOOKS {
            self.must_be_readable(place)?;
            match self.tables.entry(place) {
                PteView::Hole => return Ok(Effect::Value(Stamp(0))),
                PteView::Migration { .. } => return Err(Errno::EAGAIN.into()),
                PteView::Present { frame, .. } => return Ok(Effect::Value(self.frames.memmap.content(frame))),
                PteView::Device { frame, .. } if self.is_own(device, frame) => {
                    return Ok(Effect::Value(self.frames.memmap.content(frame)));
                }
                PteView::Device { frame, .. } => self.bring_back(place, frame)?,
            }
        }
        Err(Stop::Stuck)
    }

    pub(crate) fn device_write(&mut self, device: Device, space: Space, page: VirtualPage, stamp: Stamp) -> Answer {
        self.must_live(space)?;
        let place = Place { space, page };
        self.must_be_readable(place)?;
        let frame = match self.tables.entry(place) {
            PteView::Migration { .. } => return Err(Errno::EAGAIN.into()),
            // The entry of its own page is handed out as it is (`hmm_vma_handle_pte`).
            PteView::Device { frame, writable } if self.is_own(device, frame) => {
                if !writable {
                    return Err(Errno::EFAULT.into());
                }
                frame
            }
            entry @ (PteView::Hole | PteView::Present { .. } | PteView::Device { .. }) => {
                let (_, access) = self.tables.mapping(place).ok_or(Errno::EFAULT)?;
                if !access.writable() {
                    return Err(Errno::EPERM.into());
                }
                if let PteView::Device { frame, .. } = entry {
                    self.bring_back(place, frame)?;
                }
                self.make_writable(place).map_err(|stop| self.errno_for_device(stop))?
            }
        };
        self.store(frame, stamp);
        Ok(Effect::Nothing)
    }

    /// Another device's page is faulted back, as for the CPU (`hmm_vma_handle_pte`).
    fn bring_back(&mut self, place: Place, frame: Frame) -> Result<(), Stop> {
        self.bugs.choose(Bug::ForeignDeviceRefused, Ok(()), || Err(Errno::EFAULT))?;
        self.fault_back(place, frame).map_err(|stop| self.errno_for_device(stop))
    }

    /// Whether the frame belongs to this device.
    fn is_own(&self, device: Device, frame: Frame) -> bool {
        self.frames.memmap.home(frame) == Home::Device(device)
    }

    /// The error of a fault on behalf of a device: 7.3 passes want of memory on (`vm_fault_to_errno`), earlier versions make
    /// every error of it `EFAULT` (`hmm_vma_fault`).
    fn errno_for_device(&self, stop: Stop) -> Stop {
        match (stop, self.machine.rules()) {
            (Stop::Refused(Errno::ENOMEM), Dialect::Linux6_1 | Dialect::Linux6_12) => Stop::Refused(Errno::EFAULT),
            (stop, _) => stop,
        }
    }
}
