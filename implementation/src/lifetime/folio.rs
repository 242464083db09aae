//! Allocation, move and end of a large folio.

use stalemap_operations::Place;

use super::token::ByLifetime;
use crate::frames::Frame;
use crate::implementation::Implementation;
use crate::rmap::ids::AnonVmaId;

impl Implementation {
    /// Allocates the pages of a large folio in a run that was just taken, with what is in it: exclusive, mapped by the huge entry of a group, which
    /// the caller writes. The run's one reference is the entry's.
    pub(crate) fn allocate_folio(&mut self, head: Frame, first: Place) {
        for frame in self.frames.memmap.folio_frames(head) {
            let identity = self.identities.allocate(frame);
            self.frames.memmap[frame].set_identity(identity, ByLifetime(()));
        }
        self.frames.memmap.set_folio_exclusive(head, true);
        self.add_huge_rmap(head, first);
    }

    /// A large folio takes its new run, as a page its new frame.
    #[cold]
    #[inline(never)]
    pub(crate) fn take_new_run(&mut self, old: Frame, new: Frame, mapping: Option<(AnonVmaId, u32)>) {
        let memmap = &mut self.frames.memmap;
        if let Some((anon_vma, index)) = mapping {
            self.graph.set_mapping(&mut memmap[new], anon_vma, index);
        }
        memmap.copy_exclusive(old, new);
        for (old, new) in memmap.folio_frames(old).zip(memmap.folio_frames(new)) {
            if let Some(identity) = memmap[old].identity() {
                memmap[new].set_identity(identity, ByLifetime(()));
                self.identities.moved(identity, new);
            }
        }
        self.notes.folio(&memmap[new]);
    }

    /// Drops a reference to a large folio, which ends with the last; the number of pages that ended.
    #[cold]
    #[inline(never)]
    pub(super) fn put_folio(&mut self, frame: Frame) -> u32 {
        let head = self.frames.memmap.head(frame);
        let page = &mut self.frames.memmap[head];
        self.notes.folio(page);
        if !page.put(ByLifetime(())) {
            return 0;
        }
        for frame in self.frames.memmap.folio_frames(head) {
            let page = &self.frames.memmap[frame];
            self.notes.page(page);
            if let Some(identity) = page.identity() {
                self.identities.free(identity);
                self.notes.end();
            }
        }
        let pages = self.frames.memmap.folio_size(head);
        self.free_frame(head);
        pages
    }
}
