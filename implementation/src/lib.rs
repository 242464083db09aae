//! What is fast: a flat-array page allocator with reverse maps, device memory and migration in phases.
//!
//! One array of descriptors spans RAM and the devices; entries are packed words; the counters are stored; the reverse
//! map walks a graph by numbers. Nothing here knows the reference, and nothing here compares: what it must do is in
//! the specification, how it does it is here, one concept a file, in this order:
//!
//! `page` the descriptor · `memmap` the flat array · `bitset`, `buddy`, `percpu`, `device`, `frames` who gives frames ·
//! `pte`, `pagetable` entries and mappings · `region`, `anon_vma`, `rmap` who maps a page, and the only place where a
//! mapcount changes · `lifetime` birth and end of a page · `address_space` · `fault` · `device_access` · `transaction`,
//! `migrate` · `pins` · `blocks` · `observe`, `complete` · `validate` everything counted again · `bug` the seeded bugs, which are off
//! and, without the feature `seeded-bugs`, not there.

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod address_space;
mod anon_vma;
mod arena;
mod bitset;
mod blocks;
mod buddy;
mod bug;
mod complete;
mod device;
mod device_access;
mod fault;
mod frames;
mod implementation;
mod lifetime;
mod memmap;
mod migrate;
mod notes;
mod observe;
mod page;
mod pagetable;
mod percpu;
mod pins;
mod pte;
mod region;
mod rmap;
mod transaction;
mod validate;

pub use bug::Bug;
#[cfg(feature = "seeded-bugs")]
pub use bug::Switch;
pub use complete::CompleteState;
pub use frames::FrameAllocator;
pub use implementation::Implementation;
pub use memmap::Frame;
