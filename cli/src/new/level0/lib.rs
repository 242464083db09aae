//! A buddy allocator beside the reference of Stalemap: `allocator.rs` is the code that is tested, `subject.rs` the adapter.

mod allocator;
mod subject;

pub use allocator::Allocator;
pub use subject::build;

/// Whether the one deliberate fault is there, so that a first campaign shows a finding.
const FAULT: bool = cfg!(feature = "fault");
