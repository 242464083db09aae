//! The private memory of a device: its free frames as a list, last freed, first reused, and the set of those in use; on a machine
//! with huge pages free runs of frames as a second list.

use stalemap_operations::{Device, Home, Machine};

use super::bitset::BitSet;
use super::buddy::Buddy;
use super::frame::Frame;
use super::large::frames_of;
use super::memmap::Memmap;
use super::runs::FreeRuns;
use crate::seeded::{Bug, Switch};

/// The frames of one device.
#[derive(Debug)]
pub(crate) struct DeviceMemory {
    device: Device,
    first_free: Frame,
    free: u32,
    /// Frames in use, by their offset; to walk over them costs what is in use.
    used: BitSet,
    /// Free runs in which a large folio can be; their frames are not on the list of single ones.
    pub(super) runs: FreeRuns,
}

impl DeviceMemory {
    /// All frames of the device are free, the lowest first on the list.
    pub(super) fn new(machine: &Machine, device: Device, memmap: &mut Memmap, buddy: &mut Buddy) -> Self {
        let frames = machine.frames(Home::Device(device));
        let used = BitSet::new(frames);
        let mut memory = DeviceMemory {
            device,
            first_free: Frame::NONE,
            free: 0,
            used,
            runs: FreeRuns::new(machine.huge(), frames),
        };
        memory.reset(memmap, buddy);
        memory
    }

    /// Back to the start, with descriptors that are empty.
    pub(super) fn reset(&mut self, memmap: &mut Memmap, buddy: &mut Buddy) {
        let (start, end) = memmap.range(Home::Device(self.device));
        let first_single = start.0 + self.runs.end();
        let mut next = Frame::NONE;
        for frame in (first_single..end.0).rev().map(Frame) {
            memmap[frame].come_to(self.device, next);
            buddy.set_device_frame_free(frame, true);
            next = frame;
        }
        for frame in (start.0..first_single).map(Frame) {
            memmap[frame].come_to(self.device, Frame::NONE);
            buddy.set_device_frame_free(frame, true);
        }
        self.first_free = next;
        self.free = end.0 - start.0;
        self.used.clear();
        if self.runs.end() > 0 {
            self.runs.reset(start, memmap);
        }
    }

    /// Free frames, on the list or in free runs.
    #[inline]
    pub(crate) fn free_frames(&self) -> u32 {
        self.free
    }

    /// Takes the frame that was freed last.
    pub(super) fn allocate(&mut self, memmap: &mut Memmap, buddy: &mut Buddy) -> Option<Frame> {
        if self.first_free == Frame::NONE && self.runs.has_runs() {
            self.break_run(memmap, &buddy.bugs);
        }
        let frame = self.first_free;
        if frame == Frame::NONE {
            return None;
        }
        let offset = frame.0 - memmap.range(Home::Device(self.device)).0.0;
        self.first_free = memmap[frame].next_free();
        self.free -= 1;
        self.runs.take_single(offset);
        memmap[frame].take();
        memmap[frame].set_driver_data(offset);
        buddy.set_device_frame_free(frame, false);
        self.used.insert(offset);
        Some(frame)
    }

    /// Puts a frame without references on the list.
    pub(super) fn free(&mut self, frame: Frame, memmap: &mut Memmap, buddy: &mut Buddy) {
        let offset = frame.0 - memmap.range(Home::Device(self.device)).0.0;
        let references = buddy.bugs.choose(Bug::FreePageCounted, 0, || 1);
        memmap[frame].give_back_to_device(self.first_free, references);
        self.first_free = frame;
        self.free += 1;
        buddy.set_device_frame_free(frame, true);
        self.runs.free_single(offset);
        if references == 0 {
            self.used.remove(offset);
        }
    }

    /// The free runs, by their first frame.
    pub(crate) fn free_runs<'a>(&self, memmap: &'a Memmap) -> impl Iterator<Item = Frame> + 'a {
        memmap.free_list(Home::Device(self.device), self.runs.first, self.runs.singles.len())
    }

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
            let order = memmap[frame].is_head() && buddy.bugs.skips(Bug::FreedRunKeepsOrder, true);
            memmap[frame].give_back_in_run(next, order);
            buddy.set_device_frame_free(frame, true);
            self.used.remove(frame.0 - start.0);
        }
        self.runs.first = head;
        self.free += order.frames();
    }

    /// The frames of the first free run become single ones.
    fn break_run(&mut self, memmap: &mut Memmap, bugs: &Switch) {
        let head = self.runs.first;
        self.runs.first = memmap[head].next_free();
        let start = memmap.range(Home::Device(self.device)).0;
        for (number, frame) in (0..).zip(frames_of(head, self.runs.order).rev()) {
            if number == 0 && bugs.skips(Bug::RunLosesFrame, true) {
                continue;
            }
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

    /// The first frame in use that is not below `from`, both as offsets.
    pub(crate) fn next_used(&self, from: u32) -> Option<u32> {
        self.used.next(from)
    }

    /// The single frames on the free list, one by one; stops after as many as the device has.
    pub(crate) fn free_list<'a>(&self, memmap: &'a Memmap) -> impl Iterator<Item = Frame> + 'a {
        let (start, end) = memmap.range(Home::Device(self.device));
        memmap.free_list(Home::Device(self.device), self.first_free, (end.0 - start.0) as usize)
    }
}
