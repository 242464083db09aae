//! Blocks in their slots: which are in use, which were split, and how much of these is held still.

use stalemap_operations::{BlockSlot, Effect, Errno, FrameToken, Home, Order, Slot, SlotState};

/// A block in its slot.
#[derive(Clone, Copy)]
struct Block {
    first: u32,
    order: Order,
    split: bool,
    given_back: u32,
}

/// All slots of blocks; they answer for those that are in use (`EBUSY`) and empty (`ENOENT`).
#[derive(Default)]
pub(crate) struct BlockSlots([Option<Block>; BlockSlot::LIMIT as usize]);

impl BlockSlots {
    /// Fills a slot with what `allocate` finds. `highest` is the highest order of the machine.
    pub(crate) fn alloc(
        &mut self,
        slot: BlockSlot,
        order: Order,
        highest: Order,
        allocate: impl FnOnce(u32) -> Option<u32>,
    ) -> Result<Effect, Errno> {
        if self.0[slot.index()].is_some() {
            return Err(Errno::EBUSY);
        }
        if order > highest {
            return Err(Errno::EINVAL);
        }
        let first = allocate(order.0).ok_or(Errno::ENOMEM)?;
        self.0[slot.index()] = Some(Block { first, order, split: false, given_back: 0 });
        Ok(Effect::Nothing)
    }

    /// Gives a block back, or of one that was split the lowest frame that is held.
    pub(crate) fn free(&mut self, slot: BlockSlot, free: impl FnOnce(u32, u32)) -> Result<Effect, Errno> {
        let block = self.0[slot.index()].as_mut().ok_or(Errno::ENOENT)?;
        if !block.split {
            free(block.first, block.order.0);
            self.0[slot.index()] = None;
            return Ok(Effect::Nothing);
        }
        free(block.first + block.given_back, 0);
        block.given_back += 1;
        if block.given_back == block.order.frames() {
            self.0[slot.index()] = None;
        }
        Ok(Effect::Nothing)
    }

    /// The frames of a block are given back one by one from now on.
    pub(crate) fn split(&mut self, slot: BlockSlot) -> Result<Effect, Errno> {
        let block = self.0[slot.index()].as_mut().ok_or(Errno::ENOENT)?;
        if block.split || block.order == Order(0) {
            return Err(Errno::EINVAL);
        }
        block.split = true;
        Ok(Effect::Nothing)
    }

    /// What a slot shows.
    pub(crate) fn state(&self, slot: BlockSlot) -> SlotState {
        self.0[slot.index()].map_or(SlotState::Empty, |block| SlotState::Block {
            order: block.order,
            split: block.split,
            held: block.order.frames() - block.given_back,
            base: Some(FrameToken { home: Home::Ram, offset: block.first }),
        })
    }

    /// What every slot shows.
    pub(crate) fn states(&self) -> impl Iterator<Item = (Slot, SlotState)> {
        (0..BlockSlot::LIMIT).map(BlockSlot).map(|slot| (Slot::Block(slot), self.state(slot)))
    }
}
