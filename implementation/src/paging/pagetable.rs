//! The page tables: for every place of every space an entry, and beside it the region and the access of its mapping.

use alloc::vec;
use alloc::vec::Vec;

use stalemap_operations::{Access, Machine, PageRange, Place, Space, VirtualPage};

use super::pte::{Pte, PteView};
use crate::frames::BitSet;
use crate::frames::Frame;
use crate::notes::Notes;
use crate::rmap::ids::RegionId;

/// Which mapping a place belongs to: 0 when unmapped, else region << 2 | access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Owner(u32);

const ACCESS_BITS: u32 = 2;

/// The flat tables of all spaces.
#[derive(Debug)]
pub(crate) struct PageTables {
    entries: Vec<Pte>,
    owners: Vec<Owner>,
    /// The mapped pages of each space, so that fork and exit cost what is mapped.
    mapped: Vec<BitSet>,
    pages: u32,
}

impl PageTables {
    pub(crate) fn new(machine: &Machine) -> Self {
        let places = machine.spaces() as usize * machine.pages() as usize;
        PageTables {
            entries: vec![Pte::HOLE; places],
            owners: vec![Owner(0); places],
            mapped: vec![BitSet::new(machine.pages()); machine.spaces() as usize],
            pages: machine.pages(),
        }
    }

    /// Everything is unmapped.
    pub(crate) fn reset(&mut self) {
        self.entries.fill(Pte::HOLE);
        self.owners.fill(Owner(0));
        self.mapped.iter_mut().for_each(BitSet::clear);
    }

    /// Region and access of a mapped place.
    #[inline]
    pub(crate) fn mapping(&self, place: Place) -> Option<(RegionId, Access)> {
        let Owner(owner) = self.owners[self.index(place)];
        (owner != 0).then(|| (RegionId(owner >> ACCESS_BITS), Access::ALL[(owner & ((1 << ACCESS_BITS) - 1)) as usize]))
    }

    /// Whether the page number lies within a space at all.
    #[inline]
    pub(crate) fn has(&self, page: VirtualPage) -> bool {
        page.0 < self.pages
    }

    /// The entry of a place; a hole where it is unmapped.
    #[inline]
    pub(crate) fn entry(&self, place: Place) -> PteView {
        self.entries[self.index(place)].view()
    }

    /// The frame of an entry that is taken for a present one.
    pub(crate) fn frame_as_if_present(&self, place: Place) -> Frame {
        self.entries[self.index(place)].frame_as_if_present()
    }

    #[inline]
    pub(crate) fn set_entry(&mut self, place: Place, entry: PteView, notes: &mut Notes) {
        let index = self.index(place);
        self.entries[index] = Pte::pack(entry);
        notes.place(place);
    }

    /// Makes a place part of a mapping, or changes its access.
    #[inline]
    pub(crate) fn set_mapping(&mut self, place: Place, region: RegionId, access: Access, notes: &mut Notes) {
        let index = self.index(place);
        self.owners[index] = Owner(region.0 << ACCESS_BITS | access as u32);
        self.mapped[place.space.index()].insert(place.page.0);
        notes.place(place);
    }

    /// Unmaps a place whose entry is a hole.
    #[inline]
    pub(crate) fn clear_mapping(&mut self, place: Place, notes: &mut Notes) {
        let index = self.index(place);
        debug_assert!(self.entries[index] == Pte::HOLE, "an unmapped place has no entry");
        self.owners[index] = Owner(0);
        self.mapped[place.space.index()].remove(place.page.0);
        notes.place(place);
    }

    /// The first mapped page of a space that is not below `from`.
    #[inline]
    pub(crate) fn next_mapped(&self, space: Space, from: u32) -> Option<VirtualPage> {
        self.mapped[space.index()].next(from).map(VirtualPage)
    }

    /// The mapped pages of a space in ascending order.
    pub(crate) fn mapped(&self, space: Space) -> impl Iterator<Item = Place> + '_ {
        self.mapped[space.index()].iter().map(move |page| Place { space, page: VirtualPage(page) })
    }

    /// Where a place is among all, by space × pages + page.
    #[inline]
    pub(crate) fn index(&self, place: Place) -> usize {
        debug_assert!(place.page.0 < self.pages, "a page of the space");
        (place.space.0 * self.pages + place.page.0) as usize
    }
}

/// The places of a range.
pub(crate) fn places(space: Space, range: PageRange) -> impl DoubleEndedIterator<Item = Place> + Clone {
    range.iter().map(move |page| Place { space, page })
}
