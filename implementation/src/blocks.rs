//! Blocks of frames: alloc, free, split.

use stalemap_operations::{BlockSlot, Effect, Errno, Order, Slot};

use crate::frames::{Block, Frame};
use crate::implementation::{Answer, Implementation};
use crate::seeded::Bug;

impl Implementation {
    pub(crate) fn alloc(&mut self, slot: BlockSlot, order: Order) -> Answer {
        if self.blocks[slot.index()].is_some() {
            return Err(Errno::EBUSY.into());
        }
        if order > self.machine.highest_order() {
            return Err(Errno::EINVAL.into());
        }
        let base = self.frames.allocate_block(order).ok_or(Errno::ENOMEM)?;
        self.frames.mark_block(base);
        self.blocks[slot.index()] = Some(Block { base, order, split: false, given_back: 0 });
        self.notes.slot(Slot::Block(slot));
        Ok(Effect::Nothing)
    }

    pub(crate) fn free(&mut self, slot: BlockSlot) -> Answer {
        let block = self.blocks[slot.index()].as_mut().ok_or(Errno::ENOENT)?;
        self.notes.slot(Slot::Block(slot));
        if !block.split {
            let Block { base, order, .. } = *block;
            self.frames.free_block(base, order);
            self.empty(slot);
            return Ok(Effect::Nothing);
        }
        let lowest = Frame(block.base.0 + block.given_back);
        block.given_back += 1;
        if block.held() == 0 {
            self.empty(slot);
        }
        self.frames.free(lowest);
        Ok(Effect::Nothing)
    }

    fn empty(&mut self, slot: BlockSlot) {
        if !self.bugs.skips(Bug::DoubleFreeAccepted, true) {
            self.blocks[slot.index()] = None;
        }
    }

    pub(crate) fn split(&mut self, slot: BlockSlot) -> Answer {
        let block = self.blocks[slot.index()].as_mut().ok_or(Errno::ENOENT)?;
        if block.split || block.order == Order(0) {
            return Err(Errno::EINVAL.into());
        }
        block.split = true;
        // The first frame has its reference already.
        for frame in block.frames().skip(1) {
            self.frames.split_off(frame);
        }
        self.notes.slot(Slot::Block(slot));
        Ok(Effect::Nothing)
    }
}
