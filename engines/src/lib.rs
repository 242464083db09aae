//! libFuzzer and AFL++ as processes: their tools, the targets that they build, campaigns, hunts, merges and digests, and the
//! [`protocol`] between these processes and the targets.
//!
//! The crate prints nothing and knows no command line. A [`Control`] says when to stop and takes its messages. A function
//! that can be interrupted returns `None` when the control says so. Processes are Unix process groups; on other systems the
//! crate is empty.
#![cfg(unix)]

pub mod protocol;

#[cfg(feature = "processes")]
mod afl;
#[cfg(feature = "processes")]
mod campaign;
#[cfg(feature = "processes")]
mod compiler;
#[cfg(feature = "processes")]
mod control;
#[cfg(feature = "processes")]
mod cpu;
#[cfg(feature = "processes")]
mod digests;
#[cfg(feature = "processes")]
mod error;
#[cfg(feature = "processes")]
mod hunt;
#[cfg(feature = "processes")]
mod installation;
#[cfg(feature = "processes")]
mod libfuzzer;
#[cfg(feature = "processes")]
mod member;
#[cfg(feature = "processes")]
mod merge;
#[cfg(feature = "processes")]
mod order;
#[cfg(feature = "processes")]
mod process;
#[cfg(feature = "processes")]
mod running;
#[cfg(feature = "processes")]
mod tool;
#[cfg(feature = "processes")]
mod watch;
#[cfg(feature = "processes")]
mod workspace;

#[cfg(feature = "processes")]
pub use {
    compiler::Llvm,
    control::{Control, Event},
    digests::digests,
    error::{EngineError, ToolFailure},
    hunt::{HuntOrder, HuntResult, Hunter},
    member::Member,
    merge::merge,
    order::{Engine, KernelOrder, Order},
    process::{Group, end_all},
    running::Running,
    tool::{CARGO_AFL, CARGO_FUZZ, CARGO_LLVM_COV, Tool},
    watch::count,
    workspace::Workspace,
};
