//! Subjects behind C: a shared library with a table of functions, as `stalemap.h` describes it.
//!
//! A process loads one library ([`load`]) and builds its subjects by [`build`]. Whatever the library does wrong happens to
//! that process, which is therefore not the campaign's but a worker of its own (crate `stalemap-isolation`).

mod calls;
mod library;
mod sanitizer;
mod subject;
mod table;

pub use library::{LoadError, load};
pub use sanitizer::environment;
pub use subject::{CSubject, build};

/// The text of `stalemap.h`, for programs that write it for their users.
pub const HEADER: &str = include_str!("../include/stalemap.h");
