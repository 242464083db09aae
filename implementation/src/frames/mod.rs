//! The frame allocator: memory map, buddy allocator, order-0 cache and device lists behind one face.

mod bitset;
mod block;
mod buddy;
mod device;
mod frame;
mod memmap;
mod page;
mod percpu;

use alloc::vec::Vec;

use stalemap_operations::{Device, Dialect, Home, Machine, Order};

use crate::lifetime::token::ByLifetime;
use crate::seeded::{Bug, Switch};
use buddy::Buddy;
use device::DeviceMemory;
use memmap::Memmap;
use percpu::Cache;

pub(crate) use bitset::BitSet;
pub(crate) use block::Block;
pub use frame::Frame;
pub(crate) use page::Page;

/// Gives frames of RAM and of the devices, and takes them back.
#[derive(Debug)]
pub struct FrameAllocator {
    pub(crate) memmap: Memmap,
    buddy: Buddy,
    cache: Cache,
    devices: Vec<DeviceMemory>,
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
        let devices = (0..machine.devices()).map(|d| DeviceMemory::new(Device(d), &mut memmap, &mut buddy)).collect();
        FrameAllocator { memmap, buddy, cache: Cache::new(machine), devices, bugs: bugs.clone() }
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
            None if self.bugs.skips(Bug::RefusedWithoutDrain, !self.cache.frames().is_empty()) => return None,
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

    /// Takes back a frame that has no reference any more, to its home.
    #[inline]
    pub(crate) fn take_back(&mut self, frame: Frame, _: ByLifetime) {
        match self.memmap[frame].device() {
            None => {
                self.memmap[frame].give_back();
                self.cache.free(frame, &mut self.buddy);
            }
            Some(device) => self.devices[device.index()].free(frame, &mut self.memmap, &mut self.buddy),
        }
    }
}
