//! The frame allocators that are compared: ours, and those that others wrote, each on its documented fast way.

mod array_stack;
mod bitmap;
mod buddy_slab;
mod buddy_system;
mod ours;
mod summary_buddy;

pub(crate) use array_stack::ArrayStack;
pub(crate) use bitmap::Bitmap;
pub(crate) use buddy_slab::BuddySlab;
pub(crate) use buddy_system::BuddySystem;
pub(crate) use ours::Ours;
pub(crate) use summary_buddy::SummaryBuddy;

/// Bytes in a frame, for peers that hand out addresses.
const FRAME_BYTES: usize = 4_096;
