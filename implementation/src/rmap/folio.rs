//! The reverse map of large folios: huge entries and small ones counted on the head's behalf, and walks over all places where pages of
//! a folio may be mapped.

use stalemap_operations::{Place, Space};

use super::Walk;
use super::ids::RegionId;
use super::token::ByRmap;
use crate::frames::Frame;
use crate::implementation::{Implementation, Stop};
use crate::paging::PteView;
use crate::seeded::Bug;

/// A walk from a large folio over the places where its pages may be mapped (`rmap_walk_anon`, mm/rmap.c, and
/// `page_vma_mapped_walk`, mm/page_vma_mapped.c).
struct FolioWalk {
    walk: Walk,
    /// The region whose places are being looked at.
    region: Option<RegionId>,
    /// The next page of the folio to look for there.
    next: u32,
    pages: u32,
}

impl FolioWalk {
    /// Whether there is a region that was not looked at yet.
    fn has_more(&self) -> bool {
        self.walk.next.is_some()
    }
}

impl Implementation {
    /// One huge entry more maps a large folio, which gets the mapping of the group's region if it has none yet
    /// (`folio_add_anon_rmap_pmd`).
    pub(crate) fn add_huge_rmap(&mut self, head: Frame, first: Place) {
        self.frames.memmap.inc_huge_mapcount(head, ByRmap(()));
        self.notes.folio(&self.frames.memmap[head]);
        if self.frames.memmap[head].mapping().is_none() {
            let (anon_vma, index) = self.mapping_at(first);
            self.graph.set_mapping(&mut self.frames.memmap[head], anon_vma, index);
        }
    }

    /// One huge entry less maps a large folio (`folio_remove_rmap_pmd`).
    pub(crate) fn remove_huge_rmap(&mut self, head: Frame) {
        self.frames.memmap.dec_huge_mapcount(head, ByRmap(()));
        self.notes.folio(&self.frames.memmap[head]);
    }

    /// A small entry more maps a page of a large folio.
    #[cold]
    #[inline(never)]
    pub(super) fn count_page_of_folio(&mut self, frame: Frame) {
        let head = self.frames.memmap.head(frame);
        self.frames.memmap.add_to_folio_mapcount(head, 1, ByRmap(()));
        self.notes.folio(&self.frames.memmap[head]);
    }

    /// A small entry less.
    #[cold]
    #[inline(never)]
    pub(super) fn uncount_page_of_folio(&mut self, frame: Frame) {
        let head = self.frames.memmap.head(frame);
        self.frames.memmap.take_from_folio_mapcount(head, ByRmap(()));
        self.notes.folio(&self.frames.memmap[head]);
    }

    /// A huge entry that maps the folio is counted as small ones from now on, each with a reference of its own.
    pub(crate) fn count_split_entry(&mut self, head: Frame) {
        let memmap = &mut self.frames.memmap;
        let pages = memmap.folio_size(head);
        for frame in memmap.folio_frames(head) {
            if frame == head || !self.bugs.skips(Bug::SplitCountsHeadOnly, true) {
                memmap[frame].inc_mapcount(ByRmap(()));
            }
        }
        memmap.add_to_folio_mapcount(head, pages, ByRmap(()));
        memmap.dec_huge_mapcount(head, ByRmap(()));
        memmap[head].get_many(self.bugs.choose(Bug::SplitTakesOneReference, pages - 1, || 0));
        self.notes.folio(&memmap[head]);
    }

    /// The pages of a large folio without entries become pages of order 0, each with the lock and the references that the head has:
    /// those of the caller. The reverse map finds each from its own descriptor.
    pub(crate) fn split_descriptors(&mut self, head: Frame) {
        let memmap = &mut self.frames.memmap;
        let frames = memmap.folio_frames(head);
        let mapping = memmap[head].mapping();
        memmap.split_run(head, ByRmap(()));
        for (offset, frame) in (0..).zip(frames) {
            if let (Some((anon_vma, index)), 1..) = (mapping, offset) {
                self.graph.set_mapping(&mut memmap[frame], anon_vma, index.wrapping_add(offset));
            }
            self.notes.page(&memmap[frame]);
        }
    }

    /// Turns every entry that maps the folio or a part of it into a migration entry, writable bit kept; huge ones stay huge.
    #[cold]
    #[inline(never)]
    pub(super) fn unmap_folio_through_rmap(&mut self, head: Frame) -> Result<(), Stop> {
        let mut walk = self.walk_folio(head);
        while self.frames.memmap.folio_mapcount(head) > 0
            && let Some((place, index)) = self.step_folio(&mut walk)?
        {
            let frame = Frame(head.0 + index);
            match self.tables.entry(place) {
                PteView::Present { frame: mapped, writable, .. } | PteView::Device { frame: mapped, writable }
                    if mapped == frame =>
                {
                    if self.tables.is_huge(place) {
                        self.unmap_huge_for_migration(place, head, writable);
                    } else {
                        self.unmap_for_migration(place, frame, frame, writable);
                    }
                }
                PteView::Hole | PteView::Present { .. } | PteView::Device { .. } | PteView::Migration { .. } => {}
            }
        }
        Ok(())
    }

    /// Turns the huge entry of the group that begins at a place into a migration entry (`set_pmd_migration_entry`,
    /// mm/huge_memory.c). The caller has a reference of its own.
    #[cold]
    #[inline(never)]
    pub(crate) fn unmap_huge_for_migration(&mut self, first: Place, head: Frame, writable: bool) {
        self.tables.set_huge_entry(first, PteView::Migration { frame: head, writable }, &mut self.notes);
        self.remove_huge_rmap(head);
        self.put_page(head);
    }

    /// Turns the migration entries that lead to pages of a folio, collected from `old`, into entries that map it in `new`; the
    /// number of places.
    #[cold]
    #[inline(never)]
    pub(super) fn restore_folio(&mut self, old: Frame, new: Frame) -> Result<u32, Stop> {
        let mut walk = self.walk_folio(new);
        let mut places = 0;
        while let Some((place, index)) = self.step_folio(&mut walk)? {
            let PteView::Migration { frame, writable } = self.tables.entry(place) else { continue };
            if frame.0 != old.0 + index {
                continue;
            }
            if self.tables.is_huge(place) {
                self.tables.set_huge_entry(place, self.restored(new, writable), &mut self.notes);
                self.frames.memmap[new].get();
                self.add_huge_rmap(new, place);
                places += self.tables.group_pages();
            } else {
                let frame = Frame(new.0 + index);
                self.tables.set_entry(place, self.restored(frame, writable), &mut self.notes);
                self.frames.memmap[new].get();
                self.add_rmap(frame, place)?;
                places += 1;
            }
        }
        Ok(places)
    }

    /// The migration entries that lead to the page in this frame become holes.
    pub(crate) fn drop_migration_entries(&mut self, frame: Frame) -> Result<(), Stop> {
        let mut walk = self.walk(frame);
        while let Some(place) = self.step(&mut walk)? {
            let is_small = !self.tables.is_huge(place);
            if is_small && matches!(self.tables.entry(place), PteView::Migration { frame: it, .. } if it == frame) {
                self.tables.set_entry(place, PteView::Hole, &mut self.notes);
            }
        }
        Ok(())
    }

    /// Splits every huge migration entry that leads to a folio which is collected.
    pub(crate) fn split_migration_entries(&mut self, head: Frame) -> Result<(), Stop> {
        let mut walk = self.walk_folio(head);
        while let Some((place, _)) = self.step_folio(&mut walk)? {
            if let Some(entry @ PteView::Migration { frame, .. }) = self.tables.huge_entry(place)
                && frame == head
            {
                self.tables.split_huge_entry(self.tables.group(place), entry, &mut self.notes);
                if self.bugs.skips(Bug::ForkedEntryStaysHuge, walk.has_more()) {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Whether all entries of the folio are those of one space.
    pub(crate) fn is_folio_mapped_by(&self, head: Frame, space: Space) -> Result<bool, Stop> {
        let mut walk = self.walk_folio(head);
        while let Some((place, index)) = self.step_folio(&mut walk)? {
            if place.space != space && self.tables.entry(place).frame() == Some(Frame(head.0 + index)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The first place, in the order of places, that leads to a page of the folio.
    pub(crate) fn first_place_of(&self, head: Frame) -> Result<Option<Place>, Stop> {
        let mut walk = self.walk_folio(head);
        let mut lowest = None;
        while let Some((place, index)) = self.step_folio(&mut walk)? {
            if self.tables.entry(place).frame() == Some(Frame(head.0 + index)) {
                lowest = Some(lowest.map_or(place, |lowest: Place| lowest.min(place)));
            }
        }
        Ok(lowest)
    }

    fn walk_folio(&self, head: Frame) -> FolioWalk {
        FolioWalk { walk: self.walk(head), region: None, next: 0, pages: self.frames.memmap.folio_size(head) }
    }

    /// The next place where a page of the folio may be mapped, and which page. A huge entry is one step, at the first place of its
    /// group that the region has.
    fn step_folio(&self, walk: &mut FolioWalk) -> Result<Option<(Place, u32)>, Stop> {
        loop {
            let Some(id) = walk.region else {
                let Some(chain) = walk.walk.next else { return Ok(None) };
                walk.walk.fuel = walk.walk.fuel.checked_sub(1).ok_or(Stop::Stuck)?;
                let (id, next) = self.graph.follow(chain);
                (walk.walk.next, walk.region, walk.next) = (next, Some(id), 0);
                continue;
            };
            let region = self.graph.region(id);
            while walk.next < walk.pages {
                let index = walk.next;
                walk.next += 1;
                let place = Place { space: region.space, page: region.place_of(walk.walk.index.wrapping_add(index)) };
                if self.tables.has(place.page) && self.tables.mapping(place).is_some_and(|(owner, _)| owner == id) {
                    if self.tables.is_huge(place) {
                        walk.next += self.tables.group_pages() - 1 - self.tables.index_in_group(place);
                    }
                    return Ok(Some((place, index)));
                }
            }
            walk.region = None;
        }
    }
}
