//! Allocators that are given raw memory, and are unsafe to set up.

mod buddy_slab;
mod summary_buddy;

pub use buddy_slab::BuddySlab;
pub use summary_buddy::SummaryBuddy;

/// Bytes in a frame; these crates hand out addresses.
const FRAME_BYTES: usize = 4_096;
