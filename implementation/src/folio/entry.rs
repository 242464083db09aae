//! What operations on ranges do to huge entries: they are removed, moved and shared as one, or split.

use stalemap_operations::{PageRange, Place, Space};

use crate::address_space::Removed;
use crate::implementation::{Implementation, Stop};
use crate::paging::PteView;
use crate::seeded::Bug;

impl Implementation {
    /// Removes a huge entry as one (`zap_huge_pmd`) if all of its group is in the range. Else it is split, and the answer is no.
    #[cold]
    #[inline(never)]
    pub(crate) fn zap_huge(&mut self, place: Place, removed: &mut Removed) -> bool {
        if !self.tables.is_group_within(place, removed.range) {
            self.split_entry(place);
            return false;
        }
        let entry = self.tables.huge_entry(place).expect("a huge entry");
        self.tables.set_huge_entry(self.tables.group(place), PteView::Hole, &mut self.notes);
        match entry {
            PteView::Hole => {}
            PteView::Present { frame: head, .. } | PteView::Device { frame: head, .. } => {
                self.remove_huge_rmap(head);
                removed.freed += self.put_page(head);
            }
            // The transaction has the folio; the entry only leads there.
            PteView::Migration { frame: head, .. } => self.notes.folio(&self.frames.memmap[head]),
        }
        removed.pages += self.tables.group_pages();
        true
    }

    /// Whether a huge entry moves as one: all of its group moves to a group (`move_huge_pmd`). Else it is split.
    #[cold]
    #[inline(never)]
    pub(crate) fn moves_as_one(&mut self, place: Place, range: PageRange, distance: u32) -> bool {
        let is_aligned = distance.is_multiple_of(self.tables.group_pages());
        let is_aligned = self.bugs.choose(Bug::MoveIgnoresAlignment, is_aligned, || true);
        let is_whole = self.tables.is_group_within(place, range) && is_aligned;
        if !is_whole {
            self.split_entry(place);
        }
        is_whole
    }

    /// Whether a fork shares a huge entry as one (`copy_huge_pmd`). If the folio is pinned and the parent's alone, the entry is split, and
    /// its pages are copied one by one.
    #[cold]
    #[inline(never)]
    pub(crate) fn shares_huge_entry(&mut self, parent: Place) -> bool {
        let is_copied = match self.tables.huge_entry(parent) {
            Some(PteView::Present { frame: head, .. }) => {
                self.frames.memmap[head].pins() > 0 && self.frames.memmap.is_exclusive(head)
            }
            _ => false,
        };
        let is_copied = self.bugs.choose(Bug::ForkSharesPinned, is_copied, || false);
        if is_copied {
            self.split_entry(parent);
        }
        !is_copied
    }

    /// Shares the huge entry of the group that begins here with the child: both lose the writable bit, and the pages are no longer
    /// exclusive.
    #[cold]
    #[inline(never)]
    pub(crate) fn fork_group(&mut self, first: Place, child: Space) -> Result<(), Stop> {
        for place in self.group_places(first) {
            self.fork_mapping(place, child);
        }
        let entry = self.tables.huge_entry(first).expect("a huge entry");
        let protected = entry.write_protected();
        let shared = match entry {
            PteView::Device { .. } => self.bugs.choose(Bug::ForkLeavesHugeDeviceWritable, protected, || entry),
            PteView::Hole | PteView::Present { .. } | PteView::Migration { .. } => protected,
        };
        let copy = Place { space: child, ..first };
        self.tables.set_huge_entry(first, shared, &mut self.notes);
        self.tables.set_huge_entry(copy, shared, &mut self.notes);
        let head = match entry {
            PteView::Hole => return Ok(()),
            PteView::Present { frame: head, .. } | PteView::Device { frame: head, .. } => {
                self.frames.memmap[head].get();
                self.add_huge_rmap(head, copy);
                head
            }
            PteView::Migration { frame: head, .. } => self.frame_behind(head),
        };
        self.frames.memmap.set_folio_exclusive(head, false);
        self.notes.folio(&self.frames.memmap[head]);
        Ok(())
    }
}
