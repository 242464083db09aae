//! What is fast: a flat-array page allocator with reverse maps, device memory and migration in phases.
//!
//! One array of descriptors spans RAM and the devices; entries are packed words; the counters are stored; the reverse
//! map walks a graph by numbers. Nothing here knows the reference, and nothing here compares: what it must do is in
//! the specification, how it does it is here, one concept a file, in this order:
//!
//! `frames` descriptors in a flat array, and the allocators that give frames: only here a frame is taken and given back ·
//! `paging` entries and mappings: only here an entry is packed · `rmap` regions, anon_vmas and walks: only here a
//! mapcount, a mapping word or a link between regions changes · `lifetime` allocation and end of a page: only here a
//! reference is dropped · `folio` large folios and huge entries · `address_space` · `fault` · `device_access` · `migration` transactions and their phases: only
//! here a page is locked · `pins` · `blocks` · `notes` what an operation touched · `observe`, `complete` ·
//! `validate` everything counted again · `seeded` the seeded bugs, which are off and, without the feature
//! `seeded-bugs`, not there.
//!
//! The compiler keeps these rules: what only one folder may do is private to it, or asks for a token that only that
//! folder makes (`ByRmap`, `ByLifetime`, `ByMigration`).

#![no_std]
// Which they are, and why, is in clippy.toml.
#![warn(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod address_space;
mod arena;
mod blocks;
mod complete;
mod device_access;
mod fault;
mod folio;
mod frames;
mod implementation;
mod lifetime;
mod migration;
mod notes;
mod observe;
mod paging;
mod pins;
mod rmap;
mod seeded;
mod validate;

pub use frames::{Frame, FrameAllocator};
pub use implementation::Implementation;
pub use seeded::Bug;
#[cfg(feature = "seeded-bugs")]
pub use seeded::Switch;
