//! The private memory of a device: its free frames as a list, last freed, first reused, and the set of those in use; on a machine
//! with huge pages free runs of frames as a second list.

use stalemap_operations::{Device, Home, Machine};

use super::bitset::BitSet;
use super::buddy::Buddy;
use super::frame::Frame;
use super::memmap::Memmap;
use super::page::Page;
use super::runs::FreeRuns;
use crate::seeded::Bug;

/// The frames of one device.
#[derive(Debug)]
pub(crate) struct DeviceMemory {
    pub(super) device: Device,
    pub(super) first_free: Frame,
    pub(super) free: u32,
    /// Frames in use, by their offset; to walk over them costs what is in use.
    pub(super) used: BitSet,
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

    /// Back to the start.
    pub(super) fn reset(&mut self, memmap: &mut Memmap, buddy: &mut Buddy) {
        let (start, end) = memmap.range(Home::Device(self.device));
        let first_single = start.0 + self.runs.end();
        let mut next = Frame::NONE;
        for frame in (start.0..end.0).rev().map(Frame) {
            memmap[frame] = Page::free_on(self.device, next);
            buddy.set_device_frame_free(frame, true);
            if frame.0 >= first_single {
                next = frame;
            }
        }
        self.first_free = next;
        self.free = end.0 - start.0;
        self.used.clear();
        self.runs.reset(start, memmap);
    }

    /// Free frames, on the list or in free runs.
    #[inline]
    pub(crate) fn free_frames(&self) -> u32 {
        self.free
    }

    /// Takes the frame that was freed last.
    pub(super) fn allocate(&mut self, memmap: &mut Memmap, buddy: &mut Buddy) -> Option<Frame> {
        if self.first_free == Frame::NONE && self.runs.has_runs() {
            self.break_run(memmap);
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
        self.runs.iter(memmap, memmap.range(Home::Device(self.device)))
    }

    /// The first frame in use that is not below `from`, both as offsets.
    pub(crate) fn next_used(&self, from: u32) -> Option<u32> {
        self.used.next(from)
    }

    /// The single frames on the free list, one by one; stops after as many as the device has.
    pub(crate) fn free_list<'a>(&self, memmap: &'a Memmap) -> impl Iterator<Item = Frame> + 'a {
        let (start, end) = memmap.range(Home::Device(self.device));
        let on_device = move |frame: Frame| (start <= frame && frame < end).then_some(frame);
        core::iter::successors(on_device(self.first_free), move |&frame| {
            if memmap[frame].is_used() { None } else { on_device(memmap[frame].next_free()) }
        })
        .take((end.0 - start.0) as usize)
    }
}
