//! Notes of what an operation touched, taken where entries and descriptors are written.

use alloc::vec::Vec;

use stalemap_operations::{PageToken, Place, Slot, Space, Touched};

use crate::frames::Page;

/// What the running operation touched so far.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) touched: Touched,
    /// The space that began, ended, was locked or unlocked; no operation does it to two.
    pub(crate) space: Option<Space>,
    /// Whether a page ended, or there is something in the lists that follow, which are empty on a machine without huge pages.
    is_marked: bool,
    /// Groups whose huge entry was written, by their first places: all their places were touched.
    pub(crate) groups: Vec<Place>,
    /// Large folios of which a counter was written, by their heads: all their pages were touched.
    pub(crate) folios: Vec<PageToken>,
    /// Of each large folio that the operation could have made whether it found the frames for it.
    pub(crate) runs: Vec<bool>,
}

impl Notes {
    pub(crate) fn clear(&mut self) {
        self.touched.clear();
        self.space = None;
    }

    /// Forgets what only a marked operation noted.
    pub(crate) fn clear_marked(&mut self) {
        self.groups.clear();
        self.folios.clear();
        self.runs.clear();
        self.is_marked = false;
    }

    /// Whether there is nothing.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.touched.is_empty() && self.space.is_none() && !self.is_marked
    }

    /// A place whose entry or mapping was written.
    #[inline]
    pub(crate) fn place(&mut self, place: Place) {
        if self.touched.places.last() != Some(&place) {
            self.touched.places.push(place);
        }
    }

    /// A descriptor that was written, or is about to be.
    #[inline]
    pub(crate) fn page(&mut self, page: &Page) {
        if let Some(identity) = page.identity() {
            let token = PageToken(identity);
            if self.touched.pages.last() != Some(&token) {
                self.touched.pages.push(token);
            }
        }
    }

    /// A group whose huge entry was written.
    pub(crate) fn group(&mut self, first: Place) {
        self.is_marked = true;
        if self.groups.last() != Some(&first) {
            self.groups.push(first);
        }
    }

    /// The head of a folio, or a small page, whose counters were written or are about to be: each page of the folio shows them.
    #[inline]
    pub(crate) fn folio(&mut self, head: &Page) {
        if !head.is_head() {
            return self.page(head);
        }
        self.is_marked = true;
        if let Some(identity) = head.identity() {
            let token = PageToken(identity);
            if self.folios.last() != Some(&token) {
                self.folios.push(token);
            }
        }
    }

    /// Whether a large folio that could be made found its frames.
    pub(crate) fn run(&mut self, is_found: bool) {
        self.is_marked = true;
        self.runs.push(is_found);
    }

    /// A page ended.
    #[inline]
    pub(crate) fn end(&mut self) {
        self.is_marked = true;
    }

    /// Whether a page ended, or groups, folios or runs were noted.
    #[inline]
    pub(crate) fn is_marked(&self) -> bool {
        self.is_marked
    }

    /// A slot that was filled, emptied or advanced.
    pub(crate) fn slot(&mut self, slot: Slot) {
        self.touched.slots.push(slot);
    }
}
