//! Blocks: an allocator of frames, or of ranges, as a subject of level 0.

use stalemap_operations::{
    BlockContract, BlockSlot, Capabilities, Home, Kind, KindSet, Machine, Observables, Observation, Operation, Outcome,
    Scope, Slot, SlotState, Space, Subject, Touched,
};

use crate::block_slots::BlockSlots;

/// An allocator of blocks of frames, which are numbered from 0.
///
/// Blocks are of orders: order n is 2^n frames. What is checked: each block lies in the frames that there are, aligned as
/// the [contract](Self::CONTRACT) says; no frame is in two blocks; a block is refused only where the contract permits it;
/// and as many frames are free as [`free_frames`](Self::free_frames) says, if it says anything.
///
/// ```
/// use std::collections::BTreeSet;
/// use stalemap::{BlockAllocator, Driver, blocks};
///
/// /// The first aligned run that is free.
/// struct FirstFit(BTreeSet<u32>, u32);
///
/// impl BlockAllocator for FirstFit {
///     const NAME: &'static str = "first-fit";
///
///     fn new(frames: u32) -> Result<Self, String> {
///         Ok(FirstFit(BTreeSet::new(), frames))
///     }
///
///     fn allocate(&mut self, order: u32) -> Option<u32> {
///         let run = 1 << order;
///         let is_free = |first: &u32| (*first..first + run).all(|frame| !self.0.contains(&frame));
///         let first = (0..self.1).step_by(1 << order).filter(|first| first + run <= self.1).find(is_free)?;
///         self.0.extend(first..first + run);
///         Some(first)
///     }
///
///     fn free(&mut self, first: u32, order: u32) {
///         (first..first + (1 << order)).for_each(|frame| assert!(self.0.remove(&frame)));
///     }
/// }
///
/// let trace = stalemap::Trace::parse("machine ram=4 spaces=1 pages=1\nalloc b0 1\nalloc b1 1\nalloc b2 0\nfree b0\n")?;
/// let run = Driver::new(blocks::<FirstFit>).run(&trace.program(), stalemap::Compare::Everything);
/// assert_eq!(run.expect("it is such a machine").divergence, None);
/// # Ok::<(), stalemap::ParseError>(())
/// ```
pub trait BlockAllocator: Sized {
    /// Its name in reports, with its version if it has one.
    const NAME: &'static str;

    /// What it promises; a buddy allocator's promises where nothing else is said.
    const CONTRACT: BlockContract = BlockContract::BUDDY;

    /// Whether single frames of a larger block may be given back, the lowest first; `split` is left out where not.
    const SPLITS: bool = false;

    /// An allocator of this many frames, at least 1, all free.
    ///
    /// # Errors
    /// Says why it cannot have this many; a campaign then draws another machine.
    fn new(frames: u32) -> Result<Self, String>;

    /// Allocates a block of 2^order frames; the number of its first frame, or none where it is refused.
    fn allocate(&mut self, order: u32) -> Option<u32>;

    /// Frees a block, or a single frame of one that was split (`order` 0).
    fn free(&mut self, first: u32, order: u32);

    /// How many frames are free, where the allocator knows. What is missing right after [`new`](Self::new) counts as its own.
    fn free_frames(&self) -> Option<u32> {
        None
    }

    /// Recounts the allocator's own books.
    ///
    /// # Errors
    /// Names what does not balance.
    fn validate(&self) -> Result<(), String> {
        Ok(())
    }
}

/// An allocator of ranges: any number of frames, anywhere. It is driven with powers of two, which is what `alloc` asks for.
///
/// ```
/// use stalemap::{Driver, RangeAllocator, ranges};
///
/// /// A word for each frame.
/// struct Words(Vec<bool>);
///
/// impl RangeAllocator for Words {
///     const NAME: &'static str = "words";
///
///     fn new(frames: u32) -> Result<Self, String> {
///         Ok(Words(vec![false; frames as usize]))
///     }
///
///     fn allocate(&mut self, frames: u32) -> Option<u32> {
///         let first = self.0.windows(frames as usize).position(|run| run.iter().all(|used| !used))?;
///         self.0[first..first + frames as usize].fill(true);
///         Some(first as u32)
///     }
///
///     fn free(&mut self, first: u32, frames: u32) {
///         self.0[first as usize..(first + frames) as usize].fill(false);
///     }
///
///     fn free_frames(&self) -> Option<u32> {
///         Some(self.0.iter().filter(|used| !**used).count() as u32)
///     }
/// }
///
/// let trace = stalemap::Trace::parse("machine ram=4 spaces=1 pages=1\nalloc b0 0\nalloc b1 1\nfree b0\nalloc b2 1\n")?;
/// let run = Driver::new(ranges::<Words>).run(&trace.program(), stalemap::Compare::Everything);
/// assert_eq!(run.expect("it is such a machine").divergence, None);
/// # Ok::<(), stalemap::ParseError>(())
/// ```
pub trait RangeAllocator: Sized {
    /// Its name in reports, with its version if it has one.
    const NAME: &'static str;

    /// What it promises; ranges begin anywhere and are refused only where none is long enough, if nothing else is said.
    const CONTRACT: BlockContract = BlockContract { alignment: Some(1), ..BlockContract::BUDDY };

    /// An allocator of the range from 0 to this many frames, all free.
    ///
    /// # Errors
    /// Says why it cannot have this many; a campaign then draws another machine.
    fn new(frames: u32) -> Result<Self, String>;

    /// Allocates this many frames; the number of the first, or none where they are refused.
    fn allocate(&mut self, frames: u32) -> Option<u32>;

    /// Frees this many frames.
    fn free(&mut self, first: u32, frames: u32);

    /// As [`BlockAllocator::free_frames`].
    fn free_frames(&self) -> Option<u32> {
        None
    }

    /// As [`BlockAllocator::validate`].
    ///
    /// # Errors
    /// Names what does not balance.
    fn validate(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Builds the subject that an allocator of blocks is.
///
/// # Errors
/// Says why the allocator cannot have the machine's RAM.
pub fn blocks<A: BlockAllocator>(machine: &Machine) -> Result<Blocks<A>, String> {
    let allocator = A::new(machine.ram())?;
    let capacity = allocator.free_frames();
    Ok(Blocks { machine: *machine, allocator, capacity, slots: Default::default(), touched: None })
}

/// Builds the subject that an allocator of ranges is.
///
/// # Errors
/// Says why the allocator cannot have the machine's RAM.
pub fn ranges<A: RangeAllocator>(machine: &Machine) -> Result<Blocks<Ranges<A>>, String> {
    blocks(machine)
}

/// A range allocator, asked for powers of two.
pub struct Ranges<A>(A);

impl<A: RangeAllocator> BlockAllocator for Ranges<A> {
    const NAME: &'static str = A::NAME;
    const CONTRACT: BlockContract = A::CONTRACT;

    fn new(frames: u32) -> Result<Self, String> {
        A::new(frames).map(Ranges)
    }

    fn allocate(&mut self, order: u32) -> Option<u32> {
        self.0.allocate(1 << order)
    }

    fn free(&mut self, first: u32, order: u32) {
        self.0.free(first, 1 << order);
    }

    fn free_frames(&self) -> Option<u32> {
        self.0.free_frames()
    }

    fn validate(&self) -> Result<(), String> {
        self.0.validate()
    }
}

/// A machine that has RAM and blocks, and nothing else.
pub struct Blocks<A> {
    machine: Machine,
    allocator: A,
    /// Free frames at the start, where the allocator tells.
    capacity: Option<u32>,
    slots: BlockSlots,
    touched: Option<BlockSlot>,
}

impl<A: BlockAllocator> Subject for Blocks<A> {
    fn name(&self) -> &'static str {
        A::NAME
    }

    fn capabilities(&self) -> Capabilities {
        let shown = Observables::SPACES.and(Observables::SLOTS).and(Observables::FRAMES);
        let observables = if self.capacity.is_some() { shown.and(Observables::FREE) } else { shown };
        let operations = KindSet::NONE.with(Kind::Alloc).with(Kind::Free);
        let operations = if A::SPLITS { operations.with(Kind::Split) } else { operations };
        Capabilities { observables, operations, blocks: A::CONTRACT, ..Capabilities::ALL }
    }

    fn machine(&self) -> &Machine {
        &self.machine
    }

    fn capacity(&self) -> [u32; Home::LIMIT] {
        let mut capacity = Home::ALL.map(|home| self.machine.frames(home));
        capacity[Home::Ram.index()] = self.capacity.unwrap_or(self.machine.ram());
        capacity
    }

    fn reset(&mut self) {
        *self = blocks(&self.machine).expect("it was built with this many frames before");
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        let Blocks { machine, allocator, slots, .. } = self;
        let (block, answer) = if let Operation::Alloc { block, order } = operation {
            (block, slots.alloc(block, order, machine.highest_order(), |order| allocator.allocate(order)))
        } else if let Operation::Free { block } = operation {
            (block, slots.free(block, |first, order| allocator.free(first, order)))
        } else if let Operation::Split { block } = operation {
            (block, slots.split(block))
        } else {
            unreachable!("{operation} is not among what it can do")
        };
        self.touched = answer.is_ok().then_some(block);
        answer.map_or_else(Outcome::Refused, Outcome::Done)
    }

    fn touched(&mut self, into: &mut Touched) -> bool {
        into.slots.extend(self.touched.map(Slot::Block));
        true
    }

    fn observe(&self, scope: &Scope, into: &mut Observation) {
        into.clear();
        into.alive.insert(Space(0));
        into.free = Home::ALL.map(|home| self.machine.frames(home));
        into.free[Home::Ram.index()] = self.allocator.free_frames().unwrap_or(0);
        let slots = self.slots.states();
        if scope.everything {
            into.slots.extend(slots.filter(|(_, state)| *state != SlotState::Empty));
        } else {
            into.slots.extend(slots.filter(|(slot, _)| scope.slots.contains(slot)));
        }
    }

    fn validate(&self) -> Result<(), String> {
        self.allocator.validate()
    }
}
