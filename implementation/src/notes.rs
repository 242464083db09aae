//! Notes of what an operation touched, taken where entries and descriptors are written.

use stalemap_operations::{PageToken, Place, Slot, Touched};

use crate::frames::Frame;
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

/// Which frame each living page is in, by the page's identity: an observer's name that moves with the page.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    frames: alloc::vec::Vec<Frame>,
    free: alloc::vec::Vec<u32>,
}

impl Identities {
    pub(crate) fn clear(&mut self) {
        self.frames.clear();
        self.free.clear();
    }

    /// A name for a page that is allocated in this frame.
    pub(crate) fn allocate(&mut self, frame: Frame) -> u32 {
        if let Some(identity) = self.free.pop() {
            self.frames[identity as usize] = frame;
            return identity;
        }
        self.frames.push(frame);
        u32::try_from(self.frames.len() - 1).expect("fewer than 2^32 pages")
    }

    pub(crate) fn moved(&mut self, identity: u32, frame: Frame) {
        self.frames[identity as usize] = frame;
    }

    pub(crate) fn free(&mut self, identity: u32) {
        self.frames[identity as usize] = Frame::NONE;
        self.free.push(identity);
    }

    /// The frame of a living page.
    pub(crate) fn frame(&self, token: PageToken) -> Option<Frame> {
        self.frames.get(token.0 as usize).copied().filter(|&frame| frame != Frame::NONE)
    }

    /// Identities and frames of all living pages.
    pub(crate) fn live(&self) -> impl Iterator<Item = (PageToken, Frame)> + '_ {
        (0..).map(PageToken).zip(self.frames.iter().copied()).filter(|&(_, frame)| frame != Frame::NONE)
    }
}
