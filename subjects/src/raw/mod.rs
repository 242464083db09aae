//! Allocators that are given raw memory, and are unsafe to set up.

mod buddy_slab;

pub use buddy_slab::BuddySlab;
