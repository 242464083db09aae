//! Notes of what an operation touched, taken where entries and descriptors are written.

use stalemap_operations::{PageToken, Place, Slot, Touched};

use crate::frames::Page;

/// What the running operation touched so far.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) touched: Touched,
}

impl Notes {
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
