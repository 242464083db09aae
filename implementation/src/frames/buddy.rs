//! The buddy allocator of RAM: free blocks of orders 0 to 10, each order's free set as a bitmap with summaries.
//!
//! Lists threaded through the descriptors would cost a dependent cache miss a block on big machines; here a descriptor
//! is not looked at. The lowest free block of the smallest order that serves is taken, which keeps the high end whole.

use core::array;

use stalemap_operations::{Machine, Order};

use super::bitset::BitSet;
use super::frame::Frame;
use crate::seeded::{Bug, Switch};

const ORDERS: usize = Order::HIGHEST.0 as usize + 1;

/// The free blocks of RAM.
#[derive(Debug)]
pub(crate) struct Buddy {
    /// For each order the free blocks, numbered by frame >> order. The set of order 0 spans the devices too: a free
    /// device frame is in it, so that one set says of every single frame whether it is free.
    sets: [BitSet; ORDERS],
    /// Number of free blocks of RAM of each order.
    blocks: [u32; ORDERS],
    /// The orders with a free block of RAM, bit k for order k.
    available: u32,
    /// Frames in free blocks of RAM.
    free: u32,
    ram: u32,
    highest: Order,
    pub(super) bugs: Switch,
}

impl Buddy {
    /// All of RAM is free.
    pub(super) fn new(machine: &Machine, all_frames: u32, bugs: Switch) -> Self {
        let ram = machine.ram();
        let mut buddy = Buddy {
            sets: array::from_fn(|order| BitSet::new(Self::capacity(order, ram, all_frames))),
            blocks: [0; ORDERS],
            available: 0,
            free: 0,
            ram,
            highest: machine.highest_order(),
            bugs,
        };
        buddy.fill();
        buddy
    }

    /// How many blocks of an order the set of its free ones can hold. The last blocks are asked for a buddy that may lie
    /// behind the border.
    const fn capacity(order: usize, ram: u32, all_frames: u32) -> u32 {
        if order == 0 { all_frames + 1 } else { (ram >> order) + 2 }
    }

    /// Bytes of the sets, whatever is in them.
    pub(super) const fn bytes(ram: u32, all_frames: u32) -> usize {
        let mut bytes = 0;
        let mut order = 0;
        while order < ORDERS {
            bytes += BitSet::bytes(Self::capacity(order, ram, all_frames));
            order += 1;
        }
        bytes
    }

    /// Back to the start.
    pub(super) fn reset(&mut self) {
        self.sets.iter_mut().for_each(BitSet::clear);
        self.blocks = [0; ORDERS];
        self.available = 0;
        self.fill();
    }

    /// Puts all of RAM into the largest blocks that fit.
    fn fill(&mut self) {
        let mut frame = 0;
        while frame < self.ram {
            let aligned = frame.trailing_zeros();
            let fits = (self.ram - frame).ilog2();
            let order = aligned.min(fits).min(self.highest.0);
            self.insert(Order(order), frame);
            frame += 1 << order;
        }
        self.free = self.ram;
    }

    /// Frames in free blocks.
    #[inline]
    pub(crate) fn free_frames(&self) -> u32 {
        self.free
    }

    /// Takes a block of this order, if there is one that is large enough.
    #[inline]
    pub(super) fn allocate(&mut self, order: Order) -> Option<Frame> {
        let frame = self.take(order)?;
        self.count_taken(order.frames());
        Some(frame)
    }

    /// Takes single frames as long as there is a place, those that one request after the other would get: free singles
    /// first, then the smallest blocks whole, ascending. How many; the caller counts them by
    /// [`count_taken`](Self::count_taken).
    pub(super) fn take_singles(&mut self, places: &mut [Frame]) -> usize {
        let mut taken = 0;
        while taken < places.len() && self.available != 0 {
            let empty = &mut places[taken..];
            if self.blocks[0] > 0 {
                // The frames of devices that are in the set come after those of RAM.
                let most = empty.len().min(self.blocks[0] as usize);
                let found = self.sets[0].take_first(&mut empty[..most], Frame);
                if found == 0 {
                    // A miscount must not keep us here for ever.
                    break;
                }
                taken += found as usize;
                self.drop_blocks(Order(0), found);
            } else {
                let order = Order(self.available.trailing_zeros().min(empty.len().ilog2()));
                let Some(Frame(first)) = self.take(order) else { break };
                for (place, frame) in empty.iter_mut().zip(first..first + order.frames()) {
                    *place = Frame(frame);
                    taken += 1;
                }
            }
        }
        taken
    }

    #[inline]
    fn take(&mut self, order: Order) -> Option<Frame> {
        let serving = self.available >> order.0;
        if serving == 0 {
            return None;
        }
        let mut found = Order(order.0 + serving.trailing_zeros());
        let frame = self.sets[found.0 as usize].first()? << found.0;
        self.remove(found, frame);
        while found > order {
            found = Order(found.0 - 1);
            self.insert(found, frame + found.frames());
        }
        Some(Frame(frame))
    }

    /// Counts frames as taken. Never more than are free; where a miscount says so, the count wraps, so that a
    /// comparison sees it.
    #[inline]
    pub(super) fn count_taken(&mut self, frames: u32) {
        self.free = self.free.wrapping_sub(frames);
    }

    /// Gives a block back and merges it with its buddies as far as they are free.
    #[inline]
    pub(super) fn free(&mut self, frame: Frame, order: Order) {
        self.free += order.frames();
        let (mut frame, mut order) = (frame.0, order);
        while order < self.highest {
            let buddy = self.bugs.choose(Bug::WrongBuddy, frame ^ order.frames(), || frame + order.frames());
            // The last blocks of RAM may have no buddy: what lies behind the border belongs to a device.
            let behind = buddy + order.frames() > self.ram;
            if behind && !self.bugs.skips(Bug::MergeAcrossBorder, self.is_free(order, buddy)) {
                break;
            }
            let whole = self.is_free(order, buddy).then_some(order);
            let part = || (0..=order.0).rev().map(Order).find(|&smaller| self.is_free(smaller, buddy));
            let Some(absorbed) = self.bugs.choose(Bug::MergeIgnoresOrder, whole, part) else {
                break;
            };
            if order.0 + 1 == self.highest.0 && self.bugs.skips(Bug::LastOrderMissed, true) {
                break;
            }
            if behind {
                // It is none of the blocks of RAM that are counted.
                self.set_device_frame_free(Frame(buddy), false);
            } else if !self.bugs.skips(Bug::AbsorbedHalfStays, true) {
                self.remove(absorbed, buddy);
            }
            frame &= buddy;
            order = Order(order.0 + 1);
        }
        self.insert(order, frame);
    }

    /// Whether a free block of exactly this order begins here.
    #[inline]
    fn is_free(&self, order: Order, frame: u32) -> bool {
        self.sets[order.0 as usize].contains(frame >> order.0)
    }

    #[inline]
    fn insert(&mut self, order: Order, frame: u32) {
        let o = order.0 as usize;
        self.sets[o].insert(frame >> order.0);
        self.blocks[o] += 1;
        self.available |= 1 << order.0;
    }

    #[inline]
    fn remove(&mut self, order: Order, frame: u32) {
        let o = order.0 as usize;
        self.sets[o].remove(frame >> order.0);
        self.drop_blocks(order, 1);
    }

    #[inline]
    fn drop_blocks(&mut self, order: Order, blocks: u32) {
        let left = &mut self.blocks[order.0 as usize];
        *left -= blocks;
        if *left == 0 {
            self.available &= !(1 << order.0);
        }
    }

    /// Notes that a single frame of a device is free, or no longer.
    #[inline]
    pub(super) fn set_device_frame_free(&mut self, frame: Frame, free: bool) {
        debug_assert!(frame.0 >= self.ram, "a frame of a device");
        if free {
            self.sets[0].insert(frame.0);
        } else {
            self.sets[0].remove(frame.0);
        }
    }

    /// The free blocks of RAM, counted one by one: first frame and order.
    pub(crate) fn for_each_free_block(&self, mut look: impl FnMut(Frame, Order)) {
        for (order, set) in (0..).map(Order).zip(&self.sets) {
            for frame in set.iter().map(|block| Frame(block << order.0)).take_while(|frame| frame.0 < self.ram) {
                look(frame, order);
            }
        }
    }

    /// Whether a single frame of a device is noted as free.
    pub(crate) fn is_device_frame_free(&self, frame: Frame) -> bool {
        self.sets[0].contains(frame.0)
    }

    /// What the counters say: free blocks of each order.
    pub(crate) fn counted_blocks(&self) -> &[u32] {
        &self.blocks
    }
}

#[cfg(test)]
mod tests {
    use stalemap_operations::{Dialect, Machine};

    use super::{Buddy, Order, Switch};

    /// Sizes around those at which a set begins another word, and at which there is another order.
    #[test]
    fn the_sets_know_every_block_and_its_buddy_and_take_the_bytes_that_are_told() {
        let large = [1_023, 1_024, 1_025, 2_047, 2_048, 2_049, 4_095, 4_096, 4_097];
        for ram in (1..=300).chain(large) {
            for devices in [[0, 0], [1, 0], [63, 2]] {
                let machine = Machine::new([ram, devices[0], devices[1]], 1, 1, Dialect::Linux6_12);
                let all_frames = ram + devices[0] + devices[1];
                let buddy = Buddy::new(&machine.expect("within limits"), all_frames, Switch::default());
                for order in (0..=buddy.highest.0).map(Order) {
                    for block in (0..=ram - order.frames()).step_by(order.frames() as usize) {
                        // Asking behind the end of a set panics.
                        let pair = [block, block ^ order.frames()].map(|block| buddy.is_free(order, block));
                        let is_merged = order == buddy.highest || pair != [true, true];
                        assert!(is_merged, "{ram} frames: two free buddies of order {} at {block}", order.0);
                    }
                }
                let kept: usize = buddy.sets.iter().map(super::BitSet::kept_bytes).sum();
                assert_eq!(Buddy::bytes(ram, all_frames), kept, "{ram} frames of RAM, {all_frames} in all");
            }
        }
    }
}
