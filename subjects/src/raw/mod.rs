//! Allocators that are given raw memory, or are unsafe to set up.

mod aarch64;
mod buddy_slab;
mod buddyalloc;
mod frame;
mod free_list;
mod heap;
mod linked_list;
mod linked_list_extended;
mod page_table;
mod rlsf;
mod summary_buddy;
mod talc;
#[cfg(feature = "vulkano")]
mod vulkano;
mod x86_64;

pub(crate) use aarch64::ArmTables;
pub(crate) use buddy_slab::BuddySlab;
pub(crate) use buddyalloc::BuddyHeap;
pub(crate) use free_list::FreeRanges;
pub(crate) use heap::Heap;
pub(crate) use linked_list::LinkedList;
pub(crate) use linked_list_extended::{LinkedListExtended, LinkedListExtended0_9_1};
pub(crate) use page_table::{ArceOs, PageTables};
pub(crate) use rlsf::TwoLevels;
pub(crate) use summary_buddy::SummaryBuddy;
pub(crate) use talc::Bins;
#[cfg(feature = "vulkano")]
pub(crate) use vulkano::{VulkanoBuddy, VulkanoFreeList};
pub(crate) use x86_64::Amd64Tables;
