//! Free runs of a device: aligned frames in which a large folio can be, as a list of their own, and how they are joined of single
//! frames and broken up into such.

use alloc::vec;
use alloc::vec::Vec;

use stalemap_operations::{Home, Order};

use super::buddy::Buddy;
use super::device::DeviceMemory;
use super::frame::Frame;
use super::large::frames_of;
use super::memmap::Memmap;

/// The free runs of one device; nothing on a machine without huge pages.
#[derive(Debug)]
pub(super) struct FreeRuns {
    order: Order,
    /// The first free run, by its first frame, which names the next.
    first: Frame,
    /// Of each run how many of its frames are on the list of single ones.
    singles: Vec<u16>,
    /// Runs all of whose frames are on the list of single ones.
    whole: u32,
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
    fn head(&self, start: Frame, run: usize) -> Frame {
        Frame(start.0 + (u32::try_from(run).expect("fewer runs than frames") << self.order.0))
    }

    fn push(&mut self, head: Frame, memmap: &mut Memmap) {
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
    fn is_whole(&self, offset: u32) -> bool {
        let singles = self.singles.get((offset >> self.order.0) as usize);
        singles.is_some_and(|&free| u32::from(free) == self.order.frames())
    }

    /// The free runs on the list; stops after as many as there can be.
    pub(super) fn iter<'a>(&self, memmap: &'a Memmap, within: (Frame, Frame)) -> impl Iterator<Item = Frame> + use<'a> {
        let (start, end) = within;
        let on_device = move |frame: Frame| (start <= frame && frame < end).then_some(frame);
        core::iter::successors(on_device(self.first), move |&frame| {
            if memmap[frame].is_used() { None } else { on_device(memmap[frame].next_free()) }
        })
        .take(self.singles.len())
    }
}

impl DeviceMemory {
    /// Takes a run as a large folio without pages, with one reference. If none is on the list, single frames may make one.
    pub(super) fn allocate_run(&mut self, memmap: &mut Memmap, buddy: &mut Buddy) -> Option<Frame> {
        if !self.runs.has_runs() {
            self.join_runs(memmap);
        }
        let head = self.runs.first;
        if head == Frame::NONE {
            return None;
        }
        self.runs.first = memmap[head].next_free();
        let order = self.runs.order;
        self.free -= order.frames();
        memmap.take_run(head, order);
        let start = memmap.range(Home::Device(self.device)).0;
        for frame in frames_of(head, order) {
            memmap[frame].set_driver_data(frame.0 - start.0);
            buddy.set_device_frame_free(frame, false);
            self.used.insert(frame.0 - start.0);
        }
        Some(head)
    }

    /// Puts the frames of a large folio without references on the list of runs.
    pub(super) fn free_run(&mut self, head: Frame, memmap: &mut Memmap, buddy: &mut Buddy) {
        let start = memmap.range(Home::Device(self.device)).0;
        let order = memmap[head].order();
        for frame in frames_of(head, order) {
            let next = if frame == head { self.runs.first } else { Frame::NONE };
            memmap[frame].give_back_in_run(next);
            buddy.set_device_frame_free(frame, true);
            self.used.remove(frame.0 - start.0);
        }
        self.runs.first = head;
        self.free += order.frames();
    }

    /// The frames of the first free run become single ones.
    pub(super) fn break_run(&mut self, memmap: &mut Memmap) {
        let head = self.runs.first;
        self.runs.first = memmap[head].next_free();
        let start = memmap.range(Home::Device(self.device)).0;
        for frame in frames_of(head, self.runs.order).rev() {
            memmap[frame].set_next_free(self.first_free);
            self.first_free = frame;
            self.runs.free_single(frame.0 - start.0);
        }
    }

    /// Single frames that make whole runs leave their list for that of the runs; the lowest run is then the first.
    fn join_runs(&mut self, memmap: &mut Memmap) {
        if self.runs.whole == 0 {
            return;
        }
        let start = memmap.range(Home::Device(self.device)).0;
        let (mut next, mut last) = (core::mem::replace(&mut self.first_free, Frame::NONE), Frame::NONE);
        while next != Frame::NONE {
            let frame = next;
            next = memmap[frame].next_free();
            if self.runs.is_whole(frame.0 - start.0) {
                memmap[frame].set_next_free(Frame::NONE);
                continue;
            }
            match last {
                Frame::NONE => self.first_free = frame,
                last => memmap[last].set_next_free(frame),
            }
            last = frame;
        }
        if last != Frame::NONE {
            memmap[last].set_next_free(Frame::NONE);
        }
        for run in (0..self.runs.singles.len()).rev() {
            let head = self.runs.head(start, run);
            if self.runs.is_whole(head.0 - start.0) {
                self.runs.singles[run] = 0;
                self.runs.push(head, memmap);
            }
        }
        self.runs.whole = 0;
    }
}
