//! Stalemap for your own code: an allocator or a memory manager beside the reference, compared after every operation.
//!
//! Implement one of these for it, whichever is the smallest that fits:
//!
//! | trait | what the code does | build |
//! |---|---|---|
//! | [`BlockAllocator`] | allocates and frees blocks of 2^n frames | [`blocks`] |
//! | [`RangeAllocator`] | allocates and frees ranges | [`ranges`] |
//! | [`AddressSpaces`] | maps, unmaps, protects, reads, writes and forks address spaces | [`spaces`] |
//! | [`DeviceMemory`] | the same, and migrates pages to devices and back | [`spaces_with_devices`] |
//! | [`PinnedMemory`] | what address spaces do, and pins pages | [`spaces_with_pins`] |
//! | [`BlockMemory`] | what address spaces do, and allocates blocks of the same frames | [`Extensions`] |
//! | [`HugeMemory`] | what address spaces do, with large folios and huge entries | [`Extensions`] |
//! | [`Subject`] | everything, transactions and bare references among it | a function of yours |
//!
//! ```no_run
//! # struct Mine;
//! # impl stalemap::BlockAllocator for Mine {
//! #     const NAME: &'static str = "mine";
//! #     fn new(_: u32) -> Result<Self, String> { Err("it has no frames".to_string()) }
//! #     fn allocate(&mut self, _: u32) -> Option<u32> { None }
//! #     fn free(&mut self, _: u32, _: u32) {}
//! # }
//! fn main() -> std::process::ExitCode {
//!     stalemap::main(stalemap::blocks::<Mine>)
//! }
//! ```
//!
//! What the code cannot show is left out of the comparison, and named. [`main`] gives your program the commands `fuzz`, `run`,
//! `minimize` and more for your subject. [`replay!`] makes a test that replays a folder of traces; [`fuzz_target!`] and
//! [`afl_target!`] make targets of cargo-fuzz and AFL++.

mod block_memory;
mod block_slots;
mod blocks;
mod devices;
mod extensions;
mod folio;
pub mod fuzzing;
mod huge;
mod identities;
mod mapping;
mod pins;
mod replay;
mod spaces;

pub use block_memory::BlockMemory;
pub use blocks::{BlockAllocator, Blocks, RangeAllocator, Ranges, blocks, ranges};
pub use devices::{DeviceMemory, spaces_with_devices};
pub use extensions::Extensions;
pub use folio::Folio;
pub use huge::HugeMemory;
pub use mapping::Mapping;
pub use pins::{PinnedMemory, spaces_with_pins};
pub use replay::{ReplayError, replay_folder};
pub use spaces::{AddressSpaces, Spaces, spaces};
pub use stalemap_campaign as campaign;
pub use stalemap_commands::main;
pub use stalemap_harness::{Build, Compare, Driver, Generator, Run, Settings};
pub use stalemap_operations as operations;
pub use stalemap_operations::{
    Access, Advice, BlockContract, Capabilities, Device, Effect, Errno, FrameToken, Home, Kind, KindSet, LargeFolios,
    Machine, Observables, Observation, Operation, Outcome, PageRange, ParseError, Place, Program, Refusals, Route,
    Scope, Space, Stamp, Subject, Touched, Trace, VirtualPage,
};

/// The examples of the documents are compiled as those of the items are.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../README.md")]
    struct OfTheCrate;
    #[doc = include_str!("../../README.md")]
    struct OfTheProject;
    #[doc = include_str!("../../docs/src/rust.md")]
    struct Guide;
}
