//! The adapter for pins beside the reference: a manager that keeps pinned pages agrees, and one that does not is found.

use std::collections::BTreeMap;

use stalemap::{
    Access, AddressSpaces, Build, Compare, Driver, Errno, FrameToken, Generator, Home, Kind, KindSet, Machine, Mapping,
    Observables, PageRange, PinnedMemory, Place, Program, Settings, Space, Stamp, Subject as _, spaces_with_pins,
};

/// Nothing is wrong; an unmapped page is freed though it is pinned; a page keeps its frame when its last pin goes.
const RIGHT: usize = 0;
const FREES_PINNED: usize = 1;
const KEEPS_UNPINNED: usize = 2;

/// Spaces without fork: pages are in frames that entries and pins keep.
struct Pinning<const FAULT: usize> {
    mapped: BTreeMap<Place, (Access, Option<u32>)>,
    /// Stamp, entries and pins of each frame.
    ram: Vec<Option<(Stamp, u32, u32)>>,
}

impl<const FAULT: usize> Pinning<FAULT> {
    fn drop_reference(&mut self, frame: u32, entries: u32, pins: u32) {
        let used = self.ram[frame as usize].as_mut().expect("the frame is in use");
        (used.1, used.2) = (used.1 - entries, used.2 - pins);
        let is_kept = (used.2 > 0 && FAULT != FREES_PINNED) || (pins > 0 && FAULT == KEEPS_UNPINNED);
        if used.1 == 0 && !is_kept {
            self.ram[frame as usize] = None;
        }
    }

    fn written(&mut self, place: Place) -> Result<u32, Errno> {
        let (access, frame) = self.mapped.get_mut(&place).ok_or(Errno::EFAULT)?;
        if !access.writable() {
            return Err(Errno::EFAULT);
        }
        let free = || self.ram.iter().position(Option::is_none);
        let index = frame.map_or_else(free, |frame| Some(frame as usize)).ok_or(Errno::ENOMEM)?;
        self.ram[index].get_or_insert((Stamp(0), 1, 0));
        *frame = u32::try_from(index).ok();
        Ok(frame.expect("a machine has fewer than 2^32 frames"))
    }

    fn stamp_of(&self, frame: u32) -> Stamp {
        self.ram[frame as usize].map_or(Stamp(0xff), |(stamp, ..)| stamp)
    }
}

impl<const FAULT: usize> AddressSpaces for Pinning<FAULT> {
    const NAME: &'static str = "pinning";
    const OPERATIONS: KindSet = KindSet::NONE.with(Kind::Map).with(Kind::Unmap).with(Kind::Read).with(Kind::Write);
    const SHOWS: Observables = Observables::STAMPS.and(Observables::REFCOUNTS).and(Observables::FREE);

    fn new(machine: &Machine) -> Result<Self, String> {
        Ok(Pinning { mapped: BTreeMap::new(), ram: vec![None; machine.ram() as usize] })
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
            if let Some((_, Some(frame))) = self.mapped.remove(&Place { space, page }) {
                self.drop_reference(frame, 1, 0);
            }
        }
    }

    fn read(&mut self, place: Place) -> Result<Stamp, Errno> {
        let (access, frame) = self.mapped.get(&place).ok_or(Errno::EFAULT)?;
        let value = frame.map_or(Stamp(0), |frame| self.stamp_of(frame));
        if access.readable() { Ok(value) } else { Err(Errno::EFAULT) }
    }

    fn write(&mut self, place: Place, stamp: Stamp) -> Result<(), Errno> {
        let frame = self.written(place)?;
        self.pin_write(FrameToken { home: Home::Ram, offset: frame }, stamp);
        Ok(())
    }

    fn look(&self, place: Place) -> Option<Mapping> {
        let (access, frame) = self.mapped.get(&place)?;
        Some(frame.map_or(Mapping::hole(*access), |frame| Mapping::ram(*access, frame, true)))
    }

    fn stamp(&self, frame: FrameToken) -> Stamp {
        self.stamp_of(frame.offset)
    }

    fn refcount(&self, frame: FrameToken) -> u32 {
        self.ram[frame.offset as usize].map_or(0, |(_, entries, pins)| entries + pins)
    }

    fn free_frames(&self, home: Home) -> u32 {
        let free = self.ram.iter().filter(|frame| home == Home::Ram && frame.is_none()).count();
        u32::try_from(free).expect("few")
    }
}

impl<const FAULT: usize> PinnedMemory for Pinning<FAULT> {
    fn pin(&mut self, place: Place) -> Result<FrameToken, Errno> {
        let frame = self.written(place)?;
        self.ram[frame as usize].as_mut().expect("it was written").2 += 1;
        Ok(FrameToken { home: Home::Ram, offset: frame })
    }

    fn unpin(&mut self, frame: FrameToken) {
        if self.ram[frame.offset as usize].is_some() {
            self.drop_reference(frame.offset, 0, 1);
        }
    }

    fn pin_read(&mut self, frame: FrameToken) -> Stamp {
        self.stamp_of(frame.offset)
    }

    fn pin_write(&mut self, frame: FrameToken, stamp: Stamp) {
        if let Some(used) = &mut self.ram[frame.offset as usize] {
            used.0 = stamp;
        }
    }
}

/// The first divergence of some executions.
fn finds(build: impl Build + 'static, executions: u64) -> Option<String> {
    let mut generator = Generator::new(Settings::of(&build));
    let mut driver = Driver::new(build);
    let mut program = Program::default();
    let found = (0..executions).find_map(|index| {
        generator.execution(1, index, &mut program);
        let run = driver.run(&program, Compare::Touched).expect("it can be every machine");
        run.divergence.map(|divergence| divergence.signature().to_string())
    });
    let unpinned = driver.tally().of(Kind::Unpin, 0);
    assert!(found.is_some() || unpinned > executions / 4, "{unpinned} operations unpin");
    found
}

#[test]
fn a_manager_that_keeps_what_is_pinned_agrees_and_others_are_found() {
    assert_eq!(finds(spaces_with_pins::<Pinning<RIGHT>>, 3_000), None);
    assert!(finds(spaces_with_pins::<Pinning<FREES_PINNED>>, 300).is_some());
    assert!(finds(spaces_with_pins::<Pinning<KEEPS_UNPINNED>>, 300).is_some());
}

#[test]
fn slots_are_the_adapters_own() {
    let machine = Machine::from_sizes([2, 0, 0, 1, 1], Default::default()).expect("a machine");
    let subject = spaces_with_pins::<Pinning<RIGHT>>(&machine).expect("it can be every machine");
    let capabilities = subject.capabilities();
    assert!(capabilities.observables.include(Observables::SLOTS));
    assert!(capabilities.operations.contains(Kind::PinWrite) && !capabilities.operations.contains(Kind::Hold));
    let text = "machine ram=2 spaces=1 pages=1\nunpin k0\nmap s0 v0 rw\npin k0 s0 v0\npin k0 s0 v0\npin k1 s0 v0\n\
                unmap s0 v0\npin_write k1 #2a\nunpin k0\npin_read k1\nunpin k1\npin_read k1\n";
    let trace = stalemap::Trace::parse(text).expect("a trace");
    let run = Driver::new(spaces_with_pins::<Pinning<RIGHT>>).run(&trace.program(), Compare::Everything);
    assert_eq!(run.expect("it is such a machine").divergence, None);
}
