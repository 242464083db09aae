//! Notes of what an operation touched.

use alloc::vec::Vec;

use stalemap_operations::{PageToken, Place, Slot, Space, Touched};

/// What the running operation touched so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    pub(crate) touched: Touched,
    /// The space that began, ended, was locked or unlocked; no operation does it to two.
    pub(crate) space: Option<Space>,
    /// Whether frames were taken or given back.
    pub(crate) has_frames: bool,
    /// Pages that ended. Their names are given again by the next operation, so that an observer sees that they have ended.
    pub(crate) ended: Vec<PageToken>,
}

impl Notes {
    pub(crate) fn clear(&mut self) {
        self.touched.clear();
        self.space = None;
        self.has_frames = false;
        self.ended.clear();
    }

    /// Whether nothing was touched. Frames are touched with a page or slot.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.touched.is_empty() && self.space.is_none()
    }

    /// A place that changes.
    #[inline]
    pub(crate) fn place(&mut self, place: Place) {
        if self.touched.places.last() != Some(&place) {
            self.touched.places.push(place);
        }
    }

    /// A page that changes, or whose references do.
    #[inline]
    pub(crate) fn page(&mut self, page: PageToken) {
        if self.touched.pages.last() != Some(&page) {
            self.touched.pages.push(page);
        }
    }

    /// A slot that is filled, emptied or advanced. A transaction or a block has frames.
    pub(crate) fn slot(&mut self, slot: Slot) {
        self.touched.slots.push(slot);
        self.has_frames |= matches!(slot, Slot::Transaction(_) | Slot::Block(_));
    }
}
