//! The memory manager as Stalemap drives it, beside the reference: numbers and names are translated, no more.

use stalemap::{
    Access, AddressSpaces, Errno, FrameToken, Home, Machine, Mapping, Observables, PageRange, Place, Space, Stamp, Subject,
};

use super::memory::{Memory, Refusal, Rights};

impl AddressSpaces for Memory {
    const NAME: &'static str = env!("CARGO_PKG_NAME");

    // Each of them has a function below, and is compared.
    const SHOWS: Observables = Observables::STAMPS.and(Observables::MAPCOUNTS).and(Observables::FREE);

    fn new(machine: &Machine) -> Result<Self, String> {
        Ok(Memory::new(machine.ram()))
    }

    fn map(&mut self, space: Space, range: PageRange, access: Access) -> Result<(), Errno> {
        Memory::map(self, space.0, range.iter().map(|page| page.0), rights(access)).map_err(errno)
    }

    fn unmap(&mut self, space: Space, range: PageRange) {
        range.iter().for_each(|page| Memory::unmap(self, space.0, page.0));
    }

    fn protect(&mut self, space: Space, range: PageRange, access: Access) {
        range.iter().for_each(|page| Memory::protect(self, space.0, page.0, rights(access)));
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
        let access = access(entry.rights);
        Some(entry.frame.map_or(Mapping::hole(access), |frame| Mapping::ram(access, frame, false)))
    }

    fn stamp(&self, frame: FrameToken) -> Stamp {
        Stamp(self.content(frame.offset))
    }

    fn mapcount(&self, frame: FrameToken) -> u32 {
        self.entries_of(frame.offset)
    }

    fn free_frames(&self, home: Home) -> u32 {
        if home == Home::Ram { Memory::free_frames(self) } else { 0 }
    }
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
        Refusal::NoFrame => Errno::ENOMEM,
    }
}

/// Builds the subject of a campaign: the memory manager, with the RAM of this machine.
///
/// # Errors
/// Says why the memory manager cannot be this machine; this one can.
pub fn build(machine: &Machine) -> Result<impl Subject + use<>, String> {
    stalemap::spaces::<Memory>(machine)
}
