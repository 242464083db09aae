//! Allocators that are given raw memory, or are unsafe to set up.

mod buddy_slab;
mod buddyalloc;
mod free_list;
mod linked_list;
mod linked_list_extended;
mod page_table;
mod summary_buddy;
#[cfg(feature = "vulkano")]
mod vulkano;

pub(crate) use buddy_slab::BuddySlab;
pub(crate) use buddyalloc::BuddyHeap;
pub(crate) use free_list::FreeRanges;
pub(crate) use linked_list::LinkedList;
pub(crate) use linked_list_extended::{LinkedListExtended, LinkedListExtended0_9_1};
pub(crate) use page_table::{ArceOs, PageTables};
pub(crate) use summary_buddy::SummaryBuddy;
#[cfg(feature = "vulkano")]
pub(crate) use vulkano::{VulkanoBuddy, VulkanoFreeList};

/// Bytes in a frame; these crates hand out addresses.
const FRAME_BYTES: usize = 4_096;
