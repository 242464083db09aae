//! Pull request 2096 of tgoskits, "roll back failed COW clones": what `CowBackend::clone_map` of the Starry kernel leaves.
//!
//! A clone goes from page to page: it takes the right to write from the parent's entry, sets the child's, and adds a reference
//! to the frame. Where that fails half way, nothing of it is taken back. The child's area is registered with the last page
//! only, and a page table that is dropped does not release what its entries map; so the references stay, and the frames are
//! never free again. The repair takes the pages back in reverse order.
//!
//! Changed here: what fails is the copy of a pinned page that finds no frame, which the reference knows, instead of a page
//! table or the charge of a page; areas are pages; there is no `protect`.

use std::collections::BTreeMap;

use stalemap::{
    Access, AddressSpaces, Errno, FrameToken, Home, Kind, KindSet, Machine, Mapping, Observables, PageRange,
    PinnedMemory, Place, Space, Stamp, VirtualPage,
};

use crate::spaces::Frames;

/// All spaces, before or after the repair.
pub(crate) struct Starry<const REPAIRED: bool> {
    frames: Frames,
    /// How many pins are on a frame.
    pins: BTreeMap<u32, u32>,
    spaces: Vec<AddressSpace>,
}

/// What is mapped, and the page table.
#[derive(Clone, Default)]
struct AddressSpace {
    areas: BTreeMap<VirtualPage, Access>,
    table: BTreeMap<VirtualPage, Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    frame: u32,
    writable: bool,
}

impl<const REPAIRED: bool> Starry<REPAIRED> {
    fn access(&self, place: Place) -> Result<Access, Errno> {
        self.spaces[place.space.index()].areas.get(&place.page).copied().ok_or(Errno::EFAULT)
    }

    fn entry(&self, place: Place) -> Option<Entry> {
        self.spaces[place.space.index()].table.get(&place.page).copied()
    }

    /// The frame of a page that can be written, after a fault where one is due.
    fn written(&mut self, place: Place) -> Result<u32, Errno> {
        if !self.access(place)?.writable() {
            return Err(Errno::EFAULT);
        }
        let frame = match self.entry(place) {
            None => self.frames.allocate().ok_or(Errno::ENOMEM)?,
            Some(entry) if entry.writable || self.frames.reuse(entry.frame) => entry.frame,
            Some(entry) => self.frames.copy(entry.frame)?,
        };
        self.spaces[place.space.index()].table.insert(place.page, Entry { frame, writable: true });
        Ok(frame)
    }

    /// A page of the parent for the child.
    fn clone_page(&mut self, parent: Space, page: VirtualPage, child: &mut AddressSpace) -> Result<(), Errno> {
        let Some(entry) = self.spaces[parent.index()].table.get_mut(&page) else { return Ok(()) };
        if self.pins.contains_key(&entry.frame) {
            let frame = self.frames.allocate().ok_or(Errno::ENOMEM)?;
            self.frames.set_stamp(frame, self.frames.stamp(entry.frame));
            child.table.insert(page, Entry { frame, writable: true });
            return Ok(());
        }
        entry.writable = false;
        child.table.insert(page, *entry);
        self.frames.share(entry.frame);
        Ok(())
    }
}

impl<const REPAIRED: bool> AddressSpaces for Starry<REPAIRED> {
    const NAME: &'static str = "starry";
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
        .and(Observables::REFCOUNTS)
        .and(Observables::FREE);

    fn new(machine: &Machine) -> Result<Self, String> {
        let spaces = vec![AddressSpace::default(); machine.spaces() as usize];
        Ok(Starry { frames: Frames::new(machine.ram()), pins: BTreeMap::new(), spaces })
    }

    fn map(&mut self, space: Space, range: PageRange, access: Access) -> Result<(), Errno> {
        let areas = &mut self.spaces[space.index()].areas;
        if range.iter().any(|page| areas.contains_key(&page)) {
            return Err(Errno::EEXIST);
        }
        areas.extend(range.iter().map(|page| (page, access)));
        Ok(())
    }

    fn unmap(&mut self, space: Space, range: PageRange) {
        let AddressSpace { areas, table } = &mut self.spaces[space.index()];
        for page in range.iter() {
            areas.remove(&page);
            if let Some(entry) = table.remove(&page) {
                self.frames.release(entry.frame);
            }
        }
    }

    fn try_fork(&mut self, parent: Space, child: Space) -> Result<(), Errno> {
        let areas = self.spaces[parent.index()].areas.clone();
        let mut clone = AddressSpace::default();
        for &page in areas.keys() {
            if let Err(errno) = self.clone_page(parent, page, &mut clone) {
                if REPAIRED {
                    clone.table.into_values().rev().for_each(|entry| self.frames.release(entry.frame));
                }
                return Err(errno);
            }
        }
        self.spaces[child.index()] = AddressSpace { areas, ..clone };
        Ok(())
    }

    fn exit(&mut self, space: Space) {
        let AddressSpace { table, .. } = std::mem::take(&mut self.spaces[space.index()]);
        table.into_values().for_each(|entry| self.frames.release(entry.frame));
    }

    fn read(&mut self, place: Place) -> Result<Stamp, Errno> {
        if !self.access(place)?.readable() {
            return Err(Errno::EFAULT);
        }
        Ok(self.entry(place).map_or(Stamp(0), |entry| self.frames.stamp(entry.frame)))
    }

    fn write(&mut self, place: Place, stamp: Stamp) -> Result<(), Errno> {
        let frame = self.written(place)?;
        self.frames.set_stamp(frame, stamp);
        Ok(())
    }

    fn look(&self, place: Place) -> Option<Mapping> {
        let access = self.access(place).ok()?;
        let mapping = |entry: Entry| Mapping::ram(access, entry.frame, entry.writable);
        Some(self.entry(place).map_or(Mapping::hole(access), mapping))
    }

    fn stamp(&self, frame: FrameToken) -> Stamp {
        self.frames.stamp(frame.offset)
    }

    fn refcount(&self, frame: FrameToken) -> u32 {
        self.frames.count(frame.offset)
    }

    fn free_frames(&self, home: Home) -> u32 {
        self.frames.free(home)
    }
}

impl<const REPAIRED: bool> PinnedMemory for Starry<REPAIRED> {
    fn pin(&mut self, place: Place) -> Result<FrameToken, Errno> {
        let frame = self.written(place)?;
        self.frames.pin(frame);
        *self.pins.entry(frame).or_default() += 1;
        Ok(FrameToken { home: Home::Ram, offset: frame })
    }

    fn unpin(&mut self, frame: FrameToken) {
        let pins = self.pins.get_mut(&frame.offset).expect("the frame is pinned");
        *pins -= 1;
        if *pins == 0 {
            self.pins.remove(&frame.offset);
        }
        self.frames.release(frame.offset);
    }

    fn pin_read(&mut self, frame: FrameToken) -> Stamp {
        self.frames.stamp(frame.offset)
    }

    fn pin_write(&mut self, frame: FrameToken, stamp: Stamp) {
        self.frames.set_stamp(frame.offset, stamp);
    }
}
