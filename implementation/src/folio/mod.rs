//! Large folios: how a group of places gets one, how its huge entry is split, and what was advised of it.
//!
//! A large folio is a run of frames whose first descriptor, the head, counts for all. A huge entry maps it at a group. To split a huge
//! *entry* leaves the folio whole; to split a *folio* makes pages of order 0 of it.

mod collapse;
mod entry;
mod fault;
mod split;

use stalemap_operations::{Advice, Effect, Errno, Home, PageRange, Place, Space};

use crate::frames::Frame;
use crate::implementation::{Answer, Implementation};
use crate::paging::{Mapping, PteView, places};
use crate::seeded::Bug;

impl Implementation {
    /// What was advised of each mapped place (`hugepage_madvise`, mm/khugepaged.c); a huge entry of which only a part is advised
    /// otherwise than before is split, as the mapping is (`vma_adjust_trans_huge`, mm/huge_memory.c).
    pub(crate) fn advise(&mut self, space: Space, range: PageRange, advice: Advice) -> Answer {
        self.must_live(space)?;
        self.must_be_unlocked(space)?;
        let mut all_mapped = true;
        for place in places(space, range) {
            let Some((region, access)) = self.tables.mapping(place) else {
                all_mapped = false;
                continue;
            };
            let advised = Mapping { access, advice: Some(advice) };
            if self.tables.properties(place) != Some(advised) {
                self.split_entry_partly_in(place, range);
                self.tables.set_mapping(place, region, advised, &mut self.notes);
            }
        }
        if all_mapped { Ok(Effect::Nothing) } else { Err(Errno::ENOMEM.into()) }
    }

    /// Whether a fault at this hole may bring a large folio (`do_huge_pmd_anonymous_page`): the group is one mapping, is advised to
    /// have huge pages, and has no page yet.
    #[inline]
    pub(crate) fn may_fill_group(&self, place: Place) -> bool {
        self.machine.huge().is_some()
            && self.tables.properties(place).is_some_and(|mapping| mapping.advice == Some(Advice::Huge))
            && self.is_group_of_holes(self.tables.group(place))
    }

    /// Whether the group that begins here is whole, and one mapping without a page.
    pub(crate) fn is_group_of_holes(&self, first: Place) -> bool {
        let mapping = self.tables.properties(first);
        let is_alike = |place| self.tables.properties(place) == mapping && self.tables.entry(place) == PteView::Hole;
        mapping.is_some() && self.tables.has_whole_group(first) && self.group_places(first).all(is_alike)
    }

    /// The places of the group that begins here.
    pub(crate) fn group_places(&self, first: Place) -> impl DoubleEndedIterator<Item = Place> + Clone + use<> {
        places(first.space, self.tables.group_range(first))
    }

    /// Maps a fresh large folio of zeros, in a run that was just taken, at the group of holes that begins here.
    pub(crate) fn fill_group(&mut self, first: Place, head: Frame, dirty: bool) {
        self.frames.memmap.clear_contents(head);
        self.map_folio(first, head, dirty);
    }

    /// Maps a large folio, in a run that was just taken, at the group of holes that begins here. As in Linux a huge page lies in one
    /// mapping, so that all places belong to the region of the first from now on; nothing else leads to holes.
    fn map_folio(&mut self, first: Place, head: Frame, dirty: bool) {
        let (region, access) = self.tables.mapping(first).expect("a mapped place");
        for place in self.group_places(first).skip(1) {
            let (own, _) = self.tables.mapping(place).expect("a mapped place");
            if own != region {
                self.graph.add_place(region);
                self.tables.set_region(place, region);
                self.graph.drop_places(own, 1);
            }
        }
        self.allocate_folio(head, first);
        let writable = access.writable();
        let entry = match self.frames.memmap.home(head) {
            Home::Ram => PteView::Present { frame: head, writable, dirty },
            Home::Device(_) => PteView::Device { frame: head, writable },
        };
        self.tables.set_huge_entry(first, entry, &mut self.notes);
    }

    /// Splits the huge entry of a place of which an operation on the range concerns only a part (`__split_huge_pmd`).
    #[inline]
    pub(crate) fn split_entry_partly_in(&mut self, place: Place, range: PageRange) {
        if self.tables.is_huge(place) && !self.tables.is_group_within(place, range) {
            self.split_entry(place);
        }
    }

    /// Splits the huge entry of a place into small ones (`__split_huge_pmd_locked`): the same pages with the same bits. The folio
    /// stays whole.
    #[cold]
    #[inline(never)]
    pub(crate) fn split_entry(&mut self, place: Place) {
        let entry = self.tables.huge_entry(place).expect("a huge entry");
        if let PteView::Present { frame: head, .. } | PteView::Device { frame: head, .. } = entry {
            self.count_split_entry(head);
            if self.frames.memmap[head].is_alike() {
                let exclusive = self.frames.memmap.is_exclusive(head);
                let exclusive = self.bugs.choose(Bug::SplitLosesExclusive, exclusive, || false);
                self.frames.memmap.set_bits_of_tails(head, exclusive);
            }
        }
        self.tables.split_huge_entry(self.tables.group(place), self.entry_to_split(place, entry), &mut self.notes);
    }

    /// The bits that the small entries get which a huge one becomes: its own.
    fn entry_to_split(&self, place: Place, entry: PteView) -> PteView {
        match entry {
            PteView::Present { frame, dirty, .. } => {
                let is_writable = self.tables.mapping(place).is_some_and(|(_, access)| access.writable());
                let wrong = || PteView::Present { frame, writable: is_writable, dirty };
                self.bugs.choose(Bug::SplitMakesWritable, entry, wrong)
            }
            PteView::Device { frame, writable } => {
                let wrong = || PteView::Present { frame, writable, dirty: false };
                self.bugs.choose(Bug::DeviceSplitAsPresent, entry, wrong)
            }
            PteView::Hole | PteView::Migration { .. } => entry,
        }
    }
}
