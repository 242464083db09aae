//! A program whose subject cannot be built with two spaces: its constructor panics.

use std::process::ExitCode;

use stalemap_foreign::Altered;
use stalemap_operations::{Machine, Subject as _};

fn main() -> ExitCode {
    stalemap_commands::main(|machine: &Machine| {
        assert!(machine.spaces() != 2, "two spaces are too many");
        Ok(Altered::new(machine, "read", |implementation, operation| implementation.apply(operation)))
    })
}
