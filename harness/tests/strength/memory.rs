//! The allocator by itself: it gives each frame once, and what it says it keeps beside its frames is a bit for each block of each order, with a bit for
//! each word of these and so on up to one word, and the cache.

use stalemap_implementation::{Frame, FrameAllocator};
use stalemap_operations::{Dialect, Machine};

/// Sizes at which a set begins another word or another level, and large ones.
const SIZES: &[u32] =
    &[1, 2, 3, 5, 8, 62, 63, 64, 65, 126, 127, 128, 129, 4_031, 4_096, 4_160, 100_000, 1 << 18, 1 << 22];

/// What is wrong with what the allocator says.
pub(super) fn wrong() -> Option<String> {
    // A device has a record too, whose size is its own matter, but the same for all.
    let record = said([64, 1, 0]) - sets(64, 65) - cache(64) - set(1) - size_of::<FrameAllocator>();
    if !(16..=256).contains(&record) {
        return Some(format!("the record of a device takes {record} bytes"));
    }
    let machines = SIZES.iter().flat_map(|&ram| [0, 1, 63, 64, 5_000].map(|first| [ram, first, first / 2]));
    let wrong = machines.into_iter().find_map(|frames| {
        let [ram, first, second] = frames;
        let devices = [first, second].into_iter().filter(|&device| device > 0);
        let records: usize = devices.map(|device| record + set(device)).sum();
        let expected = size_of::<FrameAllocator>() + sets(ram, ram + first + second) + cache(ram) + records;
        let said = said(frames);
        (said != expected).then(|| format!("{said} bytes instead of {expected} for {frames:?} frames"))
    });
    wrong.or_else(numbers)
}

fn said(frames: [u32; 3]) -> usize {
    let machine = Machine::new(frames, 1, 1, Dialect::Linux6_12).expect("within limits");
    FrameAllocator::metadata_bytes(&machine)
}

/// Bytes of the free sets: order 0 knows all frames and the one behind them, the others their blocks and two behind.
fn sets(ram: u32, all: u32) -> usize {
    set(all + 1) + (1..=10).map(|order| set((ram >> order) + 2)).sum::<usize>()
}

/// Bytes of a set of numbers below a capacity.
fn set(capacity: u32) -> usize {
    let levels = std::iter::successors(Some(capacity.div_ceil(64)), |&words| (words > 1).then(|| words.div_ceil(64)));
    8 * levels.map(|words| words as usize).sum::<usize>()
}

/// Bytes of the order-0 cache: half the frames, but 2 at least and 64 at most.
fn cache(ram: u32) -> usize {
    4 * (ram / 2).clamp(2, 64) as usize
}

/// Whether the numbers of the frames that the allocator gives are those from 0 on, each once.
fn numbers() -> Option<String> {
    let machine = Machine::new([9, 0, 0], 1, 1, Dialect::Linux6_12).expect("within limits");
    let mut frames = FrameAllocator::new(&machine);
    let mut given: Vec<u32> = std::iter::from_fn(|| frames.allocate()).map(Frame::number).collect();
    given.sort_unstable();
    (!given.iter().copied().eq(0..9)).then(|| format!("the frames that were given are {given:?}"))
}
