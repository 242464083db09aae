//! The crate x86_64: its page tables of four levels, seen through a mapping of all physical memory.

use std::ptr::{self, NonNull};

use x86_64::structures::paging::mapper::{CleanUp, MappedFrame, TranslateResult};
use x86_64::structures::paging::{
    FrameAllocator, FrameDeallocator, Mapper, OffsetPageTable, Page, PageTable, PageTableFlags, PhysFrame, Size4KiB,
    Translate,
};
use x86_64::{PhysAddr, VirtAddr};

use super::frame::FRAME_BYTES;
use crate::spaces::{Entry, Parts, PlainRegions, Table};
use stalemap::{Access, VirtualPage};

/// Tables lie in memory of this process, whose addresses pass for physical ones.
struct Tables(Vec<u64>);

#[expect(unsafe_code, reason = "the crate's interface")]
// SAFETY: each frame is a table that nothing else has.
unsafe impl FrameAllocator<Size4KiB> for Tables {
    fn allocate_frame(&mut self) -> Option<PhysFrame> {
        let table = NonNull::from(Box::leak(Box::new(PageTable::new())));
        let address = table.as_ptr().expose_provenance() as u64;
        self.0.push(address);
        PhysFrame::from_start_address(PhysAddr::new(address)).ok()
    }
}

impl FrameDeallocator<Size4KiB> for Tables {
    #[expect(unsafe_code, reason = "the crate's interface")]
    unsafe fn deallocate_frame(&mut self, frame: PhysFrame) {
        let address = frame.start_address().as_u64();
        let position = self.0.iter().position(|it| *it == address).expect("a table that is freed once");
        self.0.swap_remove(position);
        free(address);
    }
}

fn free(address: u64) {
    let address = usize::try_from(address).expect("an address of this process");
    #[expect(unsafe_code, reason = "memory of a table")]
    // SAFETY: it comes from a box, and nothing leads to it any longer.
    drop(unsafe { Box::from_raw(ptr::with_exposed_provenance_mut::<PageTable>(address)) });
}

impl Drop for Tables {
    fn drop(&mut self) {
        self.0.drain(..).for_each(free);
    }
}

/// The page table of a space. Its pages are numbered from the end of a table of the lowest level, so that they need two.
pub(crate) struct Amd64 {
    root: Box<PageTable>,
    tables: Tables,
}

/// Pages in front of the first.
const FRONT: usize = 512 - 4;

fn page(page: VirtualPage) -> Page<Size4KiB> {
    Page::containing_address(VirtAddr::new(((FRONT + page.index()) * FRAME_BYTES) as u64))
}

fn frame(entry: Entry) -> PhysFrame {
    PhysFrame::containing_address(PhysAddr::new(u64::from(entry.frame) * FRAME_BYTES as u64))
}

/// A page without access keeps its frame: the entry stays present, and users may not use it.
fn flags(access: Access) -> PageTableFlags {
    match access {
        Access::None => PageTableFlags::PRESENT,
        Access::Read => PageTableFlags::PRESENT | PageTableFlags::USER_ACCESSIBLE,
        Access::ReadWrite => PageTableFlags::PRESENT | PageTableFlags::USER_ACCESSIBLE | PageTableFlags::WRITABLE,
    }
}

impl Amd64 {
    fn mapper(&mut self) -> OffsetPageTable<'_> {
        #[expect(unsafe_code, reason = "the crate's interface")]
        // SAFETY: physical addresses of tables are those of this process.
        unsafe {
            OffsetPageTable::new(&mut self.root, VirtAddr::zero())
        }
    }

    /// The mapper asks for a table that may be changed to look at it.
    fn entry(&self, at: VirtualPage) -> Option<Entry> {
        let mut root = PageTable::new();
        root.iter_mut().zip(self.root.iter()).for_each(|(copy, entry)| copy.clone_from(entry));
        #[expect(unsafe_code, reason = "the crate's interface")]
        // SAFETY: as above; the copy of the root is not changed.
        let mapper = unsafe { OffsetPageTable::new(&mut root, VirtAddr::zero()) };
        let TranslateResult::Mapped { frame: MappedFrame::Size4KiB(frame), flags, .. } =
            mapper.translate(page(at).start_address())
        else {
            return None;
        };
        let access = match (flags.contains(PageTableFlags::USER_ACCESSIBLE), flags.contains(PageTableFlags::WRITABLE)) {
            (false, _) => Access::None,
            (true, false) => Access::Read,
            (true, true) => Access::ReadWrite,
        };
        let number = frame.start_address().as_u64() / FRAME_BYTES as u64;
        Some(Entry { frame: u32::try_from(number).expect("a machine has fewer than 2^32 frames"), access })
    }
}

impl Table for Amd64 {
    fn new(_: u32) -> Self {
        Amd64 { root: Box::new(PageTable::new()), tables: Tables(Vec::new()) }
    }

    fn get(&self, page: VirtualPage) -> Option<Entry> {
        self.entry(page)
    }

    fn map(&mut self, at: VirtualPage, entry: Entry) {
        let mut tables = std::mem::replace(&mut self.tables, Tables(Vec::new()));
        #[expect(unsafe_code, reason = "the crate's interface")]
        // SAFETY: nothing reads through this page table.
        let mapped = unsafe { self.mapper().map_to(page(at), frame(entry), flags(entry.access), &mut tables) };
        mapped.expect("the page has no entry").ignore();
        self.tables = tables;
    }

    /// The crate has no function for it.
    fn remap(&mut self, page: VirtualPage, entry: Entry) {
        self.unmap(page).expect("the page has an entry");
        self.map(page, entry);
    }

    fn protect(&mut self, at: VirtualPage, access: Access) {
        #[expect(unsafe_code, reason = "the crate's interface")]
        // SAFETY: as above.
        let updated = unsafe { self.mapper().update_flags(page(at), flags(access)) };
        updated.expect("the page has an entry").ignore();
    }

    /// Tables that are empty then are given back.
    fn unmap(&mut self, at: VirtualPage) -> Option<Entry> {
        let entry = self.entry(at)?;
        let (unmapped, flush) = self.mapper().unmap(page(at)).expect("the page has an entry");
        flush.ignore();
        assert_eq!(unmapped, frame(entry), "what is unmapped is what was mapped");
        let mut tables = std::mem::replace(&mut self.tables, Tables(Vec::new()));
        #[expect(unsafe_code, reason = "the crate's interface")]
        // SAFETY: the tables come from this allocator, and no other page table has them.
        unsafe {
            self.mapper().clean_up(&mut tables);
        }
        self.tables = tables;
        Some(entry)
    }
}

/// With regions of ours.
pub(crate) struct Amd64Tables;

impl Parts for Amd64Tables {
    const NAME: &'static str = "x86_64 0.15.5";
    type Regions = PlainRegions;
    type Table = Amd64;
}
