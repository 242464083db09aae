//! Blocks beside address spaces: a memory manager whose frames are allocated in blocks too, as a subject with level 0.

use stalemap_operations::{BlockContract, Kind, KindSet, Observables, Operation};

use crate::extensions::{Extension, Extensions};
use crate::spaces::{AddressSpaces, Answer, Spaces};

/// A memory manager that also allocates blocks of frames of RAM, of the same frames that pages are in.
///
/// As [`BlockAllocator`](crate::BlockAllocator), which is for an allocator alone. Free frames are what
/// [`free_frames`](AddressSpaces::free_frames) says, where [`SHOWS`](AddressSpaces::SHOWS) has them.
/// [`OPERATIONS`](AddressSpaces::OPERATIONS) gets `alloc`, `free` and, with [`SPLITS`](Self::SPLITS), `split` by itself.
pub trait BlockMemory: AddressSpaces {
    /// What blocks promise; a buddy allocator's promises where nothing else is said.
    const CONTRACT: BlockContract = BlockContract::BUDDY;

    /// Whether single frames of a larger block may be given back, the lowest first.
    const SPLITS: bool = false;

    /// Allocates a block of 2^order frames of RAM; the number of its first frame, or none where it is refused.
    fn allocate(&mut self, order: u32) -> Option<u32>;

    /// Frees a block, or a single frame of one that was split (`order` 0).
    fn free(&mut self, first: u32, order: u32);
}

impl<M: BlockMemory> Extensions<M> {
    /// Blocks of frames.
    #[must_use]
    pub fn blocks(self) -> Extensions<M> {
        let operations = KindSet::NONE.with(Kind::Alloc).with(Kind::Free);
        self.and(Extension {
            operations: if M::SPLITS { operations.with(Kind::Split) } else { operations },
            shows: Observables::SLOTS,
            answer,
            contract: Some(M::CONTRACT),
            folios: None,
        })
    }
}

/// What an operation on a block answers; none for another one.
fn answer<M: BlockMemory>(spaces: &mut Spaces<M>, operation: Operation) -> Option<Answer> {
    let Spaces { machine, manager, blocks, .. } = spaces;
    let highest = machine.highest_order();
    Some(if let Operation::Alloc { block, order } = operation {
        blocks.alloc(block, order, highest, |order| manager.allocate(order))
    } else if let Operation::Free { block } = operation {
        blocks.free(block, |first, order| manager.free(first, order))
    } else if let Operation::Split { block } = operation {
        blocks.split(block)
    } else {
        return None;
    })
}
