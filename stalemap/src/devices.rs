//! Devices: a memory manager that migrates pages to devices and back, as a subject of level 2 in one step.

use stalemap_operations::{
    Device, Dialect, Effect, Errno, Home, Kind, KindSet, Machine, Observables, Operation, PageRange, Place, Route,
    Space, Stamp,
};

use crate::extensions::{Extension, Extensions};
use crate::identities::Step;
use crate::mapping::Mapping;
use crate::spaces::{AddressSpaces, Answer, Spaces};

/// A memory manager whose pages can be at home on devices, which the CPU cannot touch: a CPU access faults the page back.
///
/// [`OPERATIONS`](AddressSpaces::OPERATIONS) gets `migrate`, `device_read` and `device_write` by itself, and
/// [`look`](AddressSpaces::look) shows frames of devices too.
pub trait DeviceMemory: AddressSpaces {
    /// Whether [`evict`](Self::evict) is implemented.
    const EVICTS: bool = false;

    /// Migrates the pages of a range to a device, or back to RAM, place by place; the first that is unmapped or unreadable
    /// stops, and what came before has moved. A hole that goes to a device becomes a page. Without a free frame a page
    /// stays, and the adapter makes `ENOMEM` of it where the rules are those of Linux 7.3 and the page is on its way to RAM. The
    /// number of pages that moved.
    ///
    /// # Errors
    /// `EINVAL` where a place stopped it.
    fn migrate(&mut self, space: Space, range: PageRange, route: Route) -> Result<u32, Errno>;

    /// Migrates every page on the device to RAM; the number of pages.
    ///
    /// # Errors
    /// `ENOMEM` where RAM cannot take them all; nothing moves then.
    fn evict(&mut self, _device: Device) -> Result<u32, Errno> {
        panic!("EVICTS promises the function evict, which is not implemented")
    }

    /// Reads as the device does, through the same page tables.
    ///
    /// # Errors
    /// `EFAULT` where nothing is mapped or access is not allowed. `ENOMEM` where there is no frame, for a page of another
    /// device that must come back or for a hole, is taken for `EFAULT` where the rules are those of Linux 6.1 or 6.12: there a
    /// device is not told why a fault failed (`hmm_vma_fault`, mm/hmm.c).
    fn device_read(&mut self, device: Device, place: Place) -> Result<Stamp, Errno>;

    /// Writes as the device does, through the same page tables.
    ///
    /// # Errors
    /// As [`device_read`](Self::device_read); `EPERM` where the mapping is read-only.
    fn device_write(&mut self, device: Device, place: Place, stamp: Stamp) -> Result<(), Errno>;
}

/// Builds the subject that a memory manager with devices is.
///
/// # Errors
/// Says why it cannot be this machine.
pub fn spaces_with_devices<M: DeviceMemory>(machine: &Machine) -> Result<Spaces<M>, String> {
    Extensions::new().devices().build(machine)
}

impl<M: DeviceMemory> Extensions<M> {
    /// Devices, to which pages are migrated and back.
    #[must_use]
    pub fn devices(self) -> Extensions<M> {
        let operations = KindSet::NONE.with(Kind::Migrate).with(Kind::DeviceRead).with(Kind::DeviceWrite);
        let operations = if M::EVICTS { operations.with(Kind::Evict) } else { operations };
        self.and(Extension { operations, shows: Observables::NONE, answer, contract: None, folios: None })
    }
}

/// What a device is told of a fault that failed.
fn told(errno: Errno, rules: Dialect) -> Errno {
    match (errno, rules) {
        (Errno::ENOMEM, Dialect::Linux6_1 | Dialect::Linux6_12) => Errno::EFAULT,
        _ => errno,
    }
}

/// Migrates, and tells want of RAM as Linux 7.3 does: a page before the first place that stops is still on the device.
fn migrate<M: DeviceMemory>(
    spaces: &mut Spaces<M>,
    space: Space,
    range: PageRange,
    route: Route,
) -> Result<Effect, Errno> {
    let answer = spaces.manager.migrate(space, range, route).map(Effect::Pages);
    let (Route::From(device), Dialect::Linux7_3) = (route, spaces.machine.rules()) else { return answer };
    let mut before_the_stop = range
        .iter()
        .map_while(|page| spaces.manager.look(Place { space, page }))
        .take_while(|mapping| mapping.access.readable());
    let on_device = |mapping: Mapping| mapping.frame.is_some_and(|frame| frame.home == Home::Device(device));
    if before_the_stop.any(on_device) { Err(Errno::ENOMEM) } else { answer }
}

/// What an operation on a device answers; none for another one.
fn answer<M: DeviceMemory>(spaces: &mut Spaces<M>, operation: Operation) -> Option<Answer> {
    let rules = spaces.machine.rules();
    let answer = if let Operation::Migrate { space, range, route } = operation {
        spaces.living(space).and_then(|()| migrate(spaces, space, range, route))
    } else if let Operation::Evict { device } = operation {
        spaces.manager.evict(device).map(Effect::Pages)
    } else if let Operation::DeviceRead { device, space, page } = operation {
        let place = Place { space, page };
        spaces
            .living(space)
            .and_then(|()| spaces.manager.device_read(device, place).map_err(|errno| told(errno, rules)))
            .map(Effect::Value)
    } else if let Operation::DeviceWrite { device, space, page, stamp } = operation {
        let place = Place { space, page };
        let living = spaces.living(space);
        let written = living.and_then(|()| spaces.manager.device_write(device, place, stamp));
        written.map(|()| Effect::Nothing).map_err(|errno| told(errno, rules))
    } else {
        return None;
    };
    spaces.update(Step::of(operation));
    Some(answer)
}
