//! Section 3, address space: map, unmap, discard, protect, move, fork, exit.

use stalemap_operations::{
    Access, Advice, Destination, Dialect, Effect, Errno, Home, PageRange, PageToken, Place, Space, VirtualPage,
};

use crate::entry::{Entry, Mapped};
use crate::marks::mark;
use crate::model::{Answer, Model};

/// Entries that were removed, and pages that ended by it.
#[derive(Clone, Copy, Default)]
struct Removed {
    pages: u32,
    freed: u32,
}

impl Removed {
    fn answer(self) -> Answer {
        Ok(Effect::PagesFreed { pages: self.pages, freed: self.freed })
    }
}

/// The places of a range in ascending order.
pub(crate) fn places(space: Space, range: PageRange) -> impl Iterator<Item = Place> {
    range.iter().map(move |page| Place { space, page })
}

impl Model {
    /// Anonymous private mapping of holes. `EEXIST` if any place is mapped.
    pub(crate) fn map(&mut self, space: Space, range: PageRange, access: Access) -> Answer {
        self.must_live(space)?;
        self.must_be_unlocked(space)?;
        if places(space, range).any(|place| self.at(place).is_some()) {
            return Err(Errno::EEXIST);
        }
        for place in places(space, range) {
            self.set(place, Some(Mapped { access, advice: None, entry: Entry::Hole }));
        }
        self.mark_place(Place { space, page: VirtualPage(range.first.0 + range.count - 1) });
        Ok(Effect::Nothing)
    }

    /// Every place becomes unmapped; unmapped ones are passed over.
    pub(crate) fn unmap(&mut self, space: Space, range: PageRange) -> Answer {
        self.must_live(space)?;
        self.must_be_unlocked(space)?;
        let mut removed = Removed::default();
        for place in places(space, range) {
            self.split_entry_partly_in(place, range);
            self.make_unmapped(place, &mut removed);
        }
        self.mark_freed(removed.freed);
        removed.answer()
    }

    /// Entries become holes, holes stay holes. Unmapped places are passed over, and the answer is then `ENOMEM`,
    /// although the rest was done.
    pub(crate) fn discard(&mut self, space: Space, range: PageRange) -> Answer {
        self.must_live(space)?;
        if self.is_space_locked(space) {
            mark!(self, "discard in a locked space");
        }
        let mut removed = Removed::default();
        let mut passed_over = false;
        for place in places(space, range) {
            self.split_entry_partly_in(place, range);
            match self.at(place) {
                Some(_) => self.drop_entry(place, &mut removed),
                None => passed_over = true,
            }
        }
        if passed_over {
            if removed.pages > 0 {
                mark!(self, "discard that is refused although it removed entries");
            }
            return Err(Errno::ENOMEM);
        }
        removed.answer()
    }

    /// The first unmapped place stops with `ENOMEM`, what came before stays done. A place that has this access is left
    /// alone. To `r` or `none`: writable bit cleared, on `maps` and `migrating`. To `rw`: the bit is set only where the
    /// entry maps an exclusive page in RAM; elsewhere the next write decides.
    pub(crate) fn protect(&mut self, space: Space, range: PageRange, access: Access) -> Answer {
        self.must_live(space)?;
        self.must_be_unlocked(space)?;
        for place in places(space, range) {
            if self.at(place).ok_or(Errno::ENOMEM)?.access == access {
                continue;
            }
            self.split_entry_partly_in(place, range);
            let mapped @ Mapped { entry, .. } = self.at(place).expect("a mapped place");
            if matches!(entry, Entry::Migrating { .. }) {
                mark!(self, "protect of a migration entry");
            }
            let entry = match entry {
                Entry::Maps { page, dirty, huge, .. }
                    if access.writable() && self.may_write_at_once(page, dirty, huge) =>
                {
                    mark!(self, "protect that sets the writable bit");
                    Entry::Maps { page, writable: true, dirty, huge }
                }
                // On the way to `rw` there is no writable bit that could be cleared: the place was not `rw`.
                Entry::Hole | Entry::Maps { .. } | Entry::Migrating { .. } => entry.write_protected(),
            };
            self.set(place, Some(Mapped { access, entry, ..mapped }));
        }
        Ok(Effect::Nothing)
    }

    /// What was advised of each mapped place; a huge entry of which only a part is advised otherwise than before is split, as the
    /// mapping is (`vma_adjust_trans_huge`, mm/huge_memory.c).
    pub(crate) fn advise(&mut self, space: Space, range: PageRange, advice: Advice) -> Answer {
        self.must_live(space)?;
        self.must_be_unlocked(space)?;
        let mut answer = Ok(Effect::Nothing);
        for place in places(space, range) {
            match self.at(place) {
                None => answer = Err(Errno::ENOMEM),
                Some(mapped) if mapped.advice == Some(advice) => {}
                Some(_) => {
                    self.split_entry_partly_in(place, range);
                    let mapped = self.at(place).expect("a mapped place");
                    self.set(place, Some(Mapped { advice: Some(advice), ..mapped }));
                }
            }
        }
        answer
    }

    /// Dialect 6.1 asks for a dirty entry too (`can_change_pte_writable`, mm/mprotect.c), and never sets the bit of a huge one
    /// (`change_huge_pmd`, mm/huge_memory.c).
    fn may_write_at_once(&mut self, page: PageToken, dirty: bool, huge: bool) -> bool {
        let page = *self.page(page);
        if !page.exclusive {
            mark!(self, "protect to rw of a shared page");
        } else if page.home != Home::Ram {
            mark!(self, "protect to rw of a device page");
        } else if self.machine.rules() == Dialect::Linux6_1 && (!dirty || huge) {
            mark!(self, "protect to rw of a clean entry in dialect 6.1");
        } else {
            return true;
        }
        false
    }

    /// First source place unmapped: `EFAULT`; then overlapping ranges: `EINVAL`; then place by place: source unmapped →
    /// stop with `EFAULT`, its destination untouched, what came before stays done; else the destination is unmapped,
    /// then access, entry and page move.
    pub(crate) fn move_range(&mut self, space: Space, range: PageRange, to: Destination) -> Answer {
        self.must_live(space)?;
        self.must_be_unlocked(space)?;
        let Destination(to) = to;
        self.at(Place { space, page: range.first }).ok_or(Errno::EFAULT)?;
        if range.overlaps(PageRange { first: to, count: range.count }) {
            return Err(Errno::EINVAL);
        }
        let mut removed = Removed::default();
        // What lies behind the place that stops it keeps its entries, those of a group's other places too.
        let mapped = places(space, range).take_while(|&place| self.at(place).is_some()).count();
        let all = range.count;
        let range = PageRange { count: u32::try_from(mapped).expect("at most the range"), ..range };
        for (offset, source) in (0..).zip(places(space, range)) {
            let destination = Place { space, page: VirtualPage(to.0 + offset) };
            self.split_entry_of_move(source, destination, range);
            let mapped = self.at(source).expect("a mapped place");
            if matches!(mapped.entry, Entry::Migrating { .. }) {
                mark!(self, "move of a migration entry");
            }
            if self.at(destination).is_some() {
                mark!(self, "move over a mapped place");
            }
            self.split_entry_partly_in(destination, PageRange { first: to, count: range.count });
            self.make_unmapped(destination, &mut removed);
            self.set(source, None);
            self.set(destination, Some(mapped));
        }
        if range.count < all {
            mark!(self, "move that stops in the middle");
            return Err(Errno::EFAULT);
        }
        removed.answer()
    }

    /// A huge entry moves as one if all of its group moves to a group (`move_huge_pmd`, mm/huge_memory.c); else it is split.
    fn split_entry_of_move(&mut self, source: Place, destination: Place, range: PageRange) {
        if !self.is_huge_at(source) {
            return;
        }
        let pages = self.machine.huge_pages();
        if self.is_group_within(source, range) && source.page.0 % pages == destination.page.0 % pages {
            if source == self.group(source) {
                mark!(self, "huge entry that moves as one");
            }
        } else {
            mark!(self, "huge entry that is split to be moved");
            self.split_entry(source);
        }
    }

    /// `s'` becomes alive with the same places, in ascending order. `ENOMEM` ends the fork: the child is torn down, but
    /// pages already passed stay write-protected and not exclusive.
    pub(crate) fn fork(&mut self, space: Space, child: Space) -> Answer {
        self.must_live(space)?;
        if self.alive.contains(child) {
            return Err(Errno::EBUSY);
        }
        self.must_be_unlocked(space)?;
        self.alive.insert(child);
        self.notes.space = Some(child);
        self.mark_space(child);
        for place in self.places.within(space) {
            if self.at(place).is_none() {
                continue;
            }
            let copied = self.fork_place(place, Place { space: child, ..place });
            if let Err(errno) = copied {
                mark!(self, "fork that finds no frame for a pinned page");
                self.tear_down(child);
                return Err(errno);
            }
        }
        Ok(Effect::Nothing)
    }

    /// RAM and device pages become shared: both entries lose the writable bit, the page is no longer exclusive. A
    /// pinned page is not shared: the child gets a copy at once, the parent's entry is untouched. Migration entries are
    /// copied; both lose the writable bit, the page is not exclusive. A huge entry is shared as one, unless a page of its folio is pinned:
    /// then it is split, and its exclusive pages are copied (`copy_huge_pmd`, mm/huge_memory.c).
    fn fork_place(&mut self, parent: Place, child: Place) -> Result<(), Errno> {
        let mapped @ Mapped { access, entry, .. } = self.at(parent).expect("a mapped place");
        let Some(page) = entry.page() else {
            self.set(child, Some(mapped));
            return Ok(());
        };
        if self.pins_on(page) > 0 && self.page(page).exclusive {
            mark!(self, "fork of a pinned page");
            if entry.is_huge() {
                self.split_entry(parent);
            }
            if self.free(Home::Ram) == 0 {
                return Err(Errno::ENOMEM);
            }
            let copy = self.allocate_page(Home::Ram);
            self.page_mut(copy).stamp = self.page(page).stamp;
            let entry = Entry::Maps { page: copy, writable: access.writable(), dirty: true, huge: false };
            self.set(child, Some(Mapped { entry, ..mapped }));
            return Ok(());
        }
        if matches!(entry, Entry::Migrating { .. }) {
            mark!(self, "fork of a migration entry");
        } else if self.page(page).home != Home::Ram {
            mark!(self, "fork of a device page");
        } else if self.holds_on(page) > 0 {
            mark!(self, "fork of a held page");
        }
        self.page_mut(page).exclusive = false;
        if entry.is_huge() && parent == self.group(parent) {
            mark!(self, "fork of a huge entry");
        }
        let shared = Some(Mapped { entry: entry.write_protected(), ..mapped });
        self.set(parent, shared);
        self.set(child, shared);
        if child.space.0 >= Self::SPACES_BEFORE_LIMITS {
            self.mark_mapcount(self.mapcount(page));
            if entry.is_huge() {
                self.mark_huge_mapcount(self.folio_mapcount(page));
            }
        }
        Ok(())
    }

    /// All places unmapped, the space is dead. `exit s0` is `EINVAL`.
    pub(crate) fn exit(&mut self, space: Space) -> Answer {
        self.must_live(space)?;
        self.must_be_unlocked(space)?;
        if space == Space(0) {
            return Err(Errno::EINVAL);
        }
        if self.mapped(space).any(|(_, mapped)| matches!(mapped.entry, Entry::Migrating { .. })) {
            mark!(self, "exit over a migration entry");
        }
        let removed = self.tear_down(space);
        self.mark_freed(removed.freed);
        removed.answer()
    }

    fn tear_down(&mut self, space: Space) -> Removed {
        let mut removed = Removed::default();
        for place in self.places.within(space) {
            self.make_unmapped(place, &mut removed);
        }
        self.alive.remove(space);
        self.notes.space = Some(space);
        removed
    }

    fn mapped(&self, space: Space) -> impl Iterator<Item = (Place, &Mapped)> {
        self.places.of_space(space)
    }

    fn make_unmapped(&mut self, place: Place, removed: &mut Removed) {
        if self.at(place).is_some() {
            self.drop_entry(place, removed);
            self.set(place, None);
        }
    }

    /// The entry of a mapped place becomes a hole. A page to which a migration entry leads stays live until `finalize`.
    fn drop_entry(&mut self, place: Place, removed: &mut Removed) {
        let entry = self.at(place).expect("a mapped place").entry;
        let Some(page) = entry.page() else {
            return;
        };
        if matches!(entry, Entry::Migrating { .. }) {
            mark!(self, "unmap or discard of a migration entry");
        } else if self.is_page_locked(page) {
            mark!(self, "discard of a page that its transaction has locked");
        } else if self.pins_on(page) > 0 {
            mark!(self, "unmap or discard of a pinned page");
        } else if self.holds_on(page) > 0 {
            mark!(self, "unmap or discard of a held page");
        } else if self.page(page).home != Home::Ram {
            mark!(self, "unmap or discard of a device page");
        }
        if entry.is_huge() {
            // The operation is about the whole group; it comes to the other places later, and finds holes.
            mark!(self, "huge entry that is removed as one");
            for place in self.group_places(self.group(place)) {
                self.set_entry(place, Entry::Hole);
                removed.pages += 1;
            }
        } else {
            self.set_entry(place, Entry::Hole);
            removed.pages += 1;
        }
        removed.freed += self.free_if_unused(page);
    }
}
