//! A program whose subject reads another value than was written and takes its time for it, and never answers `protect`.

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use stalemap_commands::{Cli, CommandLine, Only};
use stalemap_foreign::Altered;
use stalemap_operations::{Effect, Machine, Operation, Outcome, Stamp, Subject as _};

/// How long an execution may take: less than ten seconds, so that tests do not wait as long.
const DEADLINE: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let build = |machine: &Machine| {
        Ok(Altered::new(machine, "read protect", |implementation, operation| {
            if matches!(operation, Operation::Protect { .. }) {
                loop {
                    thread::sleep(DEADLINE);
                }
            }
            match implementation.apply(operation) {
                Outcome::Done(Effect::Value(Stamp(value @ 1..))) => {
                    thread::sleep(DEADLINE / 12);
                    Outcome::Done(Effect::Value(Stamp(value ^ 1)))
                }
                answer @ (Outcome::Done(_) | Outcome::Refused(_) | Outcome::Stuck) => answer,
            }
        }))
    };
    Cli::new(CommandLine::new(Only::new("busy", build)).deadline(DEADLINE)).main()
}
