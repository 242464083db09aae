//! Notes of what an operation touched, taken where entries and descriptors are written.

use stalemap_operations::{PageToken, Place, Slot, Space, Touched};

use crate::frames::Page;

/// What the running operation touched so far.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) touched: Touched,
    /// The space that began, ended, was locked or unlocked; no operation does it to two.
    pub(crate) space: Option<Space>,
}

impl Notes {
    pub(crate) fn clear(&mut self) {
        self.touched.clear();
        self.space = None;
    }

    /// Whether there is nothing.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.touched.is_empty() && self.space.is_none()
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

    /// A slot that was filled, emptied or advanced.
    pub(crate) fn slot(&mut self, slot: Slot) {
        self.touched.slots.push(slot);
    }
}
