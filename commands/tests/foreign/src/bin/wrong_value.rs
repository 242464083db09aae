//! A program whose subject reads another value than was written.

use std::process::ExitCode;

use stalemap_foreign::Altered;
use stalemap_operations::{Effect, Machine, Outcome, Stamp, Subject as _};

fn main() -> ExitCode {
    stalemap_commands::main_explorable(|machine: &Machine| {
        Ok(Altered::new(machine, "read", |implementation, operation| match implementation.apply(operation) {
            Outcome::Done(Effect::Value(Stamp(value))) if value != 0 => Outcome::Done(Effect::Value(Stamp(value ^ 1))),
            answer => answer,
        }))
    })
}
