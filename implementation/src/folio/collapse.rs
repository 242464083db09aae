//! What is in a group becomes one large folio (`MADV_COLLAPSE`; `collapse_scan_pmd`, `collapse_huge_page`, mm/khugepaged.c).

use stalemap_operations::{Advice, Dialect, Effect, Errno, Home, Place, Space, Stamp, VirtualPage};

use crate::address_space::Removed;
use crate::frames::Frame;
use crate::implementation::{Answer, Implementation, Stop};
use crate::paging::PteView;
use crate::seeded::Bug;

impl Implementation {
    pub(crate) fn collapse(&mut self, space: Space, page: VirtualPage) -> Answer {
        self.must_live(space)?;
        self.must_be_unlocked(space)?;
        let first = self.tables.group(Place { space, page });
        if !self.may_collapse(first) {
            return Err(Errno::EINVAL.into());
        }
        // A huge entry is what is asked for already; but not one of a device (`check_pmd_state`).
        match self.tables.huge_entry(first) {
            Some(PteView::Device { .. }) => return Err(Errno::EINVAL.into()),
            Some(PteView::Hole | PteView::Present { .. } | PteView::Migration { .. }) => return Ok(Effect::Freed(0)),
            None => {}
        }
        for place in self.group_places(first) {
            self.may_be_copied(place)?;
        }
        if self.machine.rules() != Dialect::Linux7_3 && !self.has_writable_page_in_ram(first) {
            return Err(Errno::EINVAL.into());
        }
        let head = self.frames.allocate_run(Home::Ram).ok_or(Errno::ENOMEM)?;
        let before = self.all_free_frames();
        // Pages on devices come back first, while the run is taken already.
        if self.bring_group_to_ram(first).is_err() {
            self.put_bare_frame(head);
            return Err(Errno::EINVAL.into());
        }
        self.collapse_into(first, head);
        // Those of a large folio that nothing maps have ended with its split on the way to RAM.
        Ok(Effect::Freed(self.all_free_frames() - before))
    }

    fn all_free_frames(&self) -> u32 {
        Home::ALL.iter().map(|&home| self.frames.free_frames(home)).sum()
    }

    /// Whether the group is one mapping that is not advised against, with at least one page.
    fn may_collapse(&self, first: Place) -> bool {
        let mapping = self.tables.properties(first);
        self.tables.has_whole_group(first)
            && mapping.is_some_and(|mapping| mapping.advice != Some(Advice::NoHuge))
            && self.group_places(first).all(|place| self.tables.properties(place) == mapping)
            && self.group_places(first).any(|place| self.tables.entry(place) != PteView::Hole)
    }

    /// `EAGAIN` where something but entries refers to the page or its folio, or it migrates.
    fn may_be_copied(&self, place: Place) -> Result<(), Errno> {
        match self.tables.entry(place) {
            PteView::Hole => Ok(()),
            PteView::Migration { .. } => Err(Errno::EAGAIN),
            PteView::Present { frame, .. } | PteView::Device { frame, .. } => {
                let memmap = &self.frames.memmap;
                let head = memmap.head(frame);
                let is_used = memmap[head].refcount() > memmap.folio_mapcount(head);
                let is_used = self.bugs.choose(Bug::CollapseForgetsHold, is_used, || memmap[head].pins() > 0);
                if is_used { Err(Errno::EAGAIN) } else { Ok(()) }
            }
        }
    }

    /// Linux before 7.3 refuses other groups (`SCAN_PAGE_RO`, mm/khugepaged.c).
    fn has_writable_page_in_ram(&self, first: Place) -> bool {
        self.group_places(first)
            .any(|place| matches!(self.tables.entry(place), PteView::Present { writable: true, .. }))
    }

    fn bring_group_to_ram(&mut self, first: Place) -> Result<(), Stop> {
        for place in self.group_places(first) {
            if let PteView::Device { frame, .. } = self.tables.entry(place) {
                self.fault_back(place, frame)?;
            }
        }
        Ok(())
    }

    /// Copies the pages of the group into the run and maps it in their place.
    fn collapse_into(&mut self, first: Place, head: Frame) {
        let mut removed = Removed::from(self.tables.group_range(first));
        for (place, to) in self.group_places(first).zip(self.frames.memmap.folio_frames(head)) {
            let stamp = match self.tables.entry(place) {
                PteView::Present { frame, .. } => self.frames.memmap.content(frame),
                PteView::Hole | PteView::Device { .. } | PteView::Migration { .. } => Stamp(0),
            };
            self.frames.memmap.set_content(to, stamp);
            self.zap(place, &mut removed);
        }
        self.map_folio(first, head, true);
    }
}
