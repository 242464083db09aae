//! Faults on large folios: a huge entry made writable, a page reused, and a folio brought back from a device.

use stalemap_operations::{Dialect, Errno, Home, Place};

use crate::frames::Frame;
use crate::implementation::{Implementation, Stop};
use crate::paging::PteView;
use crate::seeded::Bug;

impl Implementation {
    /// A fresh large folio for a fault at a hole, if one may come here and a run is free: the frame of the place's page.
    #[inline]
    pub(crate) fn fill_group_of(&mut self, place: Place) -> Option<Frame> {
        if !self.may_fill_group(place) {
            return None;
        }
        let head = self.frames.allocate_run(Home::Ram);
        self.notes.run(head.is_some());
        let head = head?;
        self.fill_group(self.tables.group(place), head, true);
        Some(Frame(head.0 + self.tables.index_in_group(place)))
    }

    /// A write through a huge entry without the writable bit (`do_huge_pmd_wp_page`): it becomes writable as a whole where its folio
    /// is exclusive, or has no other reference; else it is split, and the answer is no.
    #[cold]
    #[inline(never)]
    pub(crate) fn reuse_huge(&mut self, place: Place) -> bool {
        let Some(PteView::Present { frame: head, .. }) = self.tables.huge_entry(place) else { return false };
        let memmap = &mut self.frames.memmap;
        let is_shared = self
            .bugs
            .choose(Bug::HugeReuseIgnoresHold, memmap[head].refcount() > 1, || memmap.folio_mapcount(head) > 1);
        if !memmap.is_exclusive(head) && is_shared {
            self.split_entry(place);
            return false;
        }
        memmap.set_folio_exclusive(head, true);
        self.notes.folio(&memmap[head]);
        let entry = PteView::Present { frame: head, writable: true, dirty: true };
        self.tables.set_huge_entry(self.tables.group(place), entry, &mut self.notes);
        true
    }

    /// The huge entry of a place that maps its folio writable is dirty.
    #[cold]
    #[inline(never)]
    pub(crate) fn make_huge_dirty(&mut self, place: Place) {
        if let Some(PteView::Present { frame, writable, .. }) = self.tables.huge_entry(place) {
            let entry = PteView::Present { frame, writable, dirty: true };
            self.tables.set_huge_entry(self.tables.group(place), entry, &mut self.notes);
        }
    }

    /// Whether the page of a large folio that a small entry maps may be reused: all references of the folio are entries of this
    /// space, and more than one (`__wp_can_reuse_large_anon_folio`, mm/memory.c). The last one that is mapped is copied, so that the
    /// folio ends. In 6.12 none is reused (`wp_can_reuse_anon_folio`), and in 6.1 only the last one (`do_wp_page`).
    #[cold]
    #[inline(never)]
    pub(crate) fn may_reuse_page_of_folio(&self, place: Place, frame: Frame) -> Result<bool, Stop> {
        let memmap = &self.frames.memmap;
        let head = memmap.head(frame);
        let entries = memmap.folio_mapcount(head);
        if memmap[head].refcount() > entries {
            return Ok(false);
        }
        match self.machine.rules() {
            Dialect::Linux7_3 => {
                let is_mapped_here_alone = self.is_folio_mapped_by(head, place.space)?;
                Ok(entries > 1 && self.bugs.choose(Bug::LargeReuseIgnoresOthers, is_mapped_here_alone, || true))
            }
            Dialect::Linux6_12 => Ok(false),
            Dialect::Linux6_1 => Ok(entries == 1),
        }
    }

    /// Brings the folio of a huge device entry back to RAM (`do_huge_pmd_device_private`): as a whole if a run is free. Else it is
    /// split, and its pages go to single frames (`ENOMEM` without as many, and nothing has changed;
    /// `dmirror_devmem_fault_alloc_and_copy`, lib/test_hmm.c).
    #[cold]
    #[inline(never)]
    pub(crate) fn fault_folio_back(&mut self, place: Place, head: Frame) -> Result<(), Stop> {
        let run = self.frames.allocate_run(Home::Ram);
        self.notes.run(run.is_some());
        if run.is_none() && self.frames.free_frames(Home::Ram) < self.tables.group_pages() {
            return Err(Errno::ENOMEM.into());
        }
        self.isolate(head, Some(place))?;
        let mapping = self.frames.memmap[head].mapping();
        if let Some(new) = run {
            self.copy_folio(head, new);
            self.take_new_run(head, new, mapping);
            self.restore(head, new)?;
            self.put_page(new);
            self.put_bare_frame(head);
            return Ok(());
        }
        let frames = self.frames.memmap.folio_frames(head);
        self.split_unmapped(head)?;
        for frame in frames {
            let new = self.frames.allocate().ok_or(Stop::Stuck)?;
            self.frames.memmap.copy_contents(frame, new, 1);
            self.take_new_frame(frame, new, self.frames.memmap[frame].mapping());
            self.restore(frame, new)?;
            self.put_page(new);
            self.put_bare_frame(frame);
        }
        Ok(())
    }

    /// Copies the content of a folio into a run.
    pub(crate) fn copy_folio(&mut self, from: Frame, to: Frame) {
        let memmap = &mut self.frames.memmap;
        let pages = memmap.folio_size(from);
        let pages = self.bugs.choose(Bug::MigrationCopiesHeadOnly, pages, || 1);
        memmap.copy_contents(from, to, pages);
    }
}
