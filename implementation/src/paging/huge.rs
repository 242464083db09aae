//! The upper table: one huge entry for a whole group of places, or none where the lower table has an entry for each.

use alloc::vec;
use alloc::vec::Vec;

use stalemap_operations::{Machine, Order, PageRange, Place, VirtualPage};

use super::pagetable::PageTables;
use super::pte::{Pte, PteView};
use crate::notes::Notes;

/// The upper tables of all spaces; without entries on a machine without huge pages.
#[derive(Debug)]
pub(super) struct UpperTables {
    /// Of each group that is whole; a hole stands where the lower table has the entries.
    entries: Vec<Pte>,
    order: Order,
    /// Whole groups of a space.
    groups: u32,
}

impl UpperTables {
    pub(super) fn new(machine: &Machine) -> Self {
        let order = machine.huge().unwrap_or(Order(0));
        let groups = if order.0 > 0 { machine.pages() >> order.0 } else { 0 };
        UpperTables { entries: vec![Pte::HOLE; (machine.spaces() * groups) as usize], order, groups }
    }

    /// Nothing is mapped by a huge entry.
    #[inline]
    pub(super) fn reset(&mut self) {
        self.entries.fill(Pte::HOLE);
    }

    /// Whether the machine has huge pages. Most have none; what follows is kept apart from what they do.
    #[inline]
    pub(super) fn is_there(&self) -> bool {
        self.order.0 > 0
    }

    /// The huge entry that maps the group of a place.
    #[inline(never)]
    pub(super) fn entry(&self, place: Place) -> Option<PteView> {
        let entry = self.entries[self.index(place)?];
        (entry != Pte::HOLE).then(|| entry.view())
    }

    /// Whether there is one.
    #[cold]
    #[inline(never)]
    fn has_entry(&self, place: Place) -> bool {
        self.index(place).is_some_and(|index| self.entries[index] != Pte::HOLE)
    }

    /// Where the entry of the group of a place is; the last pages of a space may be in no whole group.
    #[inline]
    fn index(&self, place: Place) -> Option<usize> {
        let group = place.page.0 >> self.order.0;
        (group < self.groups).then(|| (place.space.0 * self.groups + group) as usize)
    }

    /// Which page of its group a place is.
    #[inline]
    pub(super) fn index_in_group(&self, place: Place) -> u32 {
        place.page.0 & (self.order.frames() - 1)
    }
}

impl PageTables {
    /// Whether a huge entry maps the place.
    #[inline]
    pub(crate) fn is_huge(&self, place: Place) -> bool {
        self.upper.is_there() && self.upper.has_entry(place)
    }

    /// The entry of a place on a machine with huge pages, packed: an unpacked one would go through memory.
    #[cold]
    #[inline(never)]
    pub(super) fn entry_of_both(&self, place: Place) -> Pte {
        match self.upper.entry(place) {
            None => self.entries[self.index(place)],
            Some(huge) => Pte::pack(huge.of_page(self.upper.index_in_group(place))),
        }
    }

    /// The huge entry that maps the place; its frame is that of the first page of the group.
    #[inline]
    pub(crate) fn huge_entry(&self, place: Place) -> Option<PteView> {
        if self.upper.is_there() { self.upper.entry(place) } else { None }
    }

    /// Whether the lower table has a hole at a place.
    pub(crate) fn is_lower_entry_hole(&self, place: Place) -> bool {
        self.entries[self.index(place)] == Pte::HOLE
    }

    /// Number of places of a group; 1 on a machine without huge pages.
    #[inline]
    pub(crate) fn group_pages(&self) -> u32 {
        self.upper.order.frames()
    }

    /// The first place of the group of a place.
    #[inline]
    pub(crate) fn group(&self, place: Place) -> Place {
        Place { page: VirtualPage(place.page.0 - self.upper.index_in_group(place)), ..place }
    }

    /// Which page of its group a place is.
    #[inline]
    pub(crate) fn index_in_group(&self, place: Place) -> u32 {
        self.upper.index_in_group(place)
    }

    /// The range of the group that begins at a place.
    pub(crate) fn group_range(&self, first: Place) -> PageRange {
        PageRange { first: first.page, count: self.group_pages() }
    }

    /// Whether the group of a place is whole: the last pages of a space may be too few for one.
    pub(crate) fn has_whole_group(&self, place: Place) -> bool {
        self.upper.index(place).is_some()
    }

    /// Whether all places of the group of a place are in the range.
    #[inline]
    pub(crate) fn is_group_within(&self, place: Place, range: PageRange) -> bool {
        let first = self.group(place).page.0;
        range.first.0 <= first && first + self.group_pages() <= range.first.0 + range.count
    }

    /// The parts of a range that lie in one group each; single places on a machine without huge pages.
    #[inline]
    pub(crate) fn parts(&self, range: PageRange) -> impl Iterator<Item = PageRange> + use<> {
        let pages = self.group_pages();
        let end = range.first.0 + range.count;
        let mut next = range.first.0;
        core::iter::from_fn(move || {
            let first = next;
            next = ((first & !(pages - 1)) + pages).min(end);
            (first < end).then(|| PageRange { first: VirtualPage(first), count: next - first })
        })
    }

    /// Writes the huge entry of the group that begins at a place; with a hole the lower table has the entries, which are holes.
    pub(crate) fn set_huge_entry(&mut self, first: Place, entry: PteView, notes: &mut Notes) {
        let index = self.upper.index(first).expect("a whole group");
        self.upper.entries[index] = Pte::pack_huge(entry);
        notes.group(first);
    }

    /// Writes the entries of the lower table of which a huge entry is the sum, and takes that away.
    pub(crate) fn split_huge_entry(&mut self, first: Place, entry: PteView, notes: &mut Notes) {
        self.set_huge_entry(first, PteView::Hole, notes);
        let start = self.index(first);
        for index in 0..self.group_pages() {
            self.entries[start + index as usize] = Pte::pack(entry.of_page(index));
        }
    }
}
