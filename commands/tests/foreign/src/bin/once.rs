//! A program whose subject reads another value than was written once, and cannot be built from then on.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use stalemap_foreign::Altered;
use stalemap_operations::{Effect, Machine, Outcome, Stamp, Subject as _};

static WAS_WRONG: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    stalemap_commands::main(|machine: &Machine| {
        if WAS_WRONG.load(Ordering::Relaxed) {
            return Err("there is no room any more".to_string());
        }
        Ok(Altered::new(machine, "read", |implementation, operation| {
            let answer = implementation.apply(operation);
            if let Outcome::Done(Effect::Value(Stamp(value @ 1..))) = answer {
                WAS_WRONG.store(true, Ordering::Relaxed);
                Outcome::Done(Effect::Value(Stamp(value ^ 1)))
            } else {
                answer
            }
        }))
    })
}
