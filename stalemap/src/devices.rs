//! Devices: a memory manager that migrates pages to devices and back, as a subject of level 2 in one step.

use stalemap_operations::{
    Capabilities, Device, Effect, Errno, Home, Kind, Machine, Observation, Operation, Outcome, PageRange, Place, Route,
    Scope, Space, Stamp, Subject, Touched,
};

use crate::spaces::{AddressSpaces, Spaces, spaces};

/// A memory manager whose pages can be at home on devices, which the CPU cannot touch: a CPU access faults the page back.
///
/// [`OPERATIONS`](AddressSpaces::OPERATIONS) gets `migrate`, `device_read` and `device_write` by itself, and
/// [`look`](AddressSpaces::look) shows frames of devices too.
pub trait DeviceMemory: AddressSpaces {
    /// Whether [`evict`](Self::evict) is implemented.
    const EVICTS: bool = false;

    /// Migrates the pages of a range to a device, or back to RAM, place by place; the first that is unmapped or unreadable
    /// stops, and what came before has moved. A hole that goes to a device becomes a page. Without a free frame a page
    /// stays. The number of pages that moved.
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
    /// `EFAULT` where nothing is mapped or access is not allowed, `ENOMEM` where a page of another device cannot come back.
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
pub fn spaces_with_devices<M: DeviceMemory>(machine: &Machine) -> Result<SpacesWithDevices<M>, String> {
    spaces(machine).map(SpacesWithDevices)
}

/// A memory manager with devices.
pub struct SpacesWithDevices<M>(Spaces<M>);

impl<M: DeviceMemory> SpacesWithDevices<M> {
    /// What an operation on a device answers; none for another one.
    fn answer(&mut self, operation: Operation) -> Option<Result<Effect, Errno>> {
        let answer = if let Operation::Migrate { space, range, route } = operation {
            self.0.living(space).and_then(|()| self.0.manager.migrate(space, range, route)).map(Effect::Pages)
        } else if let Operation::Evict { device } = operation {
            self.0.manager.evict(device).map(Effect::Pages)
        } else if let Operation::DeviceRead { device, space, page } = operation {
            let place = Place { space, page };
            self.0.living(space).and_then(|()| self.0.manager.device_read(device, place)).map(Effect::Value)
        } else if let Operation::DeviceWrite { device, space, page, stamp } = operation {
            let place = Place { space, page };
            let written = self.0.living(space).and_then(|()| self.0.manager.device_write(device, place, stamp));
            written.map(|()| Effect::Nothing)
        } else {
            return None;
        };
        self.0.update(operation.first_place().map(|(space, page)| Place { space, page }));
        Some(answer)
    }
}

impl<M: DeviceMemory> Subject for SpacesWithDevices<M> {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = self.0.capabilities();
        let kinds = [Kind::Migrate, Kind::DeviceRead, Kind::DeviceWrite];
        let evict = M::EVICTS.then_some(Kind::Evict);
        for kind in kinds.into_iter().chain(evict) {
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
