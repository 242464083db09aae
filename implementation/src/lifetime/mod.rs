//! Allocation, move and end of a page, or of a large folio, in its frames: only here a reference is dropped, a frame without references goes
//! back to the frame allocator, and a page gets its identity.

mod folio;
pub(crate) mod identities;
pub(crate) mod token;

use stalemap_operations::{Home, Place, Stamp};

use crate::frames::Frame;
use crate::implementation::{Implementation, Stop};
use crate::rmap::ids::AnonVmaId;
use crate::seeded::Bug;
use token::ByLifetime;

impl Implementation {
    /// Allocates a page in a frame that was just taken: zero, exclusive, mapped at one place, whose entry the caller
    /// writes. The frame's one reference is the entry's.
    pub(crate) fn allocate_page(&mut self, frame: Frame, place: Place) -> Result<(), Stop> {
        let identity = self.identities.allocate(frame);
        if !self.bugs.skips(Bug::StampSurvives, self.frames.memmap.content(frame) != Stamp(0)) {
            self.frames.memmap.set_content(frame, Stamp(0));
        }
        let memmap = &mut self.frames.memmap;
        memmap[frame].set_identity(identity, ByLifetime(()));
        memmap.set_exclusive(frame, true);
        self.notes.page(&memmap[frame]);
        self.add_rmap(frame, place)
    }

    /// A page takes its new frame, whose one reference is the transaction's, and the mapping by which it is found from
    /// there. The old frame keeps what leads the migration entries to the page until it is free
    /// (`folio_migrate_mapping`, mm/migrate.c, does not reset it either).
    pub(crate) fn take_new_frame(&mut self, old: Frame, new: Frame, mapping: Option<(AnonVmaId, u32)>) {
        let memmap = &mut self.frames.memmap;
        let (identity, exclusive) = (memmap[old].identity(), memmap.is_exclusive(old));
        let exclusive = self.bugs.choose(Bug::MigrationMakesExclusive, exclusive, || true);
        memmap.set_exclusive(new, exclusive);
        let page = &mut memmap[new];
        if let Some((anon_vma, index)) = mapping {
            self.graph.set_mapping(page, anon_vma, index);
        }
        if let Some(identity) = identity {
            page.set_identity(identity, ByLifetime(()));
            self.identities.moved(identity, new);
        }
        self.notes.page(page);
    }

    /// Drops a reference to a page, or to the large folio that it is a page of, which ends with the last; the number of pages that
    /// ended.
    #[inline(always)]
    pub(crate) fn put_page(&mut self, frame: Frame) -> u32 {
        let page = &mut self.frames.memmap[frame];
        if page.is_large() {
            return self.put_folio(frame);
        }
        self.notes.page(page);
        if !page.put(ByLifetime(())) {
            return 0;
        }
        self.free_page(frame);
        1
    }

    /// As [`put_page`](Self::put_page), for a pin and its reference.
    pub(crate) fn unpin_page(&mut self, frame: Frame) -> u32 {
        let head = self.frames.memmap.head(frame);
        self.frames.memmap[head].unpin(ByLifetime(()));
        self.put_page(frame)
    }

    /// The last reference was dropped: the page ends and its frame is free.
    #[inline(never)]
    fn free_page(&mut self, frame: Frame) {
        if let Some(identity) = self.frames.memmap[frame].identity() {
            self.identities.free(identity);
            self.notes.end();
        }
        self.free_frame(frame);
    }

    /// Drops the reference to a frame, or to a run, that no page is in: given by `copy` and not used, or left by a page.
    pub(crate) fn put_bare_frame(&mut self, frame: Frame) {
        if self.frames.memmap[frame].put(ByLifetime(())) {
            self.free_frame(frame);
        }
    }

    /// Gives a frame, or a run, to the free ones. Nothing of its pages stays in the descriptors.
    fn free_frame(&mut self, frame: Frame) {
        if self.frames.memmap[frame].mapping().is_some() {
            // A frame of RAM is emptied as a whole when it is taken back; one of a device keeps its other words
            // (`free_zone_device_folio`, mm/memremap.c).
            let is_single = !self.frames.memmap[frame].is_head();
            let stays = is_single && self.is_on_device(frame) && self.bugs.skips(Bug::StaleMapping, true);
            if !stays {
                self.graph.clear_mapping(&mut self.frames.memmap[frame]);
            }
        }
        self.frames.take_back(frame, ByLifetime(()));
    }

    /// The frame in which the page is now that a migration entry leads to.
    pub(crate) fn frame_behind(&self, entry: Frame) -> Frame {
        let token = self.frames.memmap[entry].identity().map(stalemap_operations::PageToken);
        token.and_then(|token| self.identities.frame(token)).unwrap_or(entry)
    }

    /// Whether the frame belongs to a device.
    #[inline]
    pub(crate) fn is_on_device(&self, frame: Frame) -> bool {
        self.frames.memmap.home(frame) != Home::Ram
    }
}

#[cfg(test)]
mod tests;
