//! The crate dbs-allocator of Dragonball: an interval tree of ranges and of data that hangs on them.

use dbs_allocator::{Constraint, IntervalTree, Range};

use stalemap::BlockAllocator;

/// Frames as ranges of numbers; no data.
pub(crate) struct Dbs(IntervalTree<()>);

impl BlockAllocator for Dbs {
    const NAME: &'static str = "dbs-allocator 0.1.1";

    fn new(frames: u32) -> Result<Self, String> {
        let mut tree = IntervalTree::new();
        tree.insert(Range::with_size(0, u64::from(frames) - 1), None);
        Ok(Dbs(tree))
    }

    fn allocate(&mut self, order: u32) -> Option<u32> {
        let size = 1_u64 << order;
        let range = self.0.allocate(&Constraint::new(size).align(size))?;
        Some(u32::try_from(range.min).expect("a frame that was put in"))
    }

    fn free(&mut self, first: u32, order: u32) {
        let first = u64::from(first);
        self.0.free(&Range::new(first, first + (1 << order) - 1));
    }
}
