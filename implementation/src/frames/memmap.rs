//! The memory map: one flat array of descriptors over RAM and the devices, and the contents of the frames.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::{Index, IndexMut};

use stalemap_operations::{FrameToken, Home, Machine, Stamp};

use super::frame::Frame;
use super::page::Page;

/// Descriptors and contents of all frames.
#[derive(Debug)]
pub(crate) struct Memmap {
    pages: Vec<Page>,
    /// One byte stands for a frame's content.
    contents: Vec<u8>,
    /// Where each home begins, by [`Home::index`]; the entry behind the last is the end.
    starts: [u32; Home::LIMIT + 1],
}

impl Memmap {
    pub(super) fn new(machine: &Machine) -> Self {
        let mut starts = [0; Home::LIMIT + 1];
        for home in Home::ALL {
            starts[home.index() + 1] = starts[home.index()] + machine.frames(home);
        }
        let frames = starts[Home::LIMIT] as usize;
        Memmap { pages: (0..frames).map(|_| Page::FREE).collect(), contents: vec![0; frames], starts }
    }

    /// Empties every frame; the devices then put theirs on their lists.
    pub(super) fn reset(&mut self) {
        self.pages.iter_mut().for_each(|page| *page = Page::FREE);
        self.contents.fill(0);
    }

    /// Number of frames in all.
    pub(crate) fn frames(&self) -> u32 {
        self.starts[Home::LIMIT]
    }

    /// The first frame of a home, and the one behind its last.
    #[inline]
    pub(crate) fn range(&self, home: Home) -> (Frame, Frame) {
        (Frame(self.starts[home.index()]), Frame(self.starts[home.index() + 1]))
    }

    /// The home of a frame.
    #[inline]
    pub(crate) fn home(&self, frame: Frame) -> Home {
        self[frame].device().map_or(Home::Ram, Home::Device)
    }

    /// The frame as the placement oracle reads it.
    pub(crate) fn token(&self, frame: Frame) -> FrameToken {
        let home = self.home(frame);
        FrameToken { home, offset: frame.0.wrapping_sub(self.starts[home.index()]) }
    }

    /// The frames on a free list of a home that begins with this one. Ends also at a frame that cannot be on it, and after so many, so
    /// that a list that is broken ends.
    pub(super) fn free_list(&self, home: Home, first: Frame, most: usize) -> impl Iterator<Item = Frame> + '_ {
        let (start, end) = self.range(home);
        let at_home = move |frame: Frame| (start <= frame && frame < end).then_some(frame);
        let next = move |frame: &Frame| if self[*frame].is_used() { None } else { at_home(self[*frame].next_free()) };
        core::iter::successors(at_home(first), next).take(most)
    }

    #[inline]
    pub(crate) fn content(&self, frame: Frame) -> Stamp {
        Stamp(self.contents[self.place_of_content(frame)])
    }

    #[inline]
    pub(crate) fn set_content(&mut self, frame: Frame, stamp: Stamp) {
        let place = self.place_of_content(frame);
        self.contents[place] = stamp.0;
    }

    /// RAM is addressed by frame number; a device finds its memory by the driver's word, as a real driver does
    /// (`BACKING_PAGE`, lib/test_hmm.c).
    #[inline]
    fn place_of_content(&self, frame: Frame) -> usize {
        let page = &self[frame];
        match page.device() {
            Some(device) if page.is_used() => (self.starts[Home::Device(device).index()] + page.driver_data()) as usize,
            // The word of a free frame is the next one on its device's list.
            Some(_) | None => frame.index(),
        }
    }
}

impl Index<Frame> for Memmap {
    type Output = Page;
    #[inline]
    fn index(&self, frame: Frame) -> &Page {
        &self.pages[frame.index()]
    }
}

impl IndexMut<Frame> for Memmap {
    #[inline]
    fn index_mut(&mut self, frame: Frame) -> &mut Page {
        &mut self.pages[frame.index()]
    }
}
