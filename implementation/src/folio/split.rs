//! A large folio becomes pages of order 0 (`split_folio`, mm/huge_memory.c).

use stalemap_operations::{Dialect, Effect, Errno, Place, Space, Stamp, VirtualPage};

use crate::frames::Frame;
use crate::implementation::{Answer, Implementation, Stop};
use crate::paging::PteView;
use crate::seeded::Bug;

impl Implementation {
    /// Splits the folio that is mapped at a place.
    pub(crate) fn split_folio_at(&mut self, space: Space, page: VirtualPage) -> Answer {
        self.must_live(space)?;
        let place = Place { space, page };
        if self.tables.mapping(place).is_none() {
            return Err(Errno::EFAULT.into());
        }
        match self.tables.entry(place) {
            PteView::Present { frame, .. } if self.frames.memmap[frame].is_large() => {
                Ok(Effect::Freed(self.split_folio(self.frames.memmap.head(frame))?))
            }
            PteView::Hole | PteView::Present { .. } | PteView::Device { .. } | PteView::Migration { .. } => {
                Err(Errno::EINVAL.into())
            }
        }
    }

    /// Splits the folio of this head, if nothing but entries refers to it (`__folio_split`): else `EAGAIN`, and nothing changes. All
    /// entries become small and go through migration entries, so that they come back clean. Pages without an entry end. Of a folio
    /// in RAM, an entry that leads to a page of zeros becomes a hole (`try_to_map_unused_to_zeropage`, mm/migrate.c, since 6.12). The
    /// number of pages that end.
    pub(crate) fn split_folio(&mut self, head: Frame) -> Result<u32, Stop> {
        let memmap = &self.frames.memmap;
        let is_used = memmap[head].refcount() > memmap.folio_mapcount(head);
        if self.bugs.choose(Bug::SplitIgnoresHold, is_used, || memmap[head].pins() > 0 || memmap[head].is_locked()) {
            return Err(Errno::EAGAIN.into());
        }
        let frames = memmap.folio_frames(head);
        self.isolate(head, None)?;
        self.split_unmapped(head)?;
        let mut freed = 0;
        for frame in frames {
            if self.is_dropped_by_split(frame) {
                self.drop_migration_entries(frame)?;
            } else {
                self.restore(frame, frame)?;
            }
            freed += self.put_page(frame);
        }
        Ok(freed)
    }

    /// Whether the page of a folio that is split needs no frame.
    fn is_dropped_by_split(&self, frame: Frame) -> bool {
        self.frames.memmap.content(frame) == Stamp(0)
            && self.bugs.choose(Bug::SplitDropsDeviceZeros, !self.is_on_device(frame), || true)
            && self.machine.rules() != Dialect::Linux6_1
    }

    /// Splits a folio without entries that map it: the huge migration entries that lead to it become small ones, in every space, and its
    /// pages are of order 0, each with a reference of the caller.
    pub(crate) fn split_unmapped(&mut self, head: Frame) -> Result<(), Stop> {
        self.split_migration_entries(head)?;
        self.split_descriptors(head);
        Ok(())
    }
}
