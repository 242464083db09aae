//! The commands that make sense for any subject: `fuzz`, `run`, `minimize`, `exhaust`, `coverage` and more.
//!
//! [`main`] gives a program all of them for the one subject that it builds:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use stalemap_implementation::Implementation;
//! use stalemap_operations::Machine;
//!
//! fn main() -> ExitCode {
//!     stalemap_commands::main(|machine: &Machine| Ok(Implementation::new(machine)))
//! }
//! ```
//!
//! A program with several subjects implements [`Subjects`], and hands a [`CommandLine`] of them to [`Cli`], or to the function
//! of each command that it has. Each command is a module with its arguments and one function; what the commands share is in
//! [`input`], [`output`], [`status`](mod@status), [`interrupt`] and [`hang`].

mod command_line;
mod ending;
mod entry;
mod subjects;

pub mod coverage;
pub mod determinism;
pub mod distill;
pub mod encode;
pub mod exhaust;
pub mod findings;
pub mod fmt;
pub mod fuzz;
pub mod hang;
pub mod input;
pub mod interrupt;
pub mod known;
pub mod merge;
pub mod minimize;
pub mod ops;
pub mod output;
pub mod overview;
pub mod resume;
pub mod run;
pub mod seeds;
pub mod status;
pub mod summary;
pub mod values;

pub use command_line::{CommandLine, Replay, program_name, quoted};
pub use ending::{Ending, exit_code};
pub use entry::{Cli, main, version};
pub use subjects::{ChosenSubject, Only, OnlyChoice, Subjects, isolated, isolated_program, load, serve};
