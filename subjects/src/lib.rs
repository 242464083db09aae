//! Frame allocators that others wrote, as subjects: they allocate, free and split blocks (level 0) beside the reference.
//!
//! To bring your own allocator, implement [`Frames`] for it, and drive [`Blocks`] of it as `tests/level_0.rs` does. What it
//! is asked for is what a buddy allocator of a kernel promises: a block of order n is 2^n frames, aligned to their number,
//! is refused only where no free aligned run of that size exists, and may be given back frame by frame. Where an
//! allocator promises less, that is a difference of contract, not a fault: [`Frames::SPLITS`] says one of them.

mod bitmap;
mod blocks;
mod buddy_system;
mod raw;

pub use bitmap::Bitmap;
pub use blocks::Blocks;
pub use buddy_system::BuddySystem;
pub use raw::{BuddySlab, SummaryBuddy};

/// An allocator of frames that are numbered from 0.
pub trait Frames {
    /// Its name and version in reports.
    const NAME: &'static str;

    /// Whether single frames of a block may be given back; where not, blocks are never split.
    const SPLITS: bool = true;

    /// An allocator of so many frames, all free. One that keeps its books in its memory gets that much more.
    fn new(frames: u32) -> Self;

    /// Takes a block of 2^order frames; the number of the first.
    fn allocate(&mut self, order: u32) -> Option<u32>;

    /// Gives back a block, or a single frame of one that was split (`order` 0).
    fn free(&mut self, first: u32, order: u32);
}
