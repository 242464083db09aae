//! Identities of pages: an observer's names for them, and the frame that each page is in.

use alloc::vec::Vec;

use stalemap_operations::PageToken;

use crate::frames::Frame;

/// Which frame each live page is in, by the page's identity: an observer's name that moves with the page.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    frames: Vec<Frame>,
    free: Vec<u32>,
    /// How many of the free names may be given: those of pages that ended in the running operation follow them, and no
    /// observer has seen yet that these have ended.
    usable: usize,
}

impl Identities {
    pub(crate) fn clear(&mut self) {
        self.frames.clear();
        self.free.clear();
        self.usable = 0;
    }

    /// An operation begins: every free name may be given again.
    #[inline]
    pub(crate) fn begin(&mut self) {
        self.usable = self.free.len();
    }

    /// A name for a page that is allocated in this frame.
    pub(super) fn allocate(&mut self, frame: Frame) -> u32 {
        if let Some(last) = self.usable.checked_sub(1) {
            self.usable = last;
            let identity = self.free.swap_remove(last);
            self.frames[identity as usize] = frame;
            return identity;
        }
        self.frames.push(frame);
        u32::try_from(self.frames.len() - 1).expect("fewer than 2^32 pages")
    }

    pub(super) fn moved(&mut self, identity: u32, frame: Frame) {
        self.frames[identity as usize] = frame;
    }

    pub(super) fn free(&mut self, identity: u32) {
        self.frames[identity as usize] = Frame::NONE;
        self.free.push(identity);
    }

    /// The frame of a live page.
    pub(crate) fn frame(&self, token: PageToken) -> Option<Frame> {
        self.frames.get(token.0 as usize).copied().filter(|&frame| frame != Frame::NONE)
    }

    /// Identities and frames of all live pages.
    pub(crate) fn live(&self) -> impl Iterator<Item = (PageToken, Frame)> + '_ {
        (0..).map(PageToken).zip(self.frames.iter().copied()).filter(|&(_, frame)| frame != Frame::NONE)
    }
}
