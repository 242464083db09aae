//! Free runs of a device: aligned frames in which a large folio can be, as a list of their own, and how they are joined of single
//! frames and broken up into such.

use alloc::vec;
use alloc::vec::Vec;

use stalemap_operations::Order;

use super::frame::Frame;
use super::memmap::Memmap;

/// The free runs of one device; nothing on a machine without huge pages.
#[derive(Debug)]
pub(super) struct FreeRuns {
    pub(super) order: Order,
    /// The first free run, by its first frame, which names the next.
    pub(super) first: Frame,
    /// Of each run how many of its frames are on the list of single ones.
    pub(super) singles: Vec<u16>,
    /// Runs all of whose frames are on the list of single ones.
    pub(super) whole: u32,
}

impl FreeRuns {
    /// No frame is free yet.
    pub(super) fn new(huge: Option<Order>, frames: u32) -> Self {
        let order = huge.unwrap_or(Order(0));
        let runs = if huge.is_some() { frames >> order.0 } else { 0 };
        FreeRuns { order, first: Frame::NONE, singles: vec![0; runs as usize], whole: 0 }
    }

    /// Bytes of the counts.
    pub(super) const fn bytes(huge: Option<Order>, frames: u32) -> usize {
        match huge {
            Some(order) => (frames >> order.0) as usize * size_of::<u16>(),
            None => 0,
        }
    }

    /// Every frame that can be part of a run is, and these are on the list.
    pub(super) fn reset(&mut self, start: Frame, memmap: &mut Memmap) {
        self.singles.fill(0);
        self.whole = 0;
        self.first = Frame::NONE;
        for run in (0..self.singles.len()).rev() {
            self.push(self.head(start, run), memmap);
        }
    }

    /// The first frame of a run.
    pub(super) fn head(&self, start: Frame, run: usize) -> Frame {
        Frame(start.0 + (u32::try_from(run).expect("fewer runs than frames") << self.order.0))
    }

    pub(super) fn push(&mut self, head: Frame, memmap: &mut Memmap) {
        memmap[head].set_next_free(self.first);
        self.first = head;
    }

    /// The frame behind the last one that can be part of a run, as an offset.
    pub(super) fn end(&self) -> u32 {
        u32::try_from(self.singles.len()).expect("fewer runs than frames") << self.order.0
    }

    /// Whether there is a free run on the list.
    #[inline]
    pub(super) fn has_runs(&self) -> bool {
        self.first != Frame::NONE
    }

    /// A single frame with this offset was taken.
    #[inline]
    pub(super) fn take_single(&mut self, offset: u32) {
        if let Some(singles) = self.singles.get_mut((offset >> self.order.0) as usize) {
            self.whole -= u32::from(u32::from(*singles) == self.order.frames());
            *singles -= 1;
        }
    }

    /// A single frame with this offset is free.
    #[inline]
    pub(super) fn free_single(&mut self, offset: u32) {
        if let Some(singles) = self.singles.get_mut((offset >> self.order.0) as usize) {
            *singles += 1;
            self.whole += u32::from(u32::from(*singles) == self.order.frames());
        }
    }

    /// Whether all frames of the run of this offset are on the list of single ones.
    pub(super) fn is_whole(&self, offset: u32) -> bool {
        let singles = self.singles.get((offset >> self.order.0) as usize);
        singles.is_some_and(|&free| u32::from(free) == self.order.frames())
    }
}
