//! The real kernel as a subject: builds it from packaged source with a few edits, runs it in a virtual machine or as a
//! native process, and drives it beside the reference.

mod acceleration;
mod beside;
mod build_log;
pub mod cache;
mod checks;
mod console;
pub mod edit;
pub mod edits;
mod flavour;
mod group;
mod guest;
mod health;
mod history;
mod huge;
mod huge_order;
mod initramfs;
pub mod kernel;
mod kernels;
mod mutants;
mod native;
pub mod packages;
mod passes;
mod pool;
mod process;
mod recipe;
mod runner;
mod subject;
mod support;
mod target;
mod track;
mod transcript;
mod version;
mod virtual_machine;
mod way;

pub use acceleration::Acceleration;
pub use beside::{Beside, Parting};
pub use cache::Cache;
pub use checks::Checks;
pub use console::{bug_report, last_words};
pub use flavour::Flavour;
pub use group::end_all;
pub use guest::build_guest;
pub use history::HISTORY;
pub use huge::Asked;
pub use huge_order::HugeOrder;
pub use kernels::Kernels;
pub use native::{Native, NativeBoot, SourceLine, SourceLines};
pub use passes::{BatchPasses, Passes};
pub use pool::KernelPool;
pub use runner::{Ending, Lost, Ran, Recording, Runner, RunningKernel, Stopped};
pub use stalemap_guest::HUGE_PAGE_OF_X86;

pub use mutants::{Campaign, Fault, HUGE_TROPHIES, MUTANTS, TROPHIES};
pub use recipe::Recipe;
pub use subject::Kernel;
pub use support::{Support, support};
pub use target::Target;
pub use transcript::{Recorded, Transcript};
pub use version::Version;
pub use virtual_machine::Boot;
pub use way::Way;

/// What an exported C program begins with: spaces as processes, the operations on them, TAP output.
pub const SELFTEST: &str = include_str!("../kernel/selftest.h");
