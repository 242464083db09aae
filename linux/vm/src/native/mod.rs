//! The kernel as a native process: User Mode Linux with our agent in it, and memory that both sides share.

mod memory;
mod process;
mod table;

pub use process::NativeBoot;
pub use table::table_header;
