//! Heaps: allocators of bytes, driven with frames of 64 bytes whose content they must leave alone.

use std::alloc::Layout;
use std::collections::BTreeMap;
use std::ptr::NonNull;

use stalemap::{BlockAllocator, BlockContract, Refusals};

/// Bytes of a frame: small, since heaps write headers into their memory.
const FRAME: usize = 64;

/// An allocator of bytes.
pub(crate) trait Bytes: Sized {
    /// Its name and version.
    const NAME: &'static str;
    /// Bytes at the start of its memory of which it takes some for itself.
    const FRONT: usize;
    /// With this memory, which is aligned to a frame; none where it cannot have it.
    fn new(memory: NonNull<[u8]>) -> Option<Self>;
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>>;
    /// Frees what was allocated with this layout.
    fn free(&mut self, pointer: NonNull<u8>, layout: Layout);
}

/// A heap of so many frames. Each byte of a block holds a number, which is looked at whenever the books are.
pub(crate) struct Heap<B> {
    heap: B,
    start: NonNull<u8>,
    /// The order of each live block, by its first frame.
    live: BTreeMap<u32, u32>,
    /// What the heap hands out; never moved, and as long as it lives.
    _memory: Vec<u8>,
}

impl<B: Bytes> Heap<B> {
    /// The bytes of a live block.
    fn block(&self, first: u32, order: u32) -> &[u8] {
        #[expect(unsafe_code, reason = "memory that the heap has handed out")]
        // SAFETY: the bytes are those of a live block, and only this struct writes to them.
        unsafe {
            std::slice::from_raw_parts(self.start.as_ptr().add(first as usize * FRAME), FRAME << order)
        }
    }

    fn block_mut(&mut self, first: u32, order: u32) -> &mut [u8] {
        #[expect(unsafe_code, reason = "memory that the heap has handed out")]
        // SAFETY: the bytes are those of a live block, which no other slice is of while this one lives.
        unsafe {
            std::slice::from_raw_parts_mut(self.start.as_ptr().add(first as usize * FRAME), FRAME << order)
        }
    }
}

/// What each byte of a block holds.
fn mark(first: u32) -> u8 {
    0x80 | u8::try_from(first & 0x7f).expect("seven bits")
}

fn layout(order: u32) -> Layout {
    Layout::from_size_align(FRAME << order, FRAME).expect("a power of two")
}

impl<B: Bytes> BlockAllocator for Heap<B> {
    const NAME: &'static str = B::NAME;
    /// Headers lie between blocks, so that fewer fit than there are frames.
    const CONTRACT: BlockContract =
        BlockContract { alignment: Some(1), refusals: Refusals::Any, ..BlockContract::BUDDY };

    fn new(frames: u32) -> Result<Self, String> {
        let front = B::FRONT.next_multiple_of(FRAME);
        let bytes = front + frames as usize * FRAME;
        let mut memory = vec![0_u8; bytes + FRAME];
        let skip = memory.as_ptr().align_offset(FRAME);
        let all = NonNull::from(&mut memory[skip..skip + bytes]);
        let heap = B::new(all).ok_or("so few frames have no place for its books")?;
        let start = NonNull::from(&mut memory[skip + front]);
        Ok(Heap { heap, start, live: BTreeMap::new(), _memory: memory })
    }

    fn allocate(&mut self, order: u32) -> Option<u32> {
        let offset = loop {
            let block = self.heap.allocate(layout(order))?;
            // What the books leave over in front of frame 0 is taken for good.
            if let Some(offset) = block.addr().get().checked_sub(self.start.addr().get()) {
                break offset;
            }
        };
        assert_eq!(offset % FRAME, 0, "blocks are aligned to frames");
        let first = u32::try_from(offset / FRAME).expect("a frame that was put in");
        self.block_mut(first, order).fill(mark(first));
        self.live.insert(first, order);
        Some(first)
    }

    fn free(&mut self, first: u32, order: u32) {
        self.live.remove(&first);
        let block = NonNull::from(self.block_mut(first, order)).cast();
        self.heap.free(block, layout(order));
    }

    fn validate(&self) -> Result<(), String> {
        let changed =
            self.live.iter().find(|&(&first, &order)| self.block(first, order).iter().any(|it| *it != mark(first)));
        changed.map_or(Ok(()), |(first, order)| {
            Err(format!("the block of order {order} at frame {first} was written to by the allocator"))
        })
    }
}
