//! Allocators and memory managers that others wrote, as subjects.
//!
//! Each is one file that implements a trait of the crate `stalemap` for it. What an allocator promises less than a buddy
//! allocator of a kernel, or otherwise, stands in its contract: that is no fault.

mod bitmap;
mod buddy_system;
mod raw;

pub use bitmap::Bitmap;
pub use buddy_system::BuddySystem;
pub use raw::{BuddySlab, SummaryBuddy};
