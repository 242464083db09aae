//! The reverse map: from a page to the entries that map it, and the only place where a mapcount changes.

pub(crate) mod anon_vma;
mod folio;
pub(crate) mod ids;
mod region;
pub(crate) mod token;

use stalemap_operations::Place;

use crate::frames::{Frame, Page};
use crate::implementation::{Implementation, Stop};
use crate::paging::PteView;
use crate::seeded::Bug;
use anon_vma::Graph;
use ids::{AnonVmaId, ChainId};
use token::ByRmap;

/// A walk from a page over the places where it may be mapped (`rmap_walk_anon`, mm/rmap.c).
struct Walk {
    next: Option<ChainId>,
    index: u32,
    /// Steps that are left. No walk is longer than there are chains, so one that uses them up goes round in circles.
    fuel: usize,
}

impl Graph {
    /// From now on the reverse map finds the page from the anon_vma, which stays as long.
    #[inline]
    pub(crate) fn set_mapping(&mut self, page: &mut Page, anon_vma: AnonVmaId, index: u32) {
        page.set_mapping(anon_vma, index, ByRmap(()));
        self.tag(anon_vma);
    }

    /// The reverse map does not find the page any more.
    #[inline]
    pub(crate) fn clear_mapping(&mut self, page: &mut Page) {
        if let Some((anon_vma, _)) = page.mapping() {
            self.untag(anon_vma);
            page.clear_mapping(ByRmap(()));
        }
    }
}

impl Implementation {
    /// One small entry more maps the page. A page that has no mapping yet gets the one of the place's region
    /// (`__folio_set_anon`, which leaves a page alone that is anonymous already).
    pub(crate) fn add_rmap(&mut self, frame: Frame, place: Place) -> Result<(), Stop> {
        let page = &mut self.frames.memmap[frame];
        page.inc_mapcount(ByRmap(()));
        if page.is_large() {
            self.count_page_of_folio(frame);
            return Ok(());
        }
        self.notes.page(page);
        if page.mapping().is_some() {
            return Ok(());
        }
        let (anon_vma, index) = self.mapping_at(place);
        self.graph.set_mapping(&mut self.frames.memmap[frame], anon_vma, index);
        Ok(())
    }

    /// The anon_vma and index by which the reverse map finds a page that is allocated at this place.
    pub(crate) fn mapping_at(&self, place: Place) -> (AnonVmaId, u32) {
        let (region, _) = self.tables.mapping(place).expect("a page is mapped at a mapped place");
        let region = self.graph.region(region);
        (region.anon_vma, region.index_of(place.page))
    }

    /// One small entry less maps the page (`folio_remove_rmap_pte`).
    #[inline]
    pub(crate) fn remove_rmap(&mut self, frame: Frame) {
        let page = &mut self.frames.memmap[frame];
        page.dec_mapcount(ByRmap(()));
        if page.is_large() {
            self.uncount_page_of_folio(frame);
        } else {
            self.notes.page(page);
        }
    }

    /// Begins a walk.
    #[inline]
    fn walk(&self, frame: Frame) -> Walk {
        let mapping = self.frames.memmap.mapping(frame);
        let next = mapping.and_then(|(anon_vma, _)| self.graph.first_chain(anon_vma));
        Walk { next, index: mapping.map_or(0, |(_, index)| index), fuel: self.graph.chains.len() }
    }

    /// The next place that belongs to a region from which the page can be mapped; what its entry says is for the
    /// caller to see.
    #[inline(always)]
    fn step(&self, walk: &mut Walk) -> Result<Option<Place>, Stop> {
        while let Some(chain) = walk.next {
            walk.fuel = walk.fuel.checked_sub(1).ok_or(Stop::Stuck)?;
            let (id, next) = self.graph.follow(chain);
            walk.next = next;
            let region = self.graph.region(id);
            let place = Place { space: region.space, page: region.place_of(walk.index) };
            if self.tables.has(place.page) && self.tables.mapping(place).is_some_and(|(owner, _)| owner == id) {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// Turns every entry that maps the page, or the large folio of this head, into a migration entry, writable bit kept
    /// (`try_to_migrate`).
    pub(crate) fn unmap_through_rmap(&mut self, frame: Frame) -> Result<(), Stop> {
        if self.frames.memmap[frame].is_head() {
            return self.unmap_folio_through_rmap(frame);
        }
        let mut walk = self.walk(frame);
        while self.frames.memmap[frame].mapcount() > 0
            && let Some(place) = self.step(&mut walk)?
        {
            match self.tables.entry(place) {
                PteView::Present { frame: mapped, writable, .. } if mapped == frame => {
                    self.unmap_for_migration(place, frame, frame, writable);
                }
                PteView::Device { frame: mapped, writable } if mapped == frame => {
                    let writable = self.bugs.choose(Bug::ReadonlySlowPath, writable, || false);
                    let subpage =
                        self.bugs.choose(Bug::SubpagePointer, frame, || self.tables.frame_as_if_present(place));
                    self.unmap_for_migration(place, frame, subpage, writable);
                }
                PteView::Hole | PteView::Present { .. } | PteView::Device { .. } | PteView::Migration { .. } => {}
            }
        }
        Ok(())
    }

    /// Turns one small entry that maps the page into a migration entry. The caller has a reference of its own. `subpage` is
    /// the descriptor that counts the entry: the page's own.
    pub(crate) fn unmap_for_migration(&mut self, place: Place, frame: Frame, subpage: Frame, writable: bool) {
        self.tables.set_entry(place, PteView::Migration { frame, writable }, &mut self.notes);
        self.remove_rmap(subpage);
        self.put_page(frame);
    }

    /// Turns the migration entries that lead to `old` into entries that map the page in `new`, which may be the same
    /// frame (`remove_migration_ptes`, mm/migrate.c), or likewise those of a large folio; the number of places. They come back
    /// clean.
    pub(crate) fn restore(&mut self, old: Frame, new: Frame) -> Result<u32, Stop> {
        if self.frames.memmap[new].is_head() {
            return self.restore_folio(old, new);
        }
        let mut walk = self.walk(new);
        let mut entries = 0;
        while let Some(place) = self.step(&mut walk)? {
            if let PteView::Migration { frame, writable } = self.tables.entry(place)
                && frame == old
                && !self.tables.is_huge(place)
            {
                self.tables.set_entry(place, self.restored(new, writable), &mut self.notes);
                self.frames.memmap[new].get();
                self.add_rmap(new, place)?;
                entries += 1;
            }
        }
        Ok(entries)
    }

    /// The clean entry that maps what is in a frame.
    #[inline]
    fn restored(&self, frame: Frame, writable: bool) -> PteView {
        if self.is_on_device(frame) {
            return PteView::Device { frame, writable };
        }
        let clean = PteView::Present { frame, writable, dirty: false };
        let dirty = || PteView::Present { frame, writable: true, dirty: true };
        self.bugs.choose(Bug::DirtyMeansWrite, clean, dirty)
    }

    /// The places that map the page, as a walk finds them. A walk that gets stuck ends; the operation that walks next
    /// reports it.
    #[inline]
    pub(crate) fn places_of(&self, frame: Frame) -> PlacesOf<'_> {
        PlacesOf { machine: self, walk: self.walk(frame), frame }
    }
}

/// A walk that goes on to the next place where an entry maps the page.
pub(crate) struct PlacesOf<'a> {
    machine: &'a Implementation,
    walk: Walk,
    frame: Frame,
}

impl Iterator for PlacesOf<'_> {
    type Item = Place;

    // Most pages have one place: a call costs as much as the walk.
    #[inline(always)]
    fn next(&mut self) -> Option<Place> {
        while let Ok(Some(place)) = self.machine.step(&mut self.walk) {
            match self.machine.tables.entry(place) {
                PteView::Present { frame, .. } | PteView::Device { frame, .. } if frame == self.frame => {
                    return Some(place);
                }
                PteView::Hole | PteView::Present { .. } | PteView::Device { .. } | PteView::Migration { .. } => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
