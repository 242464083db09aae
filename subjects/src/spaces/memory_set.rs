//! The crate memory_set of ArceOS: regions as areas, which tell their page table what to unmap and to protect.

use memory_addr::VirtAddr;
use memory_set::{MappingBackend, MemoryArea, MemorySet};

use stalemap::{Access, PageRange, VirtualPage};

use super::{Parts, PlainTable, Regions};

/// Bytes in a page.
const PAGE: usize = 4_096;

/// The areas of a space.
pub(crate) struct MemorySetRegions(MemorySet<Told>);

/// What the areas tell is written down, and done by the layer on top.
#[derive(Clone)]
struct Told;

impl MappingBackend for Told {
    type Addr = VirtAddr;
    type Flags = Access;
    type PageTable = Vec<PageRange>;

    fn map(&self, start: VirtAddr, size: usize, _: Access, told: &mut Vec<PageRange>) -> bool {
        told.push(pages(start, size));
        true
    }

    fn unmap(&self, start: VirtAddr, size: usize, told: &mut Vec<PageRange>) -> bool {
        told.push(pages(start, size));
        true
    }

    fn protect(&self, start: VirtAddr, size: usize, _: Access, told: &mut Vec<PageRange>) -> bool {
        told.push(pages(start, size));
        true
    }
}

fn address(page: VirtualPage) -> VirtAddr {
    VirtAddr::from(page.index() * PAGE)
}

fn pages(start: VirtAddr, size: usize) -> PageRange {
    let number = |bytes: usize| u32::try_from(bytes / PAGE).expect("a machine has fewer than 2^32 pages");
    PageRange { first: VirtualPage(number(start.as_usize())), count: number(size) }
}

fn bytes(range: PageRange) -> usize {
    range.count as usize * PAGE
}

impl Regions for MemorySetRegions {
    fn new() -> Self {
        MemorySetRegions(MemorySet::new())
    }

    fn copy(&self) -> Self {
        let mut copy = MemorySet::new();
        for area in self.0.iter() {
            let area = MemoryArea::new(area.start(), area.size(), area.flags(), Told);
            copy.map(area, &mut Vec::new(), false).expect("areas do not overlap");
        }
        MemorySetRegions(copy)
    }

    fn access(&self, page: VirtualPage) -> Option<Access> {
        self.0.find(address(page)).map(MemoryArea::flags)
    }

    fn map(&mut self, range: PageRange, access: Access) -> bool {
        let area = MemoryArea::new(address(range.first), bytes(range), access, Told);
        let mut told = Vec::new();
        let is_mapped = self.0.map(area, &mut told, false).is_ok();
        assert_eq!(told, if is_mapped { vec![range] } else { Vec::new() }, "the page table is told what is mapped");
        is_mapped
    }

    fn unmap(&mut self, range: PageRange) -> Vec<PageRange> {
        let mut told = Vec::new();
        self.0.unmap(address(range.first), bytes(range), &mut told).expect("the page table does as it is told");
        told
    }

    fn protect(&mut self, range: PageRange, access: Access) -> Vec<PageRange> {
        let mut told = Vec::new();
        let other = |flags| (flags != access).then_some(access);
        self.0
            .protect(address(range.first), bytes(range), other, &mut told)
            .expect("the page table does as it is told");
        told
    }

    fn validate(&self) -> Result<(), String> {
        let areas: Vec<_> = self.0.iter().map(MemoryArea::va_range).collect();
        match areas.windows(2).find(|pair| pair[0].end > pair[1].start) {
            Some(pair) => Err(format!("areas {:?} and {:?} overlap", pair[0], pair[1])),
            None => Ok(()),
        }
    }
}

/// With a page table of ours.
pub(crate) struct MemorySets;

impl Parts for MemorySets {
    const NAME: &'static str = "memory_set 0.4.1";
    type Regions = MemorySetRegions;
    type Table = PlainTable;
}
