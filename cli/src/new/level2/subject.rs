//! The memory manager as Stalemap drives it, beside the reference: numbers and names are translated, no more.

use stalemap::{
    Access, AddressSpaces, Device, DeviceMemory, Errno, FrameToken, Home, Kind, KindSet, Machine, Mapping, Observables,
    PageRange, Place, Route, Space, Stamp, Subject,
};

use super::memory::{FrameId, Memory, RAM, Refusal, Rights};

impl AddressSpaces for Memory {
    const NAME: &'static str = env!("CARGO_PKG_NAME");

    // Without `protect`, which this one does not have; the operations of devices come by themselves.
    const OPERATIONS: KindSet = KindSet::NONE
        .with(Kind::Map)
        .with(Kind::Unmap)
        .with(Kind::Fork)
        .with(Kind::Exit)
        .with(Kind::Read)
        .with(Kind::Write);

    // Each of them has a function below, and is compared.
    const SHOWS: Observables = Observables::STAMPS.and(Observables::MAPCOUNTS).and(Observables::FREE);

    fn new(machine: &Machine) -> Result<Self, String> {
        Ok(Memory::new(&Home::ALL.map(|home| machine.frames(home))))
    }

    fn map(&mut self, space: Space, range: PageRange, access: Access) -> Result<(), Errno> {
        Memory::map(self, space.0, range.iter().map(|page| page.0), rights(access)).map_err(errno)
    }

    fn unmap(&mut self, space: Space, range: PageRange) {
        range.iter().for_each(|page| Memory::unmap(self, space.0, page.0));
    }

    fn fork(&mut self, parent: Space, child: Space) {
        Memory::fork(self, parent.0, child.0);
    }

    fn exit(&mut self, space: Space) {
        Memory::exit(self, space.0);
    }

    fn read(&mut self, place: Place) -> Result<Stamp, Errno> {
        Memory::read(self, place.space.0, place.page.0).map(Stamp).map_err(errno)
    }

    fn write(&mut self, place: Place, stamp: Stamp) -> Result<(), Errno> {
        Memory::write(self, place.space.0, place.page.0, stamp.0).map_err(errno)
    }

    fn look(&self, place: Place) -> Option<Mapping> {
        let entry = Memory::look(self, place.space.0, place.page.0)?;
        let frame = entry.frame.map(|frame| FrameToken { home: Home::ALL[frame.home], offset: frame.number });
        Some(Mapping { access: access(entry.rights), frame, writable: false })
    }

    fn stamp(&self, frame: FrameToken) -> Stamp {
        Stamp(self.content(id(frame)))
    }

    fn mapcount(&self, frame: FrameToken) -> u32 {
        self.entries_of(id(frame))
    }

    fn free_frames(&self, home: Home) -> u32 {
        Memory::free_frames(self, home.index())
    }
}

impl DeviceMemory for Memory {
    fn migrate(&mut self, space: Space, range: PageRange, route: Route) -> Result<u32, Errno> {
        let (from, to) = match route {
            Route::To(device) => (RAM, Home::Device(device).index()),
            Route::From(device) => (Home::Device(device).index(), RAM),
        };
        let mut moved = 0;
        for page in range.iter() {
            let has_moved = Memory::migrate(self, space.0, page.0, from, to);
            moved += u32::from(has_moved.map_err(|_| Errno::EINVAL)?);
        }
        Ok(moved)
    }

    fn device_read(&mut self, device: Device, place: Place) -> Result<Stamp, Errno> {
        let home = Home::Device(device).index();
        Memory::device_read(self, home, place.space.0, place.page.0).map(Stamp).map_err(errno)
    }

    fn device_write(&mut self, device: Device, place: Place, stamp: Stamp) -> Result<(), Errno> {
        let home = Home::Device(device).index();
        Memory::device_write(self, home, place.space.0, place.page.0, stamp.0).map_err(errno)
    }
}

fn id(frame: FrameToken) -> FrameId {
    FrameId { home: frame.home.index(), number: frame.offset }
}

fn rights(access: Access) -> Rights {
    match access {
        Access::None => Rights::None,
        Access::Read => Rights::Read,
        Access::ReadWrite => Rights::ReadWrite,
    }
}

fn access(rights: Rights) -> Access {
    match rights {
        Rights::None => Access::None,
        Rights::Read => Access::Read,
        Rights::ReadWrite => Access::ReadWrite,
    }
}

fn errno(refusal: Refusal) -> Errno {
    match refusal {
        Refusal::Mapped => Errno::EEXIST,
        Refusal::Fault => Errno::EFAULT,
        Refusal::ReadOnly => Errno::EPERM,
        Refusal::NoFrame => Errno::ENOMEM,
    }
}

/// Builds the subject of a campaign: the memory manager, with the RAM and the devices of this machine.
///
/// # Errors
/// Says why the memory manager cannot be this machine; this one can.
pub fn build(machine: &Machine) -> Result<impl Subject + use<>, String> {
    stalemap::spaces_with_devices::<Memory>(machine)
}
