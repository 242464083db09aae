//! The CPU's accesses and the faults that they take: holes filled, pages reused or copied, device pages brought back.

use stalemap_operations::{Effect, Errno, Place, Space, Stamp, VirtualPage};

use crate::frames::Frame;
use crate::implementation::{Answer, Implementation, Stop};
use crate::paging::PteView;
use crate::seeded::Bug;

/// How often an access looks at its entry again. A right one ends at the second look: after a fault back the page is
/// in RAM.
const LOOKS: usize = 4;

impl Implementation {
    pub(crate) fn read(&mut self, space: Space, page: VirtualPage) -> Answer {
        self.must_live(space)?;
        let place = Place { space, page };
        for _ in 0..LOOKS {
            self.must_be_readable(place)?;
            match self.tables.entry(place) {
                PteView::Hole => return Ok(Effect::Value(Stamp(0))),
                PteView::Migration { .. } => return Err(Errno::EAGAIN.into()),
                PteView::Present { frame, .. } => return Ok(Effect::Value(self.frames.memmap.content(frame))),
                PteView::Device { frame, .. } => self.fault_back(place, frame)?,
            }
        }
        Err(Stop::Stuck)
    }

    pub(crate) fn write(&mut self, space: Space, page: VirtualPage, stamp: Stamp) -> Answer {
        self.must_live(space)?;
        let place = Place { space, page };
        let frame = self.make_writable(place)?;
        if self.tables.is_huge(place) {
            self.make_huge_dirty(place);
        } else {
            self.tables.set_entry(place, PteView::Present { frame, writable: true, dirty: true }, &mut self.notes);
        }
        self.store(frame, stamp);
        Ok(Effect::Nothing)
    }

    /// `EFAULT` unless the place is mapped and may be read.
    pub(crate) fn must_be_readable(&self, place: Place) -> Result<(), Errno> {
        let access = self.tables.mapping(place).map(|(_, access)| access);
        if access.is_some_and(|access| access.readable()) { Ok(()) } else { Err(Errno::EFAULT) }
    }

    /// Writes into a page.
    pub(crate) fn store(&mut self, frame: Frame, stamp: Stamp) {
        self.frames.memmap.set_content(frame, stamp);
        self.notes.page(&self.frames.memmap[frame]);
    }

    /// Takes the write faults that make the place map an exclusive page in RAM through a writable entry; its frame.
    /// The entry is dirty if a fault was taken (`handle_pte_fault`, mm/memory.c).
    pub(crate) fn make_writable(&mut self, place: Place) -> Result<Frame, Stop> {
        for _ in 0..LOOKS {
            if !self.tables.mapping(place).is_some_and(|(_, access)| access.writable()) {
                return Err(Errno::EFAULT.into());
            }
            match self.tables.entry(place) {
                PteView::Hole => return self.fill_hole(place),
                PteView::Migration { .. } => return Err(Errno::EAGAIN.into()),
                PteView::Device { frame, .. } => self.fault_back(place, frame)?,
                PteView::Present { frame, writable: true, .. } => return Ok(frame),
                PteView::Present { frame, writable: false, .. } => {
                    if self.tables.is_huge(place) && self.reuse_huge(place) {
                        return Ok(frame);
                    }
                    return self.write_protect_fault(place, frame);
                }
            }
        }
        Err(Stop::Stuck)
    }

    /// A fresh page in RAM (`do_anonymous_page`), or a large folio for the whole group.
    fn fill_hole(&mut self, place: Place) -> Result<Frame, Stop> {
        if let Some(frame) = self.fill_group_of(place) {
            return Ok(frame);
        }
        let frame = self.frames.allocate().ok_or(Errno::ENOMEM)?;
        self.allocate_page(frame, place)?;
        self.enter_writable(place, frame);
        Ok(frame)
    }

    /// A write through an entry without the writable bit: the page is reused where it belongs to this place alone,
    /// else copied (`do_wp_page`).
    fn write_protect_fault(&mut self, place: Place, frame: Frame) -> Result<Frame, Stop> {
        let page = &self.frames.memmap[frame];
        let reused = self.frames.memmap.is_exclusive(frame)
            || if page.is_large() {
                self.may_reuse_page_of_folio(place, frame)?
            } else {
                // Mapped here alone, and without another reference (`wp_can_reuse_anon_folio`).
                self.bugs.choose(Bug::ReuseCountsOnlyMaps, page.refcount() == 1, || page.mapcount() == 1)
            };
        if reused {
            self.frames.memmap.set_exclusive(frame, true);
            self.notes.page(&self.frames.memmap[frame]);
            self.enter_writable(place, frame);
            return Ok(frame);
        }
        let copy = self.frames.allocate().ok_or(Errno::ENOMEM)?;
        self.allocate_page(copy, place)?;
        let stamp = self.frames.memmap.content(frame);
        self.frames.memmap.set_content(copy, stamp);
        self.enter_writable(place, copy);
        self.remove_rmap(frame);
        self.put_page(frame);
        Ok(copy)
    }

    fn enter_writable(&mut self, place: Place, frame: Frame) {
        self.tables.set_entry(place, PteView::Present { frame, writable: true, dirty: true }, &mut self.notes);
    }

    /// Brings a device page back to RAM for a fault at one of its places: same page, new home, every entry in every
    /// space follows (`migrate_to_ram` of the device, `do_swap_page`, mm/memory.c). Through a huge entry a whole folio; through a small
    /// one a page of a large folio, which is split first (`migrate_vma_collect_pmd`, mm/migrate_device.c).
    pub(crate) fn fault_back(&mut self, place: Place, frame: Frame) -> Result<(), Stop> {
        let head = self.frames.memmap.head(frame);
        if self.frames.memmap[head].is_locked() {
            return Err(Errno::EAGAIN.into());
        }
        if self.frames.memmap[head].is_head() {
            if self.tables.is_huge(place) {
                return self.fault_folio_back(self.tables.group(place), head);
            }
            self.split_folio(head)?;
        }
        let Some(new) = self.frames.allocate() else {
            return self.bugs.choose(Bug::SwallowedFaultError, Err(Errno::ENOMEM.into()), || Ok(()));
        };
        self.isolate(frame, Some(place))?;
        if self.frames.memmap[frame].mapcount() > 0 {
            // An entry still maps it: everything as it was, and the access may try again (`migrate_device_unmap`).
            self.restore(frame, frame)?;
            self.put_page(frame);
            self.frames.free(new);
            return Err(Errno::EAGAIN.into());
        }
        let stamp = self.frames.memmap.content(frame);
        self.frames.memmap.set_content(new, stamp);
        let mapping = self.frames.memmap[frame].mapping();
        let mapping = self.bugs.choose(Bug::NewestAnonVma, mapping, || Some(self.mapping_at(place)));
        self.take_new_frame(frame, new, mapping);
        self.restore(frame, new)?;
        self.put_page(new);
        self.put_bare_frame(frame);
        Ok(())
    }
}
