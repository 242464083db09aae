//! Allocators and memory managers that others wrote, as subjects.
//!
//! Each is one file that implements a trait of the crate `stalemap` for it. What an allocator promises less than a buddy
//! allocator of a kernel, or otherwise, stands in its contract: that is no fault. [`catalogue`] has a row for each released
//! version, with what is known of it; [`check`](mod@check) holds a
//! campaign and the traces of earlier ones against that.

pub mod campaign;
pub mod catalogue;
pub mod check;
pub mod readme;

mod axallocator;
mod bitmap;
mod buddy_system;
mod dbs;
mod offset;
mod range_alloc;
mod raw;
mod restated;
mod spaces;
mod vm_allocator;
