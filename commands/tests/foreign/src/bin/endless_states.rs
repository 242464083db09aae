//! A program whose subject never answers `protect`, and whose states can be told apart.

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use stalemap_commands::{Cli, CommandLine, Only};
use stalemap_foreign::Altered;
use stalemap_operations::Machine;

/// As in `endless`.
const DEADLINE: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let build = |machine: &Machine| {
        Ok(Altered::new(machine, "protect", |_, _| {
            loop {
                thread::sleep(DEADLINE);
            }
        }))
    };
    Cli::new(CommandLine::new(Only::new("endless_states", build)).deadline(DEADLINE)).main()
}
