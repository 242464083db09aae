//! The crate page_table_multiarch, with the entries of page_table_entry: page tables of four levels as those of x86-64.

use std::alloc::{Layout, alloc, dealloc};

use memory_addr::{PhysAddr, VirtAddr};
use page_table_multiarch::x86_64::X64PageTable;
use page_table_multiarch::{MappingFlags, PageSize, PagingHandler};

use super::frame::FRAME_BYTES;
use crate::spaces::{Entry, MemorySetRegions, Parts, PlainRegions, Table};
use stalemap::{Access, VirtualPage};

/// Tables lie in memory of this process, whose addresses pass for physical ones.
struct Host;

impl PagingHandler for Host {
    fn alloc_frames(frames: usize, align: usize) -> Option<PhysAddr> {
        #[expect(unsafe_code, reason = "the crate's interface")]
        // SAFETY: there is at least one frame.
        let memory = unsafe { alloc(layout(frames, align)) };
        (!memory.is_null()).then(|| PhysAddr::from(memory.expose_provenance()))
    }

    fn dealloc_frames(start: PhysAddr, frames: usize) {
        let memory = std::ptr::with_exposed_provenance_mut(start.as_usize());
        #[expect(unsafe_code, reason = "the crate's interface")]
        // SAFETY: only what was allocated is given back, frame by frame as it was taken.
        unsafe {
            dealloc(memory, layout(frames, FRAME_BYTES));
        }
    }

    fn phys_to_virt(address: PhysAddr) -> VirtAddr {
        VirtAddr::from(address.as_usize())
    }
}

fn layout(frames: usize, align: usize) -> Layout {
    Layout::from_size_align(frames * FRAME_BYTES, align).expect("a few frames")
}

/// The page table of a space. Its pages are numbered from the middle of a table of the lowest level, so that they need two.
pub(crate) struct MultiArch(X64PageTable<Host>);

/// Pages in front of the first.
const FRONT: usize = 512 - 4;

fn address(page: VirtualPage) -> VirtAddr {
    VirtAddr::from((FRONT + page.index()) * FRAME_BYTES)
}

/// A page without access keeps its frame: the entry stays present, and users may not use it.
fn flags(access: Access) -> MappingFlags {
    match access {
        Access::None => MappingFlags::READ,
        Access::Read => MappingFlags::READ | MappingFlags::USER,
        Access::ReadWrite => MappingFlags::READ | MappingFlags::WRITE | MappingFlags::USER,
    }
}

fn entry((target, flags, size): (PhysAddr, MappingFlags, PageSize)) -> Entry {
    assert_eq!(size, PageSize::Size4K, "no page is huge");
    let frame = u32::try_from(target.as_usize() / FRAME_BYTES).expect("a machine has fewer than 2^32 frames");
    let access = match (flags.contains(MappingFlags::USER), flags.contains(MappingFlags::WRITE)) {
        (false, _) => Access::None,
        (true, false) => Access::Read,
        (true, true) => Access::ReadWrite,
    };
    Entry { frame, access }
}

fn target(entry: Entry) -> PhysAddr {
    PhysAddr::from(entry.frame as usize * FRAME_BYTES)
}

impl Table for MultiArch {
    fn new(_: u32) -> Self {
        MultiArch(X64PageTable::try_new().expect("memory for a table"))
    }

    fn get(&self, page: VirtualPage) -> Option<Entry> {
        self.0.query(address(page)).ok().map(entry)
    }

    fn map(&mut self, page: VirtualPage, entry: Entry) {
        let mapped = self.0.cursor().map(address(page), target(entry), PageSize::Size4K, flags(entry.access));
        mapped.expect("the page has no entry");
    }

    fn remap(&mut self, page: VirtualPage, entry: Entry) {
        let size = self.0.cursor().remap(address(page), target(entry), flags(entry.access));
        assert_eq!(size, Ok(PageSize::Size4K), "the page has an entry");
    }

    fn protect(&mut self, page: VirtualPage, access: Access) {
        let size = self.0.cursor().protect(address(page), flags(access));
        assert_eq!(size, Ok(PageSize::Size4K), "the page has an entry");
    }

    fn unmap(&mut self, page: VirtualPage) -> Option<Entry> {
        self.0.cursor().unmap(address(page)).ok().map(entry)
    }
}

/// With regions of ours.
pub(crate) struct PageTables;

impl Parts for PageTables {
    const NAME: &'static str = "page_table_multiarch 0.6.2";
    type Regions = PlainRegions;
    type Table = MultiArch;
}

/// With the areas of memory_set, as ArceOS has it.
pub(crate) struct ArceOs;

impl Parts for ArceOs {
    const NAME: &'static str = "page_table_multiarch 0.6.2 with memory_set 0.4.1";
    type Regions = MemorySetRegions;
    type Table = MultiArch;
}
