//! What each frame allocator is asked to do; only the asking is counted, never the setting up.

use std::hint::black_box;

use stalemap_harness::Random;

use crate::callgrind::count;

/// An allocator of frames, ours or a peer's.
pub(crate) trait Frames {
    /// What it hands out.
    type Block: Copy;

    /// An allocator of this many frames, all free.
    fn new(frames: u32) -> Self;

    /// Takes one frame, on the fastest way that the allocator has.
    fn allocate_one(&mut self) -> Option<Self::Block>;

    /// Gives one frame back.
    fn free_one(&mut self, block: Self::Block);

    /// Takes 2^order frames that lie together, aligned to their number.
    fn allocate(&mut self, order: u32) -> Option<Self::Block>;

    /// Gives 2^order frames back.
    fn free(&mut self, block: Self::Block, order: u32);

    /// The number of a block's first frame, from 0.
    fn number(&self, block: Self::Block) -> u32;
}

/// Pairs that are counted.
const PAIRS: u64 = 4_096;
/// The seed of everything random here.
pub(crate) const SEED: u64 = 1;

/// One frame allocated and freed: with all frames free, and with half of them used, at random.
pub(crate) fn pairs<F: Frames>(frames: u32) {
    for (name, half_used) in [("all free", false), ("half used", true)] {
        let mut allocator = F::new(frames);
        if half_used {
            use_half(&mut allocator, frames);
        }
        count(name, || {
            for _ in 0..PAIRS {
                let block = black_box(allocator.allocate_one().expect("a free frame"));
                allocator.free_one(block);
            }
            (PAIRS, String::new())
        });
    }
}

fn use_half<F: Frames>(allocator: &mut F, frames: u32) {
    let blocks: Vec<F::Block> = (0..frames).map(|_| allocator.allocate_one().expect("a free frame")).collect();
    for &number in &shuffled(frames)[..frames as usize / 2] {
        allocator.free_one(blocks[number as usize]);
    }
}

/// Every frame allocated, one by one, and then freed in random order.
pub(crate) fn bulk<F: Frames>(frames: u32) {
    let mut allocator = F::new(frames);
    let order = shuffled(frames);
    let mut blocks = Vec::with_capacity(frames as usize);
    count("bulk", || {
        for _ in 0..frames {
            blocks.push(allocator.allocate_one().expect("a free frame"));
        }
        for &number in &order {
            allocator.free_one(blocks[number as usize]);
        }
        (2 * u64::from(frames), String::new())
    });
}

/// The numbers below this in random order.
fn shuffled(numbers: u32) -> Vec<u32> {
    let mut random = Random::new(SEED, 1);
    let mut order: Vec<u32> = (0..numbers).collect();
    for last in (1..numbers).rev() {
        order.swap(last as usize, random.below(last + 1) as usize);
    }
    order
}
