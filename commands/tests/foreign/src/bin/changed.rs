//! A program whose subject reads another value than was written. Where there is a file `changed` it does so in later spaces only, and where
//! there is a file `endless` it reads for ever.

use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use stalemap_commands::{Cli, CommandLine, Only};
use stalemap_foreign::{Altered, Done};
use stalemap_implementation::Implementation;
use stalemap_operations::{Effect, Machine, Operation, Outcome, Space, Stamp, Subject as _};

/// How long an execution may take: less than ten seconds, so that tests do not wait as long.
const DEADLINE: Duration = Duration::from_secs(2);

fn wrong(implementation: &mut Implementation, operation: Operation) -> Outcome {
    match implementation.apply(operation) {
        Outcome::Done(Effect::Value(Stamp(value @ 1..))) => Outcome::Done(Effect::Value(Stamp(value ^ 1))),
        answer @ (Outcome::Done(_) | Outcome::Refused(_) | Outcome::Stuck) => answer,
    }
}

fn wrong_in_later_spaces(implementation: &mut Implementation, operation: Operation) -> Outcome {
    match operation.first_place() {
        Some((Space(1..), _)) => wrong(implementation, operation),
        Some(_) | None => implementation.apply(operation),
    }
}

fn endless(_: &mut Implementation, _: Operation) -> Outcome {
    loop {
        thread::sleep(DEADLINE);
    }
}

fn main() -> ExitCode {
    let files: [(&str, Done); 2] = [("changed", wrong_in_later_spaces), ("endless", endless)];
    let done = files.into_iter().find(|(file, _)| Path::new(file).exists()).map_or(wrong as Done, |(_, done)| done);
    let build = move |machine: &Machine| Ok(Altered::new(machine, "read", done));
    Cli::new(CommandLine::new(Only::new("changed", build)).deadline(DEADLINE)).main()
}
