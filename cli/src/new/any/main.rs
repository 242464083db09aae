//! All commands of Stalemap for the code of this crate: `cargo run -- fuzz`, `cargo run -- run corpus`, `cargo run -- --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    stalemap::main({{crate}}::build)
}
