//! Section 8, the two ways between orders: what is in a group becomes one large folio, and a large folio is split where it is mapped.

use stalemap_operations::{Advice, Dialect, Effect, Errno, Home, Outcome, Place};

use crate::entry::Entry;
use crate::marks::mark;
use crate::model::{Answer, Model};

impl Model {
    /// Replaces what is in a group by one large folio (`collapse_scan_pmd`, `collapse_huge_page`, mm/khugepaged.c).
    pub(crate) fn collapse(&mut self, place: Place, claimed: Option<Outcome>) -> Answer {
        self.must_live(place.space)?;
        self.must_be_unlocked(place.space)?;
        let first = self.group(place);
        // Places that are mapped alike may be in two mappings of the subject, which cannot be one (`hugepage_vma_revalidate`).
        if !self.may_collapse(first) || !self.runs.follows_rule() {
            return Err(Errno::EINVAL);
        }
        if self.is_huge_at(first) {
            return self.collapse_huge(first);
        }
        for place in self.group_places(first) {
            self.may_be_copied(place)?;
        }
        if self.machine.rules() != Dialect::Linux7_3 && !self.has_writable_page_in_ram(first) {
            mark!(self, "collapse of a group without a writable page in RAM");
            return Err(Errno::EINVAL);
        }
        let is_refused = claimed == Some(Outcome::Refused(Errno::ENOMEM));
        let is_full = self.free(Home::Ram) < self.machine.huge_pages();
        if is_refused || is_full {
            mark!(self, "collapse without a run");
            if !is_full {
                self.runs.refuse(Home::Ram);
            }
            return Err(Errno::ENOMEM);
        }
        self.collapse_into_run(first)
    }

    /// A huge entry is what is asked for already, also a migration entry; but not one of a device (`check_pmd_state`, mm/khugepaged.c).
    fn collapse_huge(&mut self, first: Place) -> Answer {
        match self.at(first).map(|mapped| mapped.entry) {
            Some(Entry::Maps { page, .. }) if self.page(page).home != Home::Ram => Err(Errno::EINVAL),
            _ => {
                mark!(self, "collapse of a group that is huge already");
                Ok(Effect::Freed(0))
            }
        }
    }

    /// Whether the group is one mapping that is not advised against, with at least one page.
    fn may_collapse(&self, first: Place) -> bool {
        let Some(mapping) = self.at(first) else { return false };
        let is_alike =
            |place: Place| self.at(place).is_some_and(|it| (it.access, it.advice) == (mapping.access, mapping.advice));
        self.has_whole_group(first)
            && mapping.advice != Some(Advice::NoHuge)
            && self.group_places(first).all(is_alike)
            && self.group_places(first).any(|place| self.at(place).is_some_and(|it| it.entry != Entry::Hole))
    }

    /// `EAGAIN` where something but entries refers to the page, or it migrates.
    fn may_be_copied(&mut self, place: Place) -> Result<(), Errno> {
        match self.at(place).map(|mapped| mapped.entry) {
            Some(Entry::Migrating { .. }) => Err(Errno::EAGAIN),
            Some(Entry::Maps { page, .. }) if self.references(page) > 0 => {
                mark!(self, "collapse of a page to which something but entries refers");
                Err(Errno::EAGAIN)
            }
            _ => Ok(()),
        }
    }

    /// Linux 6.1 and 6.12 collapse no other group (`SCAN_PAGE_RO` of `hpage_collapse_scan_pmd`, mm/khugepaged.c). A device-private
    /// entry does not count, whatever it permits.
    fn has_writable_page_in_ram(&self, first: Place) -> bool {
        self.group_places(first).any(|place| match self.at(place).map(|mapped| mapped.entry) {
            Some(Entry::Maps { page, writable, .. }) => writable && self.page(page).home == Home::Ram,
            _ => false,
        })
    }

    /// Device pages are faulted back first, while the run is taken already (`EINVAL` without a frame; those before stay in RAM).
    fn collapse_into_run(&mut self, first: Place) -> Answer {
        let pages = self.allocate_folio(Home::Ram);
        let before = self.pages().count();
        for place in self.group_places(first) {
            if let Some(Entry::Maps { page, .. }) = self.at(place).map(|mapped| mapped.entry)
                && self.bring_to_ram(place, page).is_err()
            {
                self.free_if_unused(pages[0]);
                return Err(Errno::EINVAL);
            }
        }
        mark!(self, "collapse");
        for (place, &page) in self.group_places(first).zip(&pages) {
            let mapped = self.at(place).expect("a mapped place");
            let old = mapped.entry.page();
            if let Some(old) = old {
                self.page_mut(page).stamp = self.page(old).stamp;
            }
            self.set_entry(place, Entry::Maps { page, writable: mapped.access.writable(), dirty: true, huge: true });
            if let Some(old) = old {
                self.free_if_unused(old);
            }
        }
        // Those of a large folio that nothing maps have ended with its split on the way to RAM.
        let freed = before - self.pages().count();
        Ok(Effect::Freed(u32::try_from(freed).expect("few pages")))
    }

    /// Splits the folio that is mapped at a place.
    pub(crate) fn split_folio_at(&mut self, place: Place) -> Answer {
        self.must_live(place.space)?;
        let mapped = self.at(place).ok_or(Errno::EFAULT)?;
        match mapped.entry {
            Entry::Maps { page, .. } if self.is_large(page) && self.page(page).home == Home::Ram => {
                self.split_folio(page).map(Effect::Freed)
            }
            Entry::Hole | Entry::Maps { .. } | Entry::Migrating { .. } => Err(Errno::EINVAL),
        }
    }
}
