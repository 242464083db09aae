//! Address spaces on top of what others wrote: a layer of copy on write over their regions or their page tables.
//!
//! The layer does what a kernel does with such a crate: it asks the regions what may be done, keeps frames in a page table,
//! shares them at `fork` and copies them at the next write. What a stack does not take from a crate is plain.

mod frames;
mod memory_set;
mod plain;
mod rangemap;

use stalemap::{
    Access, AddressSpaces, Errno, FrameToken, Home, Kind, KindSet, Machine, Mapping, Observables, PageRange, Place,
    Space, Stamp, VirtualPage, operations::Dialect,
};

pub(crate) use self::frames::Frames;
pub(crate) use self::memory_set::{MemorySetRegions, MemorySets};
pub(crate) use self::plain::{PlainRegions, PlainTable};
pub(crate) use self::rangemap::{RangeInclusiveMap0_1_8, RangeInclusiveMap1_8_0, RangeMap0_1_8, RangeMap1_8_0};

/// Which pages of a space are mapped, and with which access.
pub(crate) trait Regions: Sized {
    /// Nothing is mapped.
    fn new() -> Self;
    /// The same regions, for a child.
    fn copy(&self) -> Self;
    /// The access of a page; none where it is not mapped.
    fn access(&self, page: VirtualPage) -> Option<Access>;
    /// Maps a range; says no where a page of it is mapped, and changes nothing then.
    fn map(&mut self, range: PageRange, access: Access) -> bool;
    /// Unmaps a range; the parts of which pages have to leave the page table.
    fn unmap(&mut self, range: PageRange) -> Vec<PageRange>;
    /// Changes the access of a range that is mapped; the parts whose entries have to change.
    fn protect(&mut self, range: PageRange, access: Access) -> Vec<PageRange>;
    /// Recounts.
    fn validate(&self) -> Result<(), String> {
        Ok(())
    }
}

/// A page table: the frame of a page, and whether its entry can be written.
pub(crate) trait Table: Sized {
    /// No entries, for a space of so many pages.
    fn new(pages: u32) -> Self;
    /// The entry of a page.
    fn get(&self, page: VirtualPage) -> Option<Entry>;
    /// Sets the entry of a page that has none.
    fn map(&mut self, page: VirtualPage, entry: Entry);
    /// Sets the entry of a page that has one to another frame.
    fn remap(&mut self, page: VirtualPage, entry: Entry);
    /// Changes whether the entry of a page, which has one, can be written, and whether it can be accessed at all.
    fn protect(&mut self, page: VirtualPage, access: Access);
    /// Takes the entry of a page away.
    fn unmap(&mut self, page: VirtualPage) -> Option<Entry>;
}

/// An entry of a page table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) frame: u32,
    /// What the entry itself permits, which is less than the region where the page is shared or was not written yet.
    pub(crate) access: Access,
}

/// What a memory manager is made of.
pub(crate) trait Parts {
    /// Its name in reports.
    const NAME: &'static str;
    type Regions: Regions;
    type Table: Table;
}

/// A memory manager made of these parts.
pub(crate) struct Manager<P: Parts> {
    pages: u32,
    frames: Frames,
    spaces: Vec<(P::Regions, P::Table)>,
}

impl<P: Parts> Manager<P> {
    fn entry(&self, place: Place) -> Option<Entry> {
        self.spaces[place.space.index()].1.get(place.page)
    }

    fn drop_entries(&mut self, space: Space, parts: Vec<PageRange>) {
        for page in parts.into_iter().flat_map(PageRange::iter) {
            if let Some(entry) = self.spaces[space.index()].1.unmap(page) {
                self.frames.release(entry.frame);
            }
        }
    }

    fn region(&self, place: Place) -> Result<Access, Errno> {
        self.spaces[place.space.index()].0.access(place.page).ok_or(Errno::EFAULT)
    }
}

impl<P: Parts> AddressSpaces for Manager<P> {
    const NAME: &'static str = P::NAME;
    const OPERATIONS: KindSet = KindSet::NONE
        .with(Kind::Map)
        .with(Kind::Unmap)
        .with(Kind::Discard)
        .with(Kind::Protect)
        .with(Kind::Move)
        .with(Kind::Fork)
        .with(Kind::Exit)
        .with(Kind::Read)
        .with(Kind::Write);
    const SHOWS: Observables = Observables::NONE
        .and(Observables::WRITABLE)
        .and(Observables::STAMPS)
        .and(Observables::EXCLUSIVE)
        .and(Observables::MAPCOUNTS)
        .and(Observables::FREE);

    fn new(machine: &Machine) -> Result<Self, String> {
        if machine.rules() == Dialect::Linux6_1 {
            return Err("its entries have no dirty bit".to_string());
        }
        let space = || (P::Regions::new(), P::Table::new(machine.pages()));
        let spaces = (0..machine.spaces()).map(|_| space()).collect();
        Ok(Manager { pages: machine.pages(), frames: Frames::new(machine.ram()), spaces })
    }

    fn map(&mut self, space: Space, range: PageRange, access: Access) -> Result<(), Errno> {
        if self.spaces[space.index()].0.map(range, access) { Ok(()) } else { Err(Errno::EEXIST) }
    }

    fn unmap(&mut self, space: Space, range: PageRange) {
        let parts = self.spaces[space.index()].0.unmap(range);
        self.drop_entries(space, parts);
    }

    fn discard(&mut self, space: Space, range: PageRange) {
        self.drop_entries(space, vec![range]);
    }

    /// An entry becomes writable where its page is exclusive; elsewhere the next write decides. One that has the access
    /// already is left alone.
    fn protect(&mut self, space: Space, range: PageRange, access: Access) {
        let (regions, table) = &mut self.spaces[space.index()];
        let before: Vec<_> = range.iter().map(|page| regions.access(page)).collect();
        let parts = regions.protect(range, access);
        for page in parts.into_iter().flat_map(PageRange::iter) {
            let had = before[page.index() - range.first.index()];
            let Some(entry) = table.get(page).filter(|_| had != Some(access)) else { continue };
            let is_shared = access == Access::ReadWrite && !self.frames.is_exclusive(entry.frame);
            table.protect(page, if is_shared { Access::Read } else { access });
        }
    }

    fn relocate(&mut self, space: Space, from: VirtualPage, to: VirtualPage) {
        self.unmap(space, PageRange::from(to));
        let (regions, table) = &mut self.spaces[space.index()];
        let access = regions.access(from).expect("the page is mapped");
        let entry = table.unmap(from);
        regions.unmap(PageRange::from(from));
        assert!(regions.map(PageRange::from(to), access), "the destination is unmapped");
        if let Some(entry) = entry {
            table.map(to, entry);
        }
    }

    fn fork(&mut self, parent: Space, child: Space) {
        let regions = self.spaces[parent.index()].0.copy();
        self.spaces[child.index()].0 = regions;
        for page in (0..self.pages).map(VirtualPage) {
            let Some(entry) = self.spaces[parent.index()].1.get(page) else { continue };
            let access = if entry.access == Access::ReadWrite { Access::Read } else { entry.access };
            self.frames.share(entry.frame);
            self.spaces[parent.index()].1.protect(page, access);
            self.spaces[child.index()].1.map(page, Entry { access, ..entry });
        }
    }

    fn exit(&mut self, space: Space) {
        self.unmap(space, PageRange { first: VirtualPage(0), count: self.pages });
    }

    fn read(&mut self, place: Place) -> Result<Stamp, Errno> {
        if !self.region(place)?.readable() {
            return Err(Errno::EFAULT);
        }
        Ok(self.entry(place).map_or(Stamp(0), |entry| self.frames.stamp(entry.frame)))
    }

    fn write(&mut self, place: Place, stamp: Stamp) -> Result<(), Errno> {
        if !self.region(place)?.writable() {
            return Err(Errno::EFAULT);
        }
        let access = Access::ReadWrite;
        let before = self.entry(place);
        let table = &mut self.spaces[place.space.index()].1;
        let frame = match before {
            None => {
                let frame = self.frames.allocate().ok_or(Errno::ENOMEM)?;
                table.map(place.page, Entry { frame, access });
                frame
            }
            Some(entry) if entry.access == access => entry.frame,
            Some(entry) if self.frames.reuse(entry.frame) => {
                table.protect(place.page, access);
                entry.frame
            }
            Some(entry) => {
                let frame = self.frames.copy(entry.frame)?;
                table.remap(place.page, Entry { frame, access });
                frame
            }
        };
        self.frames.set_stamp(frame, stamp);
        Ok(())
    }

    fn look(&self, place: Place) -> Option<Mapping> {
        let access = self.region(place).ok()?;
        let mapping = |entry: Entry| Mapping::ram(access, entry.frame, entry.access == Access::ReadWrite);
        Some(self.entry(place).map_or(Mapping::hole(access), mapping))
    }

    fn stamp(&self, frame: FrameToken) -> Stamp {
        self.frames.stamp(frame.offset)
    }

    fn is_exclusive(&self, frame: FrameToken) -> bool {
        self.frames.is_exclusive(frame.offset)
    }

    fn mapcount(&self, frame: FrameToken) -> u32 {
        self.frames.count(frame.offset)
    }

    fn free_frames(&self, home: Home) -> u32 {
        self.frames.free(home)
    }

    fn validate(&self) -> Result<(), String> {
        self.spaces.iter().try_for_each(|(regions, _)| regions.validate())
    }
}

#[cfg(test)]
mod tests {
    use stalemap::{Compare, Driver, Generator, Program, Settings, spaces};

    use super::{Access, Entry, Manager, PageRange, Parts, PlainRegions, PlainTable, Regions, Table, VirtualPage};

    /// Regions that tell the page table of all pages that are unmapped but the last.
    struct Short(PlainRegions);

    impl Regions for Short {
        fn new() -> Self {
            Short(PlainRegions::new())
        }

        fn copy(&self) -> Self {
            Short(self.0.copy())
        }

        fn access(&self, page: VirtualPage) -> Option<Access> {
            self.0.access(page)
        }

        fn map(&mut self, range: PageRange, access: Access) -> bool {
            self.0.map(range, access)
        }

        fn unmap(&mut self, range: PageRange) -> Vec<PageRange> {
            self.0.unmap(range);
            vec![PageRange { count: range.count - 1, ..range }]
        }

        fn protect(&mut self, range: PageRange, access: Access) -> Vec<PageRange> {
            self.0.protect(range, access)
        }
    }

    /// A page table that never takes the right to write away.
    struct Lax(PlainTable);

    impl Table for Lax {
        fn new(pages: u32) -> Self {
            Lax(PlainTable::new(pages))
        }

        fn get(&self, page: VirtualPage) -> Option<Entry> {
            self.0.get(page)
        }

        fn map(&mut self, page: VirtualPage, entry: Entry) {
            self.0.map(page, entry);
        }

        fn remap(&mut self, page: VirtualPage, entry: Entry) {
            self.0.remap(page, entry);
        }

        fn protect(&mut self, page: VirtualPage, access: Access) {
            if access != Access::Read {
                self.0.protect(page, access);
            }
        }

        fn unmap(&mut self, page: VirtualPage) -> Option<Entry> {
            self.0.unmap(page)
        }
    }

    /// Some regions and some table.
    struct Of<R, T>(R, T);

    impl<R: Regions, T: Table> Parts for Of<R, T> {
        const NAME: &'static str = "parts";
        type Regions = R;
        type Table = T;
    }

    fn finds<P: Parts + 'static>(executions: u64) -> bool {
        let mut driver = Driver::new(spaces::<Manager<P>>);
        let mut generator = Generator::new(Settings::default());
        let mut program = Program::default();
        (0..executions).any(|index| {
            generator.execution(1, index, &mut program);
            // A machine with other rules.
            driver.run(&program, Compare::Touched).is_ok_and(|run| run.divergence.is_some())
        })
    }

    #[test]
    fn the_layer_agrees_and_a_fault_of_regions_or_table_is_found() {
        assert!(!finds::<Of<PlainRegions, PlainTable>>(1_000));
        assert!(finds::<Of<Short, PlainTable>>(100));
        assert!(finds::<Of<PlainRegions, Lax>>(100));
    }
}
