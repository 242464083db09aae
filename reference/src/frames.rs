//! Section 7, frames: blocks of RAM.

use stalemap_operations::{BlockSlot, Effect, Errno, Home, Order, Outcome, Slot};

use crate::marks::mark;
use crate::model::{Answer, Block, Model};

impl Model {
    /// Takes 2^order contiguous aligned frames. Order 0 succeeds exactly while a frame is free. A larger order with
    /// enough free frames may be refused if no free aligned run exists in the frames as the subject has laid them out;
    /// so its claim is followed.
    pub(crate) fn alloc(&mut self, slot: BlockSlot, order: Order, claimed: Option<Outcome>) -> Answer {
        if self.blocks.is_filled(slot) {
            return Err(Errno::EBUSY);
        }
        if order > self.machine.highest_order() {
            return Err(Errno::EINVAL);
        }
        if self.free(Home::Ram) < order.frames() {
            return Err(Errno::ENOMEM);
        }
        let may_refuse = order > Order(0) || self.contract.refusals.permit(order);
        if may_refuse && claimed == Some(Outcome::Refused(Errno::ENOMEM)) {
            mark!(self, "a block refused although enough frames are free");
            return Err(Errno::ENOMEM);
        }
        self.blocks.fill(slot, Block { order, split: false, held: order.frames() });
        self.notes.slot(Slot::Block(slot));
        self.mark_full();
        if order == Order::HIGHEST {
            mark!(self, "limit: a block of the highest order");
        }
        Ok(Effect::Nothing)
    }

    /// Gives the frames back; of a split block the lowest that is still held, and the slot empties with the last.
    pub(crate) fn free_block(&mut self, slot: BlockSlot) -> Answer {
        let block = self.blocks.get_mut(slot).ok_or(Errno::ENOENT)?;
        let frames = if block.split { 1 } else { block.held };
        block.held -= frames;
        let (empty, split) = (block.held == 0, block.split);
        if empty {
            self.blocks.empty(slot);
        }
        self.give_back(Home::Ram, frames);
        if split {
            mark!(self, "free of one frame of a split block");
            if empty {
                mark!(self, "free of the last frame of a split block");
            }
        }
        self.notes.slot(Slot::Block(slot));
        Ok(Effect::Nothing)
    }

    /// Order > 0 and not split before, else `EINVAL`.
    pub(crate) fn split(&mut self, slot: BlockSlot) -> Answer {
        let block = self.blocks.get_mut(slot).ok_or(Errno::ENOENT)?;
        if block.split || block.order == Order(0) {
            return Err(Errno::EINVAL);
        }
        block.split = true;
        self.notes.slot(Slot::Block(slot));
        Ok(Effect::Nothing)
    }
}
