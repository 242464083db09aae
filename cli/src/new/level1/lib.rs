//! A memory manager beside the reference of Stalemap: `memory.rs` is the code that is tested, `subject.rs` the adapter.

mod memory;
mod subject;

pub use memory::Memory;
pub use subject::build;

/// Whether the one deliberate fault is there, so that a first campaign shows a finding.
const FAULT: bool = cfg!(feature = "fault");
