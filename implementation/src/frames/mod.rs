//! The frame allocator: memory map, buddy allocator, order-0 cache and device lists behind one interface.

mod bitset;
mod block;
mod buddy;
mod device;
mod frame;
mod large;
mod memmap;
mod page;
mod percpu;
mod runs;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use stalemap_operations::{Device, Dialect, Home, Machine, Order};

use crate::lifetime::token::ByLifetime;
use crate::seeded::{Bug, Switch};
use buddy::Buddy;
pub(crate) use device::DeviceMemory;
use percpu::Cache;
use runs::FreeRuns;

pub(crate) use bitset::BitSet;
pub(crate) use block::Block;
pub use frame::Frame;
pub(crate) use large::frames_of;
pub(crate) use memmap::Memmap;
pub(crate) use page::Page;

/// Gives frames of RAM and of the devices, and takes them back.
#[derive(Debug)]
pub struct FrameAllocator {
    pub(crate) memmap: Memmap,
    buddy: Buddy,
    cache: Cache,
    devices: Vec<DeviceMemory>,
    /// The order of large folios; 0 where the machine has none.
    huge: Order,
    bugs: Switch,
}

/// Less than a third of a byte for each frame of a machine that is not tiny, wherever its frames are.
const _: () = {
    let large = [[1 << 18, 0, 0], [1 << 18, 1 << 18, 1 << 18], [1 << 24, 0, 0], [1 << 24, 1 << 24, 1 << 24]];
    let mut i = 0;
    while i < large.len() {
        let Some(machine) = Machine::new(large[i], 1, 1, Dialect::Linux6_12) else { panic!("sizes within the limits") };
        let [ram, first, second] = large[i];
        let frames = ram as usize + first as usize + second as usize;
        assert!(FrameAllocator::metadata_bytes(&machine) * 100 <= frames * 30, "0.30 bytes a frame");
        i += 1;
    }
};

impl FrameAllocator {
    /// All frames of the machine, free.
    #[must_use]
    pub fn new(machine: &Machine) -> Self {
        FrameAllocator::with_bugs(machine, &Switch::default())
    }

    /// As [`new`](Self::new), with the seeded bugs of this switch.
    pub(crate) fn with_bugs(machine: &Machine, bugs: &Switch) -> Self {
        let mut memmap = Memmap::new(machine);
        let mut buddy = Buddy::new(machine, memmap.frames(), bugs.clone());
        let devices =
            (0..machine.devices()).map(|d| DeviceMemory::new(machine, Device(d), &mut memmap, &mut buddy)).collect();
        let huge = machine.huge().unwrap_or(Order(0));
        FrameAllocator { memmap, buddy, cache: Cache::new(machine), devices, huge, bugs: bugs.clone() }
    }

    /// Bytes that the allocator of this machine keeps beside the descriptors and contents of its frames.
    #[must_use]
    pub const fn metadata_bytes(machine: &Machine) -> usize {
        let devices = [machine.frames(Home::ALL[1]), machine.frames(Home::ALL[2])];
        let all_frames = machine.ram() + devices[0] + devices[1];
        let mut bytes =
            size_of::<FrameAllocator>() + Buddy::bytes(machine.ram(), all_frames) + Cache::bytes(machine.ram());
        let mut device = 0;
        while device < machine.devices() as usize {
            bytes += size_of::<DeviceMemory>() + BitSet::bytes(devices[device]);
            bytes += FreeRuns::bytes(machine.huge(), devices[device]);
            device += 1;
        }
        bytes
    }

    /// Back to the start, the order of free lists included.
    pub fn reset(&mut self) {
        self.memmap.reset();
        self.buddy.reset();
        self.cache.reset();
        for device in &mut self.devices {
            device.reset(&mut self.memmap, &mut self.buddy);
        }
    }

    /// Free frames at a home.
    #[inline]
    #[must_use]
    pub fn free_frames(&self, home: Home) -> u32 {
        match home {
            Home::Ram => self.buddy.free_frames() + self.cache.count(),
            Home::Device(device) => self.devices.get(device.index()).map_or(0, DeviceMemory::free_frames),
        }
    }

    /// Takes one frame of RAM, with one reference; succeeds while one is free.
    #[inline]
    pub fn allocate(&mut self) -> Option<Frame> {
        let frame = self.cache.allocate(&mut self.buddy)?;
        self.memmap[frame].take();
        Some(frame)
    }

    /// Gives back a frame of RAM whose last reference is dropped by this.
    #[inline]
    pub fn free(&mut self, frame: Frame) {
        self.memmap[frame].release();
        self.cache.free(frame, &mut self.buddy);
    }

    /// Takes a block of RAM; its first frame has one reference, the others are not looked at.
    pub fn allocate_block(&mut self, order: Order) -> Option<Frame> {
        if order == Order(0) {
            return self.allocate();
        }
        let frame = match self.buddy.allocate(order) {
            Some(frame) => frame,
            None if self.bugs.skips(Bug::RefusedWithoutDrain, !self.cache.frames().is_empty()) => return None,
            None => self.allocate_drained(order)?,
        };
        self.memmap[frame].take();
        Some(frame)
    }

    /// Takes a run of frames at a home as a large folio without pages, with one reference; `None` where no aligned run is free.
    pub(crate) fn allocate_run(&mut self, home: Home) -> Option<Frame> {
        if let Home::Device(device) = home {
            return self.devices[device.index()].allocate_run(&mut self.memmap, &mut self.buddy);
        }
        let head = self.buddy.allocate(self.huge).or_else(|| self.allocate_drained(self.huge))?;
        self.memmap.take_run(head, self.huge);
        Some(head)
    }

    /// Before a block is refused, the cached frames go back to where they may complete one.
    #[cold]
    #[inline(never)]
    fn allocate_drained(&mut self, order: Order) -> Option<Frame> {
        self.cache.drain(&mut self.buddy);
        self.buddy.allocate(order)
    }

    /// Gives back a block that was not split.
    pub fn free_block(&mut self, frame: Frame, order: Order) {
        if order == Order(0) {
            return self.free(frame);
        }
        self.memmap[frame].release();
        self.buddy.free(frame, order);
    }

    /// Takes one frame at a home.
    #[inline(always)]
    pub(crate) fn allocate_at(&mut self, home: Home) -> Option<Frame> {
        match home {
            Home::Ram => self.allocate(),
            Home::Device(device) => self.devices[device.index()].allocate(&mut self.memmap, &mut self.buddy),
        }
    }

    /// From now on the frame belongs to a block.
    pub(crate) fn mark_block(&mut self, frame: Frame) {
        self.memmap[frame].set_block();
    }

    /// A frame of a block behind its first gets a reference of its own (`split_page`, mm/page_alloc.c).
    pub(crate) fn split_off(&mut self, frame: Frame) {
        self.memmap[frame].take();
        self.memmap[frame].set_block();
    }

    /// The free blocks of RAM, to be read.
    pub(crate) fn buddy(&self) -> &Buddy {
        &self.buddy
    }

    /// The frames in the order-0 cache.
    pub(crate) fn cached(&self) -> &[Frame] {
        self.cache.frames()
    }

    /// The devices' free lists and frames in use, to be read.
    pub(crate) fn devices(&self) -> &[DeviceMemory] {
        &self.devices
    }

    /// Takes back a frame that has no reference any more, to its home; with the head of a large folio all of its frames.
    #[inline]
    pub(crate) fn take_back(&mut self, frame: Frame, by: ByLifetime) {
        if self.memmap[frame].is_head() {
            return self.take_back_run(frame, by);
        }
        match self.memmap[frame].device() {
            None => {
                self.memmap[frame].give_back();
                self.cache.free(frame, &mut self.buddy);
            }
            Some(device) => self.devices[device.index()].free(frame, &mut self.memmap, &mut self.buddy),
        }
    }
    #[cold]
    #[inline(never)]
    fn take_back_run(&mut self, head: Frame, _: ByLifetime) {
        match self.memmap[head].device() {
            None => {
                let order = self.memmap[head].order();
                for frame in frames_of(head, order) {
                    self.memmap[frame].give_back();
                }
                self.buddy.free(head, order);
            }
            Some(device) => self.devices[device.index()].free_run(head, &mut self.memmap, &mut self.buddy),
        }
    }
}
