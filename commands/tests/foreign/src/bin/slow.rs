//! A program whose subject reads another value than was written, and takes its time for it.

use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use stalemap_foreign::Altered;
use stalemap_operations::{Effect, Machine, Outcome, Stamp, Subject as _};

fn main() -> ExitCode {
    stalemap_commands::main(|machine: &Machine| {
        Ok(Altered::new(machine, "read", |implementation, operation| {
            let answer = implementation.apply(operation);
            if let Outcome::Done(Effect::Value(Stamp(value @ 1..))) = answer {
                sleep(Duration::from_millis(120));
                Outcome::Done(Effect::Value(Stamp(value ^ 1)))
            } else {
                answer
            }
        }))
    })
}
