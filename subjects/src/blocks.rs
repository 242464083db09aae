//! An allocator of frames with block slots around it, as the subject that the harness drives.

use stalemap_operations::{
    BlockSlot, Capabilities, Effect, Errno, FrameToken, Home, Kind, Machine, Observables, Observation, Operation,
    Order, Outcome, Scope, Slot, SlotState, Space, Subject, Touched,
};

use crate::Frames;

/// A block in its slot.
#[derive(Clone, Copy)]
struct Block {
    first: u32,
    order: Order,
    split: bool,
    given_back: u32,
}

/// A machine that has RAM and blocks, and nothing else.
pub struct Blocks<F> {
    machine: Machine,
    frames: F,
    slots: [Option<Block>; BlockSlot::LIMIT as usize],
    touched: Option<BlockSlot>,
}

impl<F: Frames> Blocks<F> {
    /// The machine at its start.
    #[must_use]
    pub fn new(machine: &Machine) -> Self {
        Blocks { machine: *machine, frames: F::new(machine.ram()), slots: Default::default(), touched: None }
    }

    fn alloc(&mut self, slot: BlockSlot, order: Order) -> Result<Effect, Errno> {
        if self.slots[slot.index()].is_some() {
            return Err(Errno::EBUSY);
        }
        if order > self.machine.highest_order() {
            return Err(Errno::EINVAL);
        }
        let first = self.frames.allocate(order.0).ok_or(Errno::ENOMEM)?;
        self.slots[slot.index()] = Some(Block { first, order, split: false, given_back: 0 });
        self.touched = Some(slot);
        Ok(Effect::Nothing)
    }

    fn free(&mut self, slot: BlockSlot) -> Result<Effect, Errno> {
        let block = self.slots[slot.index()].as_mut().ok_or(Errno::ENOENT)?;
        self.touched = Some(slot);
        if !block.split {
            self.frames.free(block.first, block.order.0);
            self.slots[slot.index()] = None;
            return Ok(Effect::Nothing);
        }
        self.frames.free(block.first + block.given_back, 0);
        block.given_back += 1;
        if block.given_back == block.order.frames() {
            self.slots[slot.index()] = None;
        }
        Ok(Effect::Nothing)
    }

    fn split(&mut self, slot: BlockSlot) -> Result<Effect, Errno> {
        let block = self.slots[slot.index()].as_mut().ok_or(Errno::ENOENT)?;
        if block.split || block.order == Order(0) {
            return Err(Errno::EINVAL);
        }
        block.split = true;
        self.touched = Some(slot);
        Ok(Effect::Nothing)
    }

    fn state(&self, slot: BlockSlot) -> SlotState {
        self.slots[slot.index()].map_or(SlotState::Empty, |block| SlotState::Block {
            order: block.order,
            split: block.split,
            held: block.order.frames() - block.given_back,
            base: Some(FrameToken { home: Home::Ram, offset: block.first }),
        })
    }
}

impl<F: Frames> Subject for Blocks<F> {
    fn name(&self) -> &'static str {
        F::NAME
    }

    /// No page is ever mapped, so that places can be shown; how many frames are free is not asked of such allocators.
    fn capabilities(&self) -> Capabilities {
        let observables =
            Observables::PLACES.and(Observables::EXCLUSIVE).and(Observables::SLOTS).and(Observables::FRAMES);
        let does = |kind: &Kind| kind.row().level == 0 && (F::SPLITS || *kind != Kind::Split);
        Capabilities { observables, operations: Kind::ALL.iter().copied().filter(does).collect() }
    }

    fn machine(&self) -> &Machine {
        &self.machine
    }

    fn reset(&mut self) {
        *self = Blocks::new(&self.machine);
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        self.touched = None;
        let answer = if let Operation::Alloc { block, order } = operation {
            self.alloc(block, order)
        } else if let Operation::Free { block } = operation {
            self.free(block)
        } else if let Operation::Split { block } = operation {
            self.split(block)
        } else {
            // Outside its sight, so that nobody asks.
            Err(Errno::EINVAL)
        };
        answer.map_or_else(Outcome::Refused, Outcome::Done)
    }

    fn touched(&mut self, into: &mut Touched) -> bool {
        into.slots.extend(self.touched.map(Slot::Block));
        true
    }

    fn observe(&self, scope: &Scope, into: &mut Observation) {
        into.clear();
        into.alive.insert(Space(0));
        let slots = (0..BlockSlot::LIMIT).map(BlockSlot).map(|slot| (Slot::Block(slot), self.state(slot)));
        if scope.everything {
            into.slots.extend(slots.filter(|(_, state)| *state != SlotState::Empty));
        } else {
            into.slots.extend(slots.filter(|(slot, _)| scope.slots.contains(slot)));
        }
    }
}
