//! The frame allocator: memory map, buddy allocator, order-0 cache and device lists behind one face.

use alloc::vec::Vec;

use stalemap_operations::{Device, Dialect, Home, Machine, Order};

use crate::bitset::BitSet;
use crate::buddy::Buddy;
use crate::bug::Bug;
use crate::device::DeviceMemory;
use crate::memmap::{Frame, Memmap};
use crate::percpu::Cache;

/// Gives frames of RAM and of the devices, and takes them back.
#[derive(Debug)]
pub struct FrameAllocator {
    pub(crate) memmap: Memmap,
    pub(crate) buddy: Buddy,
    pub(crate) cache: Cache,
    pub(crate) devices: Vec<DeviceMemory>,
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
        let mut memmap = Memmap::new(machine);
        let mut buddy = Buddy::new(machine, memmap.frames());
        let devices = (0..machine.devices()).map(|d| DeviceMemory::new(Device(d), &mut memmap, &mut buddy)).collect();
        FrameAllocator { memmap, buddy, cache: Cache::new(machine), devices }
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
            Home::Ram => self.buddy.free_frames() + u32::try_from(self.cache.frames().len()).unwrap_or(u32::MAX),
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
            None if self.buddy.bugs.skips(Bug::RefusedWithoutDrain, !self.cache.frames().is_empty()) => return None,
            None => self.allocate_drained(order)?,
        };
        self.memmap[frame].take();
        Some(frame)
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
    #[inline]
    pub(crate) fn allocate_at(&mut self, home: Home) -> Option<Frame> {
        match home {
            Home::Ram => self.allocate(),
            Home::Device(device) => self.devices[device.index()].allocate(&mut self.memmap, &mut self.buddy),
        }
    }

    /// Takes back a frame that nobody refers to any more, to its home.
    #[inline]
    pub(crate) fn take_back(&mut self, frame: Frame) {
        match self.memmap[frame].device() {
            None => {
                self.memmap[frame].give_back();
                self.cache.free(frame, &mut self.buddy);
            }
            Some(device) => self.devices[device.index()].free(frame, &mut self.memmap, &mut self.buddy),
        }
    }
}
