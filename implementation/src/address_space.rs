//! Operations on address spaces: map, unmap, discard, protect, move, fork, exit.

use stalemap_operations::{Access, Destination, Dialect, Effect, Errno, PageRange, Place, Space, VirtualPage};

use crate::frames::Frame;
use crate::implementation::{Answer, Implementation, Stop};
use crate::paging::{Mapping, PteView, places};
use crate::seeded::Bug;

/// What the removal of entries from a range came to.
#[derive(Clone, Copy)]
pub(crate) struct Removed {
    pub(crate) pages: u32,
    pub(crate) freed: u32,
    /// A huge entry all of whose group is in it is removed as one.
    pub(crate) range: PageRange,
}

impl Removed {
    /// Nothing yet.
    pub(crate) fn from(range: PageRange) -> Removed {
        Removed { pages: 0, freed: 0, range }
    }
}

impl From<Removed> for Effect {
    fn from(Removed { pages, freed, .. }: Removed) -> Self {
        Effect::PagesFreed { pages, freed }
    }
}

impl Implementation {
    pub(crate) fn map(&mut self, space: Space, range: PageRange, access: Access) -> Answer {
        self.must_live(space)?;
        self.must_be_unlocked(space)?;
        if self.tables.next_mapped(space, range.first.0).is_some_and(|page| page.0 < range.first.0 + range.count) {
            return Err(Errno::EEXIST.into());
        }
        let region = self.graph.new_region(space, range.count);
        let mapping = Mapping { access, advice: None };
        for place in places(space, range) {
            self.tables.set_mapping(place, region, mapping, &mut self.notes);
        }
        Ok(Effect::Nothing)
    }

    pub(crate) fn unmap(&mut self, space: Space, range: PageRange) -> Answer {
        self.must_live(space)?;
        self.must_be_unlocked(space)?;
        Ok(self.unmap_mapped(space, range).into())
    }

    pub(crate) fn discard(&mut self, space: Space, range: PageRange) -> Answer {
        self.must_live(space)?;
        let mut removed = Removed::from(range);
        let mut all_mapped = true;
        for place in places(space, range) {
            if self.tables.mapping(place).is_none() {
                all_mapped = false;
                continue;
            }
            self.zap(place, &mut removed);
        }
        if all_mapped { Ok(removed.into()) } else { Err(Errno::ENOMEM.into()) }
    }

    pub(crate) fn protect(&mut self, space: Space, range: PageRange, access: Access) -> Answer {
        self.must_live(space)?;
        self.must_be_unlocked(space)?;
        for place in places(space, range) {
            let Some((_, had)) = self.tables.mapping(place) else {
                return Err(Errno::ENOMEM.into());
            };
            if had == access {
                continue;
            }
            self.split_entry_partly_in(place, range);
            self.tables.set_access(place, access, &mut self.notes);
            // The first place of a huge entry changes it as a whole; the others have the access to come.
            let huge = self.tables.huge_entry(place);
            if huge.is_some() && self.tables.index_in_group(place) > 0 {
                continue;
            }
            let entry = huge.unwrap_or_else(|| self.tables.entry(place));
            if !access.writable() {
                let protected = entry.write_protected();
                let is_left = match entry {
                    PteView::Device { .. } if huge.is_some() => {
                        self.bugs.skips(Bug::ProtectLeavesHugeDeviceWritable, protected != entry)
                    }
                    PteView::Device { .. } => self.bugs.skips(Bug::ProtectLeavesDeviceWritable, protected != entry),
                    PteView::Migration { .. } => {
                        self.bugs.skips(Bug::ProtectLeavesMigrationWritable, protected != entry)
                    }
                    PteView::Hole | PteView::Present { .. } => false,
                };
                if !is_left {
                    self.replace_entry(place, protected);
                }
            } else if let PteView::Present { frame, dirty, .. } = entry
                && self.may_become_writable(frame, dirty, huge.is_some())
            {
                self.replace_entry(place, PteView::Present { frame, writable: true, dirty });
            }
        }
        Ok(Effect::Nothing)
    }

    /// Changes the bits of an entry: a huge one at its first place, or a small one.
    #[inline]
    fn replace_entry(&mut self, place: Place, entry: PteView) {
        if self.tables.is_huge(place) {
            self.tables.set_huge_entry(place, entry, &mut self.notes);
        } else {
            self.tables.set_entry(place, entry, &mut self.notes);
        }
    }

    /// Whether `protect` to `rw` may set the writable bit at once (`can_change_pte_writable`, mm/mprotect.c: until
    /// 6.1 a clean entry waits for the write fault, and `change_huge_pmd` lets each huge one wait).
    fn may_become_writable(&self, frame: Frame, dirty: bool, huge: bool) -> bool {
        let exclusive = self.frames.memmap.is_exclusive(frame);
        self.bugs.choose(Bug::ProtectUpgradesShared, exclusive, || true)
            && match self.machine.rules() {
                Dialect::Linux6_12 | Dialect::Linux7_3 => true,
                Dialect::Linux6_1 => dirty && !huge,
            }
    }

    pub(crate) fn move_range(&mut self, space: Space, range: PageRange, destination: Destination) -> Answer {
        self.must_live(space)?;
        self.must_be_unlocked(space)?;
        let Destination(to) = destination;
        if self.tables.mapping(Place { space, page: range.first }).is_none() {
            return Err(Errno::EFAULT.into());
        }
        if range.overlaps(PageRange { first: to, count: range.count }) {
            return Err(Errno::EINVAL.into());
        }
        let distance = to.0.wrapping_sub(range.first.0);
        // What lies behind the place that stops it keeps its entries, those of a group's other places too.
        let is_mapped = |page: &VirtualPage| self.tables.mapping(Place { space, page: *page }).is_some();
        let mapped = u32::try_from(range.iter().take_while(is_mapped).count()).expect("at most the range");
        let mut removed = Removed::from(PageRange { first: to, count: mapped });
        let moved = self.move_places(space, PageRange { count: mapped, ..range }, distance, &mut removed);
        self.graph.forget_heirs();
        moved?;
        if mapped < range.count { Err(Errno::EFAULT.into()) } else { Ok(removed.into()) }
    }

    fn move_places(
        &mut self,
        space: Space,
        range: PageRange,
        distance: u32,
        removed: &mut Removed,
    ) -> Result<(), Stop> {
        let mut page = range.first;
        while page.0 < range.first.0 + range.count {
            let from = Place { space, page };
            let moves_as_one = self.tables.is_huge(from) && self.moves_as_one(from, range, distance);
            let count = if moves_as_one { self.tables.group_pages() } else { 1 };
            self.move_entry(from, count, distance, removed)?;
            page.0 += count;
        }
        Ok(())
    }

    /// Moves one place, or the group of a huge entry that moves as one. The destination is unmapped first.
    fn move_entry(&mut self, from: Place, count: u32, distance: u32, removed: &mut Removed) -> Result<(), Stop> {
        let (region, _) = self.tables.mapping(from).ok_or(Errno::EFAULT)?;
        let there = |page: VirtualPage| VirtualPage(page.0.wrapping_add(distance));
        let sources = places(from.space, PageRange { first: from.page, count });
        for source in sources.clone() {
            let to = Place { page: there(source.page), ..source };
            self.unmap_place(to, removed);
            let heir = self.graph.heir_for_move(region, distance, &self.bugs);
            self.graph.add_place(heir);
            self.tables.copy_mapping(from, to, heir, &mut self.notes);
        }
        let to = Place { page: there(from.page), ..from };
        let entry = self.tables.entry(from);
        if let Some(frame) = entry.frame() {
            self.notes.folio(self.frames.memmap.folio(frame));
        }
        if count == 1 {
            self.tables.set_entry(to, entry, &mut self.notes);
            self.tables.set_entry(from, PteView::Hole, &mut self.notes);
        } else {
            self.tables.set_huge_entry(self.tables.group(to), entry, &mut self.notes);
            self.tables.set_huge_entry(from, PteView::Hole, &mut self.notes);
        }
        for source in sources {
            self.tables.clear_mapping(source, &mut self.notes);
        }
        self.graph.drop_places(region, count);
        Ok(())
    }

    pub(crate) fn fork(&mut self, space: Space, child: Space) -> Answer {
        self.must_live(space)?;
        if self.spaces[child.index()].alive {
            return Err(Errno::EBUSY.into());
        }
        self.must_be_unlocked(space)?;
        self.spaces[child.index()].alive = true;
        self.notes.space = Some(child);
        let mut copied = Ok(());
        let mut from = 0;
        while copied.is_ok()
            && let Some(page) = self.tables.next_mapped(space, from)
        {
            let place = Place { space, page };
            if self.tables.is_huge(place) && self.shares_huge_entry(place) {
                copied = self.fork_group(place, child);
                from = page.0 + self.tables.group_pages();
            } else {
                copied = self.fork_place(place, child);
                from = page.0 + 1;
            }
        }
        self.graph.forget_heirs();
        if copied.is_err() {
            self.tear_down(child);
        }
        copied.map(|()| Effect::Nothing)
    }

    /// Makes the same place of the child part of the same mapping.
    #[inline(always)]
    pub(crate) fn fork_mapping(&mut self, parent: Place, child: Space) -> Place {
        let (region, _) = self.tables.mapping(parent).expect("a mapped place");
        let clone = self.graph.heir_for_fork(region, child, &self.bugs);
        let place = Place { space: child, page: parent.page };
        self.graph.add_place(clone);
        self.tables.copy_mapping(parent, place, clone, &mut self.notes);
        place
    }

    /// Copies one place into the child (`copy_present_ptes`, `copy_nonpresent_pte`, mm/memory.c).
    fn fork_place(&mut self, parent: Place, child: Space) -> Result<(), Stop> {
        let place = self.fork_mapping(parent, child);
        match self.tables.entry(parent) {
            PteView::Hole => Ok(()),
            PteView::Present { frame, .. }
                if self.bugs.choose(Bug::ForkSharesPinned, self.is_copied_at_fork(frame), || false) =>
            {
                self.copy_pinned(frame, place)
            }
            entry @ (PteView::Present { frame, .. } | PteView::Device { frame, .. }) => {
                self.share_entry(entry, parent, place, frame);
                self.frames.memmap.folio_mut(frame).get();
                self.add_rmap(frame, place)
            }
            entry @ PteView::Migration { frame, .. } => {
                self.share_entry(entry, parent, place, self.frame_behind(frame));
                Ok(())
            }
        }
    }

    /// Whether a fork copies the page at once: it or its folio is pinned, and it belongs to the parent alone
    /// (`folio_try_dup_anon_rmap_pte`).
    #[inline]
    fn is_copied_at_fork(&self, frame: Frame) -> bool {
        let memmap = &self.frames.memmap;
        let pins = self.bugs.choose(Bug::PinCheckReadsTail, memmap.folio(frame).pins(), || memmap[frame].pins());
        pins > 0 && memmap.is_exclusive(frame)
    }

    /// Both entries lose the writable bit, and the page is no longer exclusive.
    fn share_entry(&mut self, entry: PteView, parent: Place, child: Place, frame: Frame) {
        let protected = entry.write_protected();
        let shared = match entry {
            PteView::Device { .. } => self.bugs.choose(Bug::ForkLeavesDeviceWritable, protected, || entry),
            PteView::Hole | PteView::Present { .. } | PteView::Migration { .. } => protected,
        };
        self.tables.set_entry(parent, shared, &mut self.notes);
        self.tables.set_entry(child, shared, &mut self.notes);
        self.frames.memmap.set_exclusive(frame, false);
        self.notes.page(&self.frames.memmap[frame]);
    }

    /// A pinned page is not shared: the child gets a copy at once (`copy_present_page`).
    fn copy_pinned(&mut self, frame: Frame, place: Place) -> Result<(), Stop> {
        let (_, access) = self.tables.mapping(place).expect("a mapped place");
        let copy = self.frames.allocate().ok_or(Errno::ENOMEM)?;
        self.allocate_page(copy, place)?;
        let stamp = self.frames.memmap.content(frame);
        self.frames.memmap.set_content(copy, stamp);
        let dirty = self.bugs.choose(Bug::PinnedCopyClean, true, || false);
        let entry = PteView::Present { frame: copy, writable: access.writable(), dirty };
        self.tables.set_entry(place, entry, &mut self.notes);
        Ok(())
    }

    pub(crate) fn exit(&mut self, space: Space) -> Answer {
        self.must_live(space)?;
        self.must_be_unlocked(space)?;
        if space == Space(0) {
            return Err(Errno::EINVAL.into());
        }
        Ok(self.tear_down(space).into())
    }

    /// Unmaps everything; the space is dead.
    fn tear_down(&mut self, space: Space) -> Removed {
        let mut removed = Removed::from(PageRange { first: VirtualPage(0), count: self.machine.pages() });
        let mut from = 0;
        while let Some(page) = self.tables.next_mapped(space, from) {
            let place = Place { space, page };
            let migrating = matches!(self.tables.entry(place), PteView::Migration { .. });
            if !(migrating && self.bugs.skips(Bug::ExitForgetsMigrationEntries, true)) {
                self.unmap_place(place, &mut removed);
            }
            from = page.0 + 1;
        }
        self.spaces[space.index()].alive = false;
        self.notes.space = Some(space);
        removed
    }

    /// Unmaps what is mapped in a range.
    fn unmap_mapped(&mut self, space: Space, range: PageRange) -> Removed {
        let mut removed = Removed::from(range);
        let mut from = range.first.0;
        while let Some(page) = self.tables.next_mapped(space, from).filter(|page| page.0 < range.first.0 + range.count)
        {
            self.unmap_place(Place { space, page }, &mut removed);
            from = page.0 + 1;
        }
        removed
    }

    /// Makes a place of a range unmapped, which it may be already.
    fn unmap_place(&mut self, place: Place, removed: &mut Removed) {
        let Some((region, _)) = self.tables.mapping(place) else {
            return;
        };
        self.zap(place, removed);
        self.tables.clear_mapping(place, &mut self.notes);
        self.graph.drop_places(region, 1);
    }

    /// Turns the entry of a mapped place of a range into a hole (`zap_pte_range`, mm/memory.c); a huge entry as one where all of its
    /// group is in the range.
    pub(crate) fn zap(&mut self, place: Place, removed: &mut Removed) {
        if self.tables.is_huge(place) && self.zap_huge(place, removed) {
            return;
        }
        match self.tables.entry(place) {
            PteView::Hole => return,
            entry @ (PteView::Present { frame, .. } | PteView::Device { frame, .. }) => {
                self.tables.set_entry(place, PteView::Hole, &mut self.notes);
                let on_device = matches!(entry, PteView::Device { .. });
                let is_shared = self.frames.memmap.folio(frame).refcount() > 1;
                if !(on_device && self.bugs.skips(Bug::ZapKeepsRmap, is_shared)) {
                    self.remove_rmap(frame);
                }
                if self.bugs.choose(Bug::PartialUnmapPutsTwice, false, || self.frames.memmap[frame].is_head()) {
                    removed.freed += self.put_page(frame);
                }
                removed.freed += self.put_page(frame);
            }
            PteView::Migration { frame, .. } => {
                // The transaction has the page; the entry only leads there.
                self.tables.set_entry(place, PteView::Hole, &mut self.notes);
                self.notes.page(&self.frames.memmap[frame]);
                if self.bugs.choose(Bug::DiscardFreesMigrating, false, || true) {
                    removed.freed += self.put_page(self.frame_behind(frame));
                }
            }
        }
        removed.pages += 1;
    }
}
