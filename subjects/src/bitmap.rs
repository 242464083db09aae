//! The crate bitmap-allocator: a tree of bitmaps, sixteen ways at each level.

use bitmap_allocator::{BitAlloc, BitAlloc4K};

use stalemap::BlockAllocator;

/// The most frames that its map has room for.
const FRAMES: u32 = 4_096;

/// Up to 4,096 frames.
pub(crate) struct Bitmap(Box<BitAlloc4K>);

impl BlockAllocator for Bitmap {
    const NAME: &'static str = "bitmap-allocator 0.4.6";
    const SPLITS: bool = true;

    fn new(frames: u32) -> Result<Self, String> {
        if frames > FRAMES {
            return Err(format!("it has room for {FRAMES} frames"));
        }
        let mut map = Box::new(BitAlloc4K::DEFAULT);
        map.insert(0..frames as usize);
        Ok(Bitmap(map))
    }

    fn allocate(&mut self, order: u32) -> Option<u32> {
        let first =
            if order == 0 { self.0.alloc() } else { self.0.alloc_contiguous(None, 1 << order, order as usize) }?;
        Some(u32::try_from(first).expect("a frame that was put in"))
    }

    fn free(&mut self, first: u32, order: u32) {
        if order == 0 {
            self.0.dealloc(first as usize);
        } else {
            self.0.dealloc_contiguous(first as usize, 1 << order);
        }
    }
}
