//! The page tables: for every place of every space an entry, and beside it the region, the access and the advice of its mapping.

use alloc::vec;
use alloc::vec::Vec;

use stalemap_operations::{Access, Advice, Machine, PageRange, Place, Space, VirtualPage};

use super::huge::UpperTables;
use super::pte::{Pte, PteView};
use crate::frames::BitSet;
use crate::frames::Frame;
use crate::notes::Notes;
use crate::rmap::ids::RegionId;

/// Which mapping a place belongs to: 0 when unmapped, else region << 4 | advice << 2 | access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Owner(u32);

const ACCESS_BITS: u32 = 2;
const ADVICE_BITS: u32 = 2;
const REGION_SHIFT: u32 = ACCESS_BITS + ADVICE_BITS;

/// What the mapping of a place is beside its region: a group may have a huge page where this is the same at all its places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub(crate) access: Access,
    /// What was advised of huge pages; nothing at first.
    pub(crate) advice: Option<Advice>,
}

impl Owner {
    fn new(region: RegionId, mapping: Mapping) -> Owner {
        let advice = mapping.advice.map_or(0, |advice| advice as u32 + 1);
        Owner(region.0 << REGION_SHIFT | advice << ACCESS_BITS | mapping.access as u32)
    }

    #[inline]
    fn access(self) -> Access {
        const READ: u32 = Access::Read as u32;
        const READ_WRITE: u32 = Access::ReadWrite as u32;
        // No look into a list, which would have to be within it.
        match self.0 & ((1 << ACCESS_BITS) - 1) {
            READ => Access::Read,
            READ_WRITE => Access::ReadWrite,
            _ => Access::None,
        }
    }

    fn advice(self) -> Option<Advice> {
        let advice = self.0 >> ACCESS_BITS & ((1 << ADVICE_BITS) - 1);
        advice.checked_sub(1).map(|advice| Advice::ALL[advice as usize])
    }

    #[inline]
    fn region(self) -> RegionId {
        RegionId(self.0 >> REGION_SHIFT)
    }
}

/// The flat tables of all spaces.
#[derive(Debug)]
pub(crate) struct PageTables {
    pub(super) entries: Vec<Pte>,
    pub(super) upper: UpperTables,
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
            upper: UpperTables::new(machine),
            owners: vec![Owner(0); places],
            mapped: vec![BitSet::new(machine.pages()); machine.spaces() as usize],
            pages: machine.pages(),
        }
    }

    /// Everything is unmapped.
    pub(crate) fn reset(&mut self) {
        self.entries.fill(Pte::HOLE);
        self.upper.reset();
        self.owners.fill(Owner(0));
        self.mapped.iter_mut().for_each(BitSet::clear);
    }

    /// Region and access of a mapped place.
    #[inline]
    pub(crate) fn mapping(&self, place: Place) -> Option<(RegionId, Access)> {
        let owner = self.owners[self.index(place)];
        (owner.0 != 0).then(|| (owner.region(), owner.access()))
    }

    /// Access and advice of a mapped place.
    pub(crate) fn properties(&self, place: Place) -> Option<Mapping> {
        let owner = self.owners[self.index(place)];
        (owner.0 != 0).then(|| Mapping { access: owner.access(), advice: owner.advice() })
    }

    /// Whether the page number lies within a space at all.
    #[inline]
    pub(crate) fn has(&self, page: VirtualPage) -> bool {
        page.0 < self.pages
    }

    /// The entry of a place; a hole where it is unmapped. Where a huge entry maps the place, what it says of the place's page.
    #[inline(always)]
    pub(crate) fn entry(&self, place: Place) -> PteView {
        let entry = if self.upper.is_there() { self.entry_of_both(place) } else { self.entries[self.index(place)] };
        entry.view()
    }

    /// The frame of an entry that is taken for a present one.
    pub(crate) fn frame_as_if_present(&self, place: Place) -> Frame {
        self.entries[self.index(place)].frame_as_if_present()
    }

    /// Writes the entry of a place that no huge entry maps.
    #[inline]
    pub(crate) fn set_entry(&mut self, place: Place, entry: PteView, notes: &mut Notes) {
        debug_assert!(!self.is_huge(place), "a huge entry is split before one place changes");
        let index = self.index(place);
        self.entries[index] = Pte::pack(entry);
        notes.place(place);
    }

    /// Makes a place part of a mapping, or changes it.
    #[inline]
    pub(crate) fn set_mapping(&mut self, place: Place, region: RegionId, mapping: Mapping, notes: &mut Notes) {
        let index = self.index(place);
        self.owners[index] = Owner::new(region, mapping);
        self.mapped[place.space.index()].insert(place.page.0);
        notes.place(place);
    }

    /// Makes a place part of a region, with the mapping that another one has.
    #[inline]
    pub(crate) fn copy_mapping(&mut self, from: Place, to: Place, region: RegionId, notes: &mut Notes) {
        let Owner(owner) = self.owners[self.index(from)];
        let index = self.index(to);
        self.owners[index] = Owner(region.0 << REGION_SHIFT | owner & ((1 << REGION_SHIFT) - 1));
        self.mapped[to.space.index()].insert(to.page.0);
        notes.place(to);
    }

    /// Changes the access of a mapped place.
    #[inline]
    pub(crate) fn set_access(&mut self, place: Place, access: Access, notes: &mut Notes) {
        let index = self.index(place);
        let Owner(owner) = self.owners[index];
        self.owners[index] = Owner(owner & !((1 << ACCESS_BITS) - 1) | access as u32);
        notes.place(place);
    }

    /// A mapped place belongs to another region. Its mapping looks the same.
    pub(crate) fn set_region(&mut self, place: Place, region: RegionId) {
        let index = self.index(place);
        let Owner(owner) = self.owners[index];
        self.owners[index] = Owner(owner & ((1 << REGION_SHIFT) - 1) | region.0 << REGION_SHIFT);
    }

    /// Unmaps a place whose entry is a hole.
    #[inline]
    pub(crate) fn clear_mapping(&mut self, place: Place, notes: &mut Notes) {
        let index = self.index(place);
        debug_assert!(self.entry(place) == PteView::Hole, "an unmapped place has no entry");
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
