//! The crate frame-alloc: its buddy allocator of bitmaps, which it keeps in some of the memory that it is given.

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::ptr::{self, NonNull};

use frame_alloc::{InitError, PageSize, PhysRange, PhysicalAllocator, Provenance, RegionInit, SummaryBuddyAllocator};

use super::frame::FRAME_BYTES;
use stalemap::BlockAllocator;

const FRAME: PageSize = PageSize::from_log2(12);
const _: () = assert!(FRAME.bytes() == FRAME_BYTES, "frames are of one size");

/// Orders 0 to 10.
const ORDERS: usize = 11;
/// Bytes in a block of the highest order, to which frame 0 is aligned.
const BLOCK_BYTES: usize = FRAME_BYTES << (ORDERS - 1);

/// Memory is where its address says.
struct Identity;

#[expect(unsafe_code, reason = "the crate's interface")]
// SAFETY: the addresses are those of memory whose provenance was exposed, and which is of one piece.
unsafe impl Provenance for Identity {
    unsafe fn create(address: usize) -> NonNull<u8> {
        NonNull::new(ptr::with_exposed_provenance_mut(address)).expect("memory is not at address 0")
    }

    unsafe fn destroy<T>(pointer: NonNull<T>) -> usize {
        pointer.addr().get()
    }
}

/// The allocator, its memory, and the address of its frame 0.
pub(crate) struct SummaryBuddy {
    allocator: SummaryBuddyAllocator<ORDERS, Identity>,
    start: usize,
    /// Where the allocator keeps its bitmaps: behind its back, and as long as it lives.
    _memory: Memory,
}

/// Memory of so many bytes is mapped by the system and zero without being written; from the heap it would be cleared.
const LEAST: usize = 33 << 20;

/// Memory that the next allocator of this thread gets: megabytes that are new for each program cost more than the program.
struct Memory(Vec<u8>);

thread_local! {
    static LAST: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Memory {
    /// At least so many bytes. What is in them is unknown, as in the memory that a kernel finds.
    fn of(bytes: usize) -> Memory {
        let mut last = LAST.take();
        if last.len() < bytes {
            last = vec![0; bytes.max(LEAST)];
        }
        Memory(last)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        LAST.set(std::mem::take(&mut self.0));
    }
}

impl BlockAllocator for SummaryBuddy {
    const NAME: &'static str = "frame-alloc 0.1.0";
    /// Address and number of what is given back must be those of one allocation (`PhysicalAllocator`).
    const SPLITS: bool = false;

    /// The bitmaps go into memory of their own in front of the frames, as if the boot loader's map had a hole between
    /// the two: so frame 0 is aligned to the highest order, and all frames are left.
    fn new(frames: u32) -> Result<Self, String> {
        let bytes = frames as usize * FRAME_BYTES;
        // A block in front has room for the bitmaps of more than four million frames. Nothing writes to the rest.
        let mut memory = Memory::of(BLOCK_BYTES + BLOCK_BYTES + bytes);
        let skip = memory.0.as_ptr().align_offset(BLOCK_BYTES);
        let front = memory.0[skip..].as_mut_ptr().expose_provenance();
        let start = front + BLOCK_BYTES;
        let allocator = SummaryBuddyAllocator::new(FRAME);
        let mut bitmaps = FRAME_BYTES;
        loop {
            let range = [PhysRange { base: front, len: bitmaps }];
            #[expect(unsafe_code, reason = "the crate's interface")]
            // SAFETY: the memory lives in the same struct, its bytes are never moved, and nothing else touches them.
            let init = unsafe { allocator.try_init(front, BLOCK_BYTES + bytes, &range) };
            match init {
                Ok(()) => break,
                Err(InitError::MetadataWontFit { required_bytes }) if required_bytes > bitmaps => {
                    bitmaps = required_bytes;
                }
                Err(error) => unreachable!("{error:?} with {bitmaps} bytes for the bitmaps of {frames} frames"),
            }
        }
        #[expect(unsafe_code, reason = "the crate's interface")]
        // SAFETY: as above; the frames lie behind what was made usable.
        unsafe {
            allocator.add_usable(start, bytes);
        }
        Ok(SummaryBuddy { allocator, start, _memory: memory })
    }

    fn allocate(&mut self, order: u32) -> Option<u32> {
        let address = self.allocator.allocate_physical(FRAME, run(order)).ok()?;
        // An address in front of frame 0 would be one of the bitmaps'.
        let offset = address.checked_sub(self.start).expect("a frame that was put in");
        Some(u32::try_from(offset / FRAME_BYTES).expect("a frame that was put in"))
    }

    fn free(&mut self, first: u32, order: u32) {
        let address = self.start + first as usize * FRAME_BYTES;
        #[expect(unsafe_code, reason = "the crate's interface")]
        // SAFETY: a block is given back once, with the order with which it was taken.
        unsafe {
            self.allocator.deallocate_physical(FRAME, run(order), address);
        }
    }
}

fn run(order: u32) -> NonZeroUsize {
    NonZeroUsize::new(1 << order).expect("a power of two")
}
