//! A small copy-on-write manager with devices, and the faults that it can have.

use std::collections::{BTreeMap, BTreeSet};

use stalemap::{
    Access, AddressSpaces, Device, DeviceMemory, Errno, FrameToken, Home, Kind, KindSet, Machine, Mapping, Observables,
    PageRange, Place, Route, Space, Stamp, VirtualPage,
};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// A shared page is written in place.
    WritesShared,
    /// A page that is unmapped keeps its frame.
    LosesFrame,
    /// A page that is migrated leaves the entries of other spaces behind.
    MigratesOneEntry,
    /// A range is protected but for its last page.
    ProtectsTooLittle,
}

/// Frames with a stamp and a count of entries, and the entries.
pub(crate) struct Small<const FAULT: usize, const DEVICES: bool = false> {
    mapped: BTreeMap<Place, (Access, Option<FrameToken>)>,
    /// The places that were written since their page was shared.
    writable: BTreeSet<Place>,
    frames: BTreeMap<FrameToken, (Stamp, u32)>,
    machine: Machine,
}

pub(crate) const FAULTS: [Fault; 5] =
    [Fault::None, Fault::WritesShared, Fault::LosesFrame, Fault::MigratesOneEntry, Fault::ProtectsTooLittle];

impl<const FAULT: usize, const DEVICES: bool> Small<FAULT, DEVICES> {
    const FAULT: Fault = FAULTS[FAULT];
    const UNPROTECTED: KindSet = KindSet::NONE
        .with(Kind::Map)
        .with(Kind::Unmap)
        .with(Kind::Discard)
        .with(Kind::Move)
        .with(Kind::Fork)
        .with(Kind::Exit)
        .with(Kind::Read)
        .with(Kind::Write);

    fn allocate(&mut self, home: Home, stamp: Stamp) -> Result<FrameToken, Errno> {
        let mut frames = (0..self.machine.frames(home)).map(|offset| FrameToken { home, offset });
        let free = frames.find(|frame| !self.frames.contains_key(frame)).ok_or(Errno::ENOMEM)?;
        self.frames.insert(free, (stamp, 1));
        Ok(free)
    }

    fn drop_entry(&mut self, frame: FrameToken) {
        let (_, count) = self.frames.get_mut(&frame).expect("it is in use");
        *count -= 1;
        if *count == 0 && Self::FAULT != Fault::LosesFrame {
            self.frames.remove(&frame);
        }
    }

    fn access(&self, place: Place, may: fn(Access) -> bool) -> Result<Option<FrameToken>, Errno> {
        let (access, frame) = self.mapped.get(&place).ok_or(Errno::EFAULT)?;
        if may(*access) { Ok(*frame) } else { Err(Errno::EFAULT) }
    }

    /// Moves a page, with all its entries.
    fn relocate_page(&mut self, from: FrameToken, home: Home) -> Result<FrameToken, Errno> {
        let (stamp, count) = self.frames[&from];
        let to = self.allocate(home, stamp)?;
        let entries = self.mapped.values_mut().filter(|(_, frame)| *frame == Some(from));
        let most = if Self::FAULT == Fault::MigratesOneEntry { 1 } else { usize::MAX };
        entries.take(most).for_each(|(_, frame)| *frame = Some(to));
        self.frames.insert(to, (stamp, count));
        self.frames.remove(&from);
        Ok(to)
    }

    /// The page comes back to RAM before the CPU touches it.
    fn fault_back(&mut self, frame: FrameToken) -> Result<FrameToken, Errno> {
        if frame.home == Home::Ram { Ok(frame) } else { self.relocate_page(frame, Home::Ram) }
    }

    fn set(&mut self, place: Place, frame: FrameToken, stamp: Stamp) -> Result<(), Errno> {
        let (_, count) = self.frames[&frame];
        if count > 1 && Self::FAULT != Fault::WritesShared {
            let copy = self.allocate(Home::Ram, stamp)?;
            self.drop_entry(frame);
            self.mapped.get_mut(&place).expect("it is mapped").1 = Some(copy);
        } else {
            self.frames.get_mut(&frame).expect("it is in use").0 = stamp;
        }
        self.writable.insert(place);
        Ok(())
    }
}

impl<const FAULT: usize, const DEVICES: bool> AddressSpaces for Small<FAULT, DEVICES> {
    const NAME: &'static str = "small";
    /// With devices there is no protection: which entries are writable would be a matter of the dialect.
    const OPERATIONS: KindSet = if DEVICES { Self::UNPROTECTED } else { Self::UNPROTECTED.with(Kind::Protect) };
    const SHOWS: Observables = Observables::STAMPS.and(Observables::MAPCOUNTS).and(Observables::FREE);

    fn new(machine: &Machine) -> Result<Self, String> {
        if machine.ram() % 7 == 5 {
            return Err(format!("{} frames are an odd number", machine.ram()));
        }
        Ok(Small { mapped: BTreeMap::new(), writable: BTreeSet::new(), frames: BTreeMap::new(), machine: *machine })
    }

    fn map(&mut self, space: Space, range: PageRange, access: Access) -> Result<(), Errno> {
        let places = range.iter().map(|page| Place { space, page });
        if places.clone().any(|place| self.mapped.contains_key(&place)) {
            return Err(Errno::EEXIST);
        }
        self.mapped.extend(places.map(|place| (place, (access, None))));
        Ok(())
    }

    fn unmap(&mut self, space: Space, range: PageRange) {
        for page in range.iter() {
            self.writable.remove(&Place { space, page });
            if let Some((_, Some(frame))) = self.mapped.remove(&Place { space, page }) {
                self.drop_entry(frame);
            }
        }
    }

    fn discard(&mut self, space: Space, range: PageRange) {
        for page in range.iter() {
            self.writable.remove(&Place { space, page });
            if let Some(frame) = self.mapped.get_mut(&Place { space, page }).and_then(|(_, frame)| frame.take()) {
                self.drop_entry(frame);
            }
        }
    }

    fn protect(&mut self, space: Space, range: PageRange, access: Access) {
        let count = range.count as usize;
        let count = if Self::FAULT == Fault::ProtectsTooLittle && count > 1 { count - 1 } else { count };
        for page in range.iter().take(count) {
            self.mapped.get_mut(&Place { space, page }).expect("it is mapped").0 = access;
        }
    }

    fn relocate(&mut self, space: Space, from: VirtualPage, to: VirtualPage) {
        self.unmap(space, to.into());
        let [from, to] = [from, to].map(|page| Place { space, page });
        let moved = self.mapped.remove(&from).expect("it is mapped");
        self.mapped.insert(to, moved);
        if self.writable.remove(&from) {
            self.writable.insert(to);
        }
    }

    fn fork(&mut self, parent: Space, child: Space) {
        let copies: Vec<_> = self.mapped.iter().filter(|(place, _)| place.space == parent).collect();
        let copies: Vec<_> = copies.into_iter().map(|(place, it)| (Place { space: child, ..*place }, *it)).collect();
        self.writable.retain(|place| place.space != parent);
        for (place, (access, frame)) in copies {
            if let Some(frame) = frame {
                self.frames.get_mut(&frame).expect("it is in use").1 += 1;
            }
            self.mapped.insert(place, (access, frame));
        }
    }

    fn exit(&mut self, space: Space) {
        self.unmap(space, PageRange { first: VirtualPage(0), count: self.machine.pages() });
    }

    fn read(&mut self, place: Place) -> Result<Stamp, Errno> {
        let Some(frame) = self.access(place, Access::readable)? else { return Ok(Stamp(0)) };
        let frame = self.fault_back(frame)?;
        Ok(self.frames[&frame].0)
    }

    fn write(&mut self, place: Place, stamp: Stamp) -> Result<(), Errno> {
        match self.access(place, Access::writable)? {
            None => {
                let frame = self.allocate(Home::Ram, stamp)?;
                self.mapped.get_mut(&place).expect("it is mapped").1 = Some(frame);
                self.writable.insert(place);
                Ok(())
            }
            Some(frame) => {
                let frame = self.fault_back(frame)?;
                self.set(place, frame, stamp)
            }
        }
    }

    fn look(&self, place: Place) -> Option<Mapping> {
        let (access, frame) = *self.mapped.get(&place)?;
        Some(Mapping { access, frame, writable: false })
    }

    fn stamp(&self, frame: FrameToken) -> Stamp {
        self.frames.get(&frame).map_or(Stamp(0xff), |(stamp, _)| *stamp)
    }

    fn mapcount(&self, frame: FrameToken) -> u32 {
        self.frames.get(&frame).map_or(0, |(_, count)| *count)
    }

    fn free_frames(&self, home: Home) -> u32 {
        let used = self.frames.keys().filter(|frame| frame.home == home).count();
        self.machine.frames(home) - u32::try_from(used).expect("few")
    }

    fn validate(&self) -> Result<(), String> {
        let entries = self.mapped.values().filter(|(_, frame)| frame.is_some()).count();
        let counted: u32 = self.frames.values().map(|(_, count)| count).sum();
        if counted as usize == entries {
            Ok(())
        } else {
            Err(format!("{counted} entries are counted, {entries} exist"))
        }
    }
}

impl<const FAULT: usize, const DEVICES: bool> DeviceMemory for Small<FAULT, DEVICES> {
    fn migrate(&mut self, space: Space, range: PageRange, route: Route) -> Result<u32, Errno> {
        let mut moved = 0;
        for page in range.iter() {
            let place = Place { space, page };
            let frame = self.access(place, Access::readable).map_err(|_| Errno::EINVAL)?;
            let done = match (route, frame) {
                (Route::To(device), Some(frame)) if frame.home == Home::Ram => {
                    self.relocate_page(frame, Home::Device(device))
                }
                (Route::To(device), None) => self.allocate(Home::Device(device), Stamp(0)).inspect(|&frame| {
                    self.mapped.get_mut(&place).expect("it is mapped").1 = Some(frame);
                    if self.mapped[&place].0.writable() {
                        self.writable.insert(place);
                    }
                }),
                (Route::From(device), Some(frame)) if frame.home == Home::Device(device) => {
                    self.relocate_page(frame, Home::Ram)
                }
                (Route::To(_) | Route::From(_), _) => continue,
            };
            moved += u32::from(done.is_ok());
        }
        Ok(moved)
    }

    fn device_read(&mut self, device: Device, place: Place) -> Result<Stamp, Errno> {
        let Some(frame) = self.access(place, Access::readable)? else { return Ok(Stamp(0)) };
        let frame = if frame.home == Home::Device(device) { frame } else { self.fault_back(frame)? };
        Ok(self.frames[&frame].0)
    }

    fn device_write(&mut self, device: Device, place: Place, stamp: Stamp) -> Result<(), Errno> {
        let frame = self.access(place, Access::readable)?;
        let own = frame.filter(|frame| frame.home == Home::Device(device));
        if own.is_some() && !self.writable.contains(&place) {
            return Err(Errno::EFAULT);
        }
        self.access(place, Access::writable).map_err(|_| Errno::EPERM)?;
        match own {
            Some(own) => self.set(place, own, stamp),
            None => self.write(place, stamp),
        }
    }
}
