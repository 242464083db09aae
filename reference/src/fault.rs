//! Section 3, accesses of the CPU: read, write, copy on write, fault back.

use alloc::vec::Vec;

use stalemap_operations::{Dialect, Effect, Errno, Home, PageToken, Place, Stamp, VirtualPage};

use crate::entry::{Entry, Mapped};
use crate::marks::mark;
use crate::model::{Answer, Model};

impl Model {
    /// `EFAULT` if unmapped or `none`. Hole: value 0. Migration entry: `EAGAIN`. Device page: fault back, then its
    /// stamp.
    pub(crate) fn read(&mut self, place: Place) -> Answer {
        self.must_live(place.space)?;
        let stamp = match self.readable(place)? {
            Entry::Hole => Stamp(0),
            Entry::Migrating { .. } => {
                mark!(self, "read of a migration entry");
                return Err(Errno::EAGAIN);
            }
            Entry::Maps { page, .. } => {
                self.bring_to_ram(place, page)?;
                self.page(page).stamp
            }
        };
        Ok(Effect::Value(stamp))
    }

    /// `EFAULT` unless `rw`; then as [`make_writable`](Self::make_writable).
    pub(crate) fn write(&mut self, place: Place, stamp: Stamp) -> Answer {
        self.must_live(place.space)?;
        let page = self.make_writable(place)?;
        self.make_dirty(place);
        self.page_mut(page).stamp = stamp;
        Ok(Effect::Nothing)
    }

    /// The entry of a place that may be read; `EFAULT` if unmapped or `none`.
    pub(crate) fn readable(&self, place: Place) -> Result<Entry, Errno> {
        match self.at(place) {
            Some(Mapped { access, entry, .. }) if access.readable() => Ok(entry),
            Some(_) | None => Err(Errno::EFAULT),
        }
    }

    /// What a write does before it stores: the place maps an exclusive page in RAM through a writable entry. The entry
    /// is dirty if a write fault was taken.
    ///
    /// Hole: a fresh page, or a large folio for the whole group. Migration entry: `EAGAIN`. A device page is faulted back first. Entry not
    /// writable: page exclusive → made writable; else mapped here alone and not held by anybody → reused, becomes exclusive and
    /// writable; else copied. A huge entry is reused as one (`do_huge_pmd_wp_page`, mm/huge_memory.c), or split, and then one page of
    /// it is copied.
    pub(crate) fn make_writable(&mut self, place: Place) -> Result<PageToken, Errno> {
        let Some(Mapped { access, entry, .. }) = self.at(place) else {
            return Err(Errno::EFAULT);
        };
        if !access.writable() {
            return Err(Errno::EFAULT);
        }
        let page = match entry {
            Entry::Hole => {
                if self.is_space_locked(place.space) {
                    mark!(self, "hole filled in a locked space");
                }
                if self.fills_group(place) {
                    self.fill_group(self.group(place), Home::Ram, true);
                    return Ok(self.at(place).and_then(|mapped| mapped.entry.page()).expect("it was filled"));
                }
                self.fresh_in_ram()?
            }
            Entry::Migrating { .. } => {
                mark!(self, "write to a migration entry");
                return Err(Errno::EAGAIN);
            }
            Entry::Maps { page, writable, .. } => {
                let was_in_ram = self.page(page).home == Home::Ram;
                self.bring_to_ram(place, page)?;
                if writable || self.reuse_huge(place, page) {
                    return Ok(page);
                }
                if self.page(page).exclusive {
                    mark!(self, "write to an exclusive page through an entry without the writable bit");
                    page
                } else if self.may_reuse(place, page) {
                    mark!(self, "write that reuses a page that was shared");
                    page
                } else {
                    let copied = self.copy_on_write(page);
                    if copied.is_err() && !was_in_ram {
                        mark!(self, "copy on write that finds no frame after a fault back");
                    }
                    copied?
                }
            }
        };
        self.page_mut(page).exclusive = true;
        let before = self.at(place).and_then(|mapped| mapped.entry.page());
        self.set_entry(place, Entry::Maps { page, writable: true, dirty: true, huge: false });
        if let Some(before) = before.filter(|&before| before != page) {
            self.free_if_unused(before);
        }
        Ok(page)
    }

    /// Whether the page of a small entry may be reused. A page of a large folio: if all references of the folio are entries of this space,
    /// and more than one (`__wp_can_reuse_large_anon_folio`, mm/memory.c); one that is the last to be mapped is copied, so that the folio ends.
    /// In 6.12 none is reused (`wp_can_reuse_anon_folio`, mm/memory.c), and in 6.1 only the last one (`do_wp_page`).
    fn may_reuse(&mut self, place: Place, page: PageToken) -> bool {
        if self.references(page) > 0 {
            return false;
        }
        if !self.is_large(page) {
            return self.mapcount(page) == 1;
        }
        let is_last = self.folio_mapcount(page) == 1;
        match self.machine.rules() {
            Dialect::Linux6_1 => return is_last,
            Dialect::Linux6_12 => {
                mark!(self, "copy of a page of a large folio in dialect 6.12");
                return false;
            }
            Dialect::Linux7_3 if is_last => {
                mark!(self, "copy of the last mapped page of a large folio");
                return false;
            }
            Dialect::Linux7_3 => {}
        }
        // Linux counts the entries of two spaces, and does not know that a third one is the last (`folio_maybe_mapped_shared`).
        self.is_mapped_by(page, place.space) && self.runs.follows_rule()
    }

    /// Makes a huge entry without the writable bit writable as a whole, if its folio is exclusive, or has no other reference. Else the
    /// entry is split.
    fn reuse_huge(&mut self, place: Place, page: PageToken) -> bool {
        if !self.is_huge_at(place) {
            return false;
        }
        if !self.page(page).exclusive && self.folio_refcount(page) > 1 {
            mark!(self, "write to a shared huge entry");
            self.split_entry(place);
            return false;
        }
        mark!(self, "write that makes a huge entry writable");
        for place in self.group_places(self.group(place)) {
            if let Some(Mapped { entry: Entry::Maps { page, .. }, .. }) = self.at(place) {
                self.page_mut(page).exclusive = true;
                self.set_entry(place, Entry::Maps { page, writable: true, dirty: true, huge: true });
            }
        }
        true
    }

    /// The entry of a place that maps a page is dirty, a huge one as a whole.
    fn make_dirty(&mut self, place: Place) {
        let (first, count) =
            if self.is_huge_at(place) { (self.group(place), self.machine.huge_pages()) } else { (place, 1) };
        for place in (0..count).map(|index| Place { page: VirtualPage(first.page.0 + index), ..first }) {
            if let Some(Mapped { entry: Entry::Maps { page, writable, huge, .. }, .. }) = self.at(place) {
                self.set_entry(place, Entry::Maps { page, writable, dirty: true, huge });
            }
        }
    }

    /// A copy for the writer. The old page stays live: it is mapped elsewhere or held. After a fault back, `ENOMEM` leaves
    /// it in RAM.
    fn copy_on_write(&mut self, old: PageToken) -> Result<PageToken, Errno> {
        if self.holds_on(old) > 0 {
            mark!(self, "copy on write of a held page");
        }
        let stamp = self.page(old).stamp;
        let Ok(copy) = self.fresh_in_ram() else {
            mark!(self, "copy on write that finds no frame");
            return Err(Errno::ENOMEM);
        };
        mark!(self, "copy on write");
        self.page_mut(copy).stamp = stamp;
        Ok(copy)
    }

    fn fresh_in_ram(&mut self) -> Result<PageToken, Errno> {
        if self.free(Home::Ram) == 0 {
            return Err(Errno::ENOMEM);
        }
        Ok(self.allocate_page(Home::Ram))
    }

    /// Faults the device page of a place back; `EAGAIN` while a transaction has it locked. Through a huge entry a whole folio. Through
    /// a small one a page of a large folio, which is split first (`migrate_vma_collect_pmd`, mm/migrate_device.c).
    pub(crate) fn bring_to_ram(&mut self, place: Place, page: PageToken) -> Result<(), Errno> {
        if self.page(page).home == Home::Ram {
            return Ok(());
        }
        if self.is_page_locked(page) {
            mark!(self, "access to a page that its transaction has locked");
            return Err(Errno::EAGAIN);
        }
        if self.is_huge_at(place) {
            return self.fault_folio_back(page);
        }
        if self.is_large(page) {
            mark!(self, "fault back through a small entry of a large folio");
            self.split_folio(page)?;
        }
        self.fault_back(page)
    }

    /// Into a run of frames as a whole; without one the folio is split, and its pages go to single frames (`ENOMEM` without as many, and
    /// nothing has changed; `dmirror_devmem_fault_alloc_and_copy`, lib/test_hmm.c).
    fn fault_folio_back(&mut self, page: PageToken) -> Result<(), Errno> {
        let pages: Vec<PageToken> = self.folio_pages(page).collect();
        if self.finds_run(Home::Ram) {
            mark!(self, "fault back of a whole folio");
        } else if self.free(Home::Ram) < self.machine.huge_pages() {
            mark!(self, "RAM full at fault back of a whole folio");
            return Err(Errno::ENOMEM);
        } else {
            mark!(self, "fault back of a whole folio into single frames");
            self.split_unmapped(page);
        }
        for &page in &pages {
            self.move_home(page, Home::Ram);
            self.clean_entries(page);
        }
        for &page in &pages {
            // After a split, pages without a mapping end. A folio that is whole has one.
            if self.live_page(page).is_some() {
                self.free_if_unused(page);
            }
        }
        Ok(())
    }

    /// One frame of RAM (`ENOMEM` without), content copied, every entry that maps p in any space now maps it in RAM
    /// with its writable bit as it was, the device frame is freed. Same page, new home.
    fn fault_back(&mut self, page: PageToken) -> Result<(), Errno> {
        let free = self.free(Home::Ram);
        if free == 0 {
            mark!(self, "RAM full at fault back");
            return Err(Errno::ENOMEM);
        }
        if self.are_used_again(Home::Ram, 1, free) {
            mark!(self, "fault back into RAM whose frames are used again");
        }
        if self.mapcount(page) > 1 {
            mark!(self, "fault back of a shared page");
        } else {
            mark!(self, "fault back");
        }
        self.move_home(page, Home::Ram);
        self.clean_entries(page);
        Ok(())
    }

    /// Every passage through a migration entry or a device leaves the entries as they were, but clean.
    pub(crate) fn clean_entries(&mut self, page: PageToken) {
        self.change_entries(page, |entry| match entry {
            Entry::Maps { page: it, writable, huge, .. } if it == page => {
                Some(Entry::Maps { page, writable, dirty: false, huge })
            }
            Entry::Hole | Entry::Maps { .. } | Entry::Migrating { .. } => None,
        });
    }
}
