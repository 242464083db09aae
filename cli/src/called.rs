//! How `stalemap` was called: by its own name, or through `cargo run`.

use stalemap_commands::CommandLine;

use crate::catalogue::{Catalogue, Line};

/// The command line of this process, for commands that can be pasted.
pub(crate) fn command_line() -> Line {
    let line = CommandLine::new(Catalogue);
    // Cargo says in the environment of what it runs that it does.
    if std::env::var_os("CARGO_MANIFEST_DIR").is_none() || std::env::var_os("CARGO").is_none() {
        return line;
    }
    let profile = if cfg!(debug_assertions) { "" } else { " --release" };
    let features = if cfg!(feature = "seeded-bugs") { " --features seeded-bugs" } else { "" };
    line.called(format!("cargo run{profile}{features} --"))
}
