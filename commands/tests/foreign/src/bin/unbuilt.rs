//! A program whose subject cannot be built with two spaces: its constructor panics. Where there is a file `once` it cannot be built a second
//! time.

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use stalemap_foreign::Altered;
use stalemap_operations::{Machine, Subject as _};

static WAS_BUILT: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    stalemap_commands::main(|machine: &Machine| {
        if Path::new("once").exists() {
            assert!(!WAS_BUILT.swap(true, Ordering::Relaxed), "once is enough");
        } else {
            assert!(machine.spaces() != 2, "two spaces are too many");
        }
        Ok(Altered::new(machine, "read", |implementation, operation| implementation.apply(operation)))
    })
}
