//! The crate aarch64-paging: page tables of four levels as those of 64-bit Arm.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

use aarch64_paging::Mapping;
use aarch64_paging::descriptor::{El1Attributes, PhysicalAddress};
use aarch64_paging::paging::{Constraints, El1And0, MemoryRegion, PageTable, Translation, VaRange};

use super::frame::FRAME_BYTES;
use crate::spaces::{Entry, Parts, PlainRegions, Table};
use stalemap::{Access, VirtualPage};

type ArmTable = PageTable<El1Attributes>;

/// Tables lie in memory of this process, whose addresses pass for physical ones.
struct Host;

impl Translation<El1Attributes> for Host {
    fn allocate_table(&mut self) -> (NonNull<ArmTable>, PhysicalAddress) {
        #[expect(unsafe_code, reason = "the crate's interface")]
        // SAFETY: a table has a size.
        let memory = unsafe { alloc_zeroed(Layout::new::<ArmTable>()) };
        let table = NonNull::new(memory.cast::<ArmTable>()).expect("memory for a table");
        (table, PhysicalAddress(table.as_ptr().expose_provenance()))
    }

    #[expect(unsafe_code, reason = "the crate's interface")]
    unsafe fn deallocate_table(&mut self, table: NonNull<ArmTable>) {
        // SAFETY: the crate gives back what it was given, once.
        unsafe { dealloc(table.as_ptr().cast(), Layout::new::<ArmTable>()) }
    }

    fn physical_to_virtual(&self, address: PhysicalAddress) -> NonNull<ArmTable> {
        NonNull::new(std::ptr::with_exposed_provenance_mut(address.0)).expect("no table is at address 0")
    }
}

/// The page table of a space. Its pages are numbered from the end of a table of the lowest level, so that they need two.
pub(crate) struct Arm(Mapping<Host, El1And0>);

/// Pages in front of the first.
const FRONT: usize = 512 - 4;
/// The level of the table of the largest granularity.
const ROOT: usize = 0;

fn region(page: VirtualPage) -> MemoryRegion {
    let start = (FRONT + page.index()) * FRAME_BYTES;
    MemoryRegion::new(start, start + FRAME_BYTES)
}

/// A page without access keeps its frame: the entry stays valid, and users may not use it.
fn flags(access: Access) -> El1Attributes {
    let always = El1Attributes::VALID | El1Attributes::ACCESSED | El1Attributes::NON_GLOBAL;
    match access {
        Access::None => always | El1Attributes::READ_ONLY,
        Access::Read => always | El1Attributes::USER | El1Attributes::READ_ONLY,
        Access::ReadWrite => always | El1Attributes::USER,
    }
}

impl Arm {
    fn set(&mut self, page: VirtualPage, entry: Entry) {
        let target = PhysicalAddress(entry.frame as usize * FRAME_BYTES);
        let mapped = self.0.map_range(&region(page), target, flags(entry.access), Constraints::empty());
        mapped.expect("an address of a space");
    }
}

impl Table for Arm {
    fn new(_: u32) -> Self {
        Arm(Mapping::with_asid_and_va_range(Host, 1, ROOT, El1And0, VaRange::Lower))
    }

    fn get(&self, page: VirtualPage) -> Option<Entry> {
        let mut found = None;
        let walked = self.0.walk_range(&region(page), &mut |_, descriptor, level| {
            if descriptor.is_valid() {
                assert_eq!(level, 3, "no page is huge");
                let frame = descriptor.output_address().0 / FRAME_BYTES;
                found = Some((u32::try_from(frame).expect("a machine has fewer than 2^32 frames"), descriptor.flags()));
            }
            Ok(())
        });
        walked.expect("an address of a space");
        let (frame, flags) = found?;
        let access = match (flags.contains(El1Attributes::USER), flags.contains(El1Attributes::READ_ONLY)) {
            (false, _) => Access::None,
            (true, true) => Access::Read,
            (true, false) => Access::ReadWrite,
        };
        Some(Entry { frame, access })
    }

    fn map(&mut self, page: VirtualPage, entry: Entry) {
        self.set(page, entry);
    }

    fn remap(&mut self, page: VirtualPage, entry: Entry) {
        self.set(page, entry);
    }

    fn protect(&mut self, page: VirtualPage, access: Access) {
        let both = El1Attributes::USER | El1Attributes::READ_ONLY;
        let set = flags(access) & both;
        let changed = self.0.modify_range(&region(page), &|_, descriptor| {
            if descriptor.is_table() { Ok(()) } else { descriptor.modify_flags(set, both & !set) }
        });
        changed.expect("the page has an entry");
    }

    /// Tables that are empty then are given back.
    fn unmap(&mut self, page: VirtualPage) -> Option<Entry> {
        let entry = self.get(page)?;
        let none = El1Attributes::empty();
        let unmapped = self.0.map_range(&region(page), PhysicalAddress(0), none, Constraints::empty());
        unmapped.expect("an address of a space");
        self.0.compact_subtables();
        Some(entry)
    }
}

/// With regions of ours.
pub(crate) struct ArmTables;

impl Parts for ArmTables {
    const NAME: &'static str = "aarch64-paging 0.12.3";
    type Regions = PlainRegions;
    type Table = Arm;
}
