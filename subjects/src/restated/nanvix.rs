//! Nanvix issue 2512, "Re-forking a CoW page maps it read-only without the CoW bit": what `link_user_pages` selects.
//!
//! An entry has a writable bit for the hardware and a copy-on-write bit for the kernel. `fork` takes a page for writable if
//! the hardware bit is set. One that is shared already since an earlier fork has lost that bit: it passes for read-only, and
//! the next child gets it without the copy-on-write bit. Its first write is a protection fault instead of a copy. The repair
//! (pull request 2515) takes a page for writable if either bit is set.
//!
//! Changed here: pages are filled at the first write, not when they are mapped, and there is no `protect`.

use stalemap::{
    Access, AddressSpaces, Errno, FrameToken, Home, Kind, KindSet, Machine, Mapping, Observables, PageRange, Place,
    Space, Stamp, VirtualPage,
};

use crate::spaces::Frames;

/// All spaces, before or after the repair.
pub(crate) struct Nanvix<const REPAIRED: bool> {
    pages: u32,
    frames: Frames,
    /// By space and page.
    spaces: Vec<Vec<Option<Mapped>>>,
}

/// The access that was asked for, and the entry.
type Mapped = (Access, Option<Entry>);

#[derive(Clone, Copy)]
struct Entry {
    frame: u32,
    writable: bool,
    copy_on_write: bool,
}

impl<const REPAIRED: bool> Nanvix<REPAIRED> {
    fn at(&self, place: Place) -> Option<Mapped> {
        self.spaces[place.space.index()][place.page.index()]
    }

    fn set(&mut self, place: Place, mapped: Option<Mapped>) {
        self.spaces[place.space.index()][place.page.index()] = mapped;
    }

    /// What `link_one_user_page` does: the child's entry, and the copy-on-write bit of the parent's.
    fn link(&mut self, parent: Place, child: Place) {
        let Some((access, Some(entry))) = self.at(parent) else { return self.set(child, self.at(parent)) };
        self.frames.share(entry.frame);
        let is_writable = entry.writable || REPAIRED && entry.copy_on_write;
        let shared = Entry { writable: false, copy_on_write: is_writable, ..entry };
        self.set(child, Some((access, Some(shared))));
        if is_writable {
            self.set(parent, Some((access, Some(shared))));
        }
    }
}

impl<const REPAIRED: bool> AddressSpaces for Nanvix<REPAIRED> {
    const NAME: &'static str = "nanvix";
    const OPERATIONS: KindSet = KindSet::NONE
        .with(Kind::Map)
        .with(Kind::Unmap)
        .with(Kind::Fork)
        .with(Kind::Exit)
        .with(Kind::Read)
        .with(Kind::Write);
    const SHOWS: Observables = Observables::NONE
        .and(Observables::WRITABLE)
        .and(Observables::STAMPS)
        .and(Observables::MAPCOUNTS)
        .and(Observables::FREE);

    fn new(machine: &Machine) -> Result<Self, String> {
        let spaces = vec![vec![None; machine.pages() as usize]; machine.spaces() as usize];
        Ok(Nanvix { pages: machine.pages(), frames: Frames::new(machine.ram()), spaces })
    }

    fn map(&mut self, space: Space, range: PageRange, access: Access) -> Result<(), Errno> {
        if range.iter().any(|page| self.at(Place { space, page }).is_some()) {
            return Err(Errno::EEXIST);
        }
        range.iter().for_each(|page| self.set(Place { space, page }, Some((access, None))));
        Ok(())
    }

    fn unmap(&mut self, space: Space, range: PageRange) {
        for place in range.iter().map(|page| Place { space, page }) {
            if let Some((_, Some(entry))) = self.at(place) {
                self.frames.release(entry.frame);
            }
            self.set(place, None);
        }
    }

    fn fork(&mut self, parent: Space, child: Space) {
        for page in (0..self.pages).map(VirtualPage) {
            self.link(Place { space: parent, page }, Place { space: child, page });
        }
    }

    fn exit(&mut self, space: Space) {
        self.unmap(space, PageRange { first: VirtualPage(0), count: self.pages });
    }

    fn read(&mut self, place: Place) -> Result<Stamp, Errno> {
        let (_, entry) = self.at(place).filter(|(access, _)| access.readable()).ok_or(Errno::EFAULT)?;
        Ok(entry.map_or(Stamp(0), |entry| self.frames.stamp(entry.frame)))
    }

    /// The fault handler: only what has the copy-on-write bit is copied, or taken over where no other entry maps it.
    fn write(&mut self, place: Place, stamp: Stamp) -> Result<(), Errno> {
        let (access, entry) = self.at(place).filter(|(access, _)| access.writable()).ok_or(Errno::EFAULT)?;
        let frame = match entry {
            None => self.frames.allocate().ok_or(Errno::ENOMEM)?,
            Some(entry) if entry.writable => entry.frame,
            Some(entry) if !entry.copy_on_write => return Err(Errno::EFAULT),
            Some(entry) if self.frames.reuse(entry.frame) => entry.frame,
            Some(entry) => self.frames.copy(entry.frame)?,
        };
        self.set(place, Some((access, Some(Entry { frame, writable: true, copy_on_write: false }))));
        self.frames.set_stamp(frame, stamp);
        Ok(())
    }

    fn look(&self, place: Place) -> Option<Mapping> {
        let (access, entry) = self.at(place)?;
        let mapping = |entry: Entry| Mapping::ram(access, entry.frame, entry.writable);
        Some(entry.map_or(Mapping::hole(access), mapping))
    }

    fn stamp(&self, frame: FrameToken) -> Stamp {
        self.frames.stamp(frame.offset)
    }

    fn mapcount(&self, frame: FrameToken) -> u32 {
        self.frames.count(frame.offset)
    }

    fn free_frames(&self, home: Home) -> u32 {
        self.frames.free(home)
    }
}
