//! The crate axallocator of ArceOS: its page allocator, a bitmap of up to 65,536 pages.

use axallocator::{BaseAllocator, BitmapPageAllocator, PageAllocator};

use stalemap::BlockAllocator;

/// Bytes in a page.
const PAGE: usize = 4_096;
/// Where frame 0 is: the base that the allocator numbers its pages from is a multiple of a gigabyte.
const START: usize = 1 << 30;

/// The most pages that its map has room for without a feature.
const PAGES: u32 = 65_536;

/// Pages; nothing is written to them.
pub(crate) struct AxPages(Box<BitmapPageAllocator<PAGE>>);

impl BlockAllocator for AxPages {
    const NAME: &'static str = "axallocator 0.2.0";
    const SPLITS: bool = true;

    fn new(frames: u32) -> Result<Self, String> {
        if frames > PAGES {
            return Err(format!("it has room for {PAGES} pages"));
        }
        let mut allocator = Box::new(BitmapPageAllocator::new());
        allocator.init(START, frames as usize * PAGE);
        Ok(AxPages(allocator))
    }

    fn allocate(&mut self, order: u32) -> Option<u32> {
        let address = self.0.alloc_pages(1 << order, PAGE << order).ok()?;
        Some(u32::try_from((address - START) / PAGE).expect("a frame that was put in"))
    }

    fn free(&mut self, first: u32, order: u32) {
        self.0.dealloc_pages(START + first as usize * PAGE, 1 << order);
    }

    fn free_frames(&self) -> Option<u32> {
        Some(u32::try_from(self.0.available_pages()).expect("as many as were put in"))
    }
}
