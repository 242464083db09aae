//! What is typed: `stalemap fuzz`, `run`, `minimize`, `fmt`, `encode`, `seeds`, `distill`, `coverage`, `doctor`, `ops`,
//! `exhaust`, `check-determinism` and `linux`.

mod arguments;
#[cfg(feature = "seeded-bugs")]
mod bugs;
mod coverage;
mod determinism;
mod distill;
#[cfg(unix)]
mod doctor;
mod encode;
mod ending;
#[cfg(unix)]
mod engine;
mod exhaust;
mod export;
mod findings;
mod fmt;
mod fuzz;
mod hang;
mod input;
mod interrupt;
mod linux;
mod linux_conformance;
mod linux_mutants;
mod linux_record;
mod linux_try;
#[cfg(unix)]
mod minimize;
mod ops;
mod output;
mod run;
mod seeds;
mod status;
mod subject;
mod triage;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::ending::Ending;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match answer(arguments).and_then(finish) {
        Ok(ending) => ending.code(),
        // Who reads has read enough, as `head` does.
        Err(error) if output::is_broken_pipe(&error) => Ending::Trouble.code(),
        Err(error) => {
            output::complain(&error);
            Ending::Trouble.code()
        }
    }
}

/// Does what is asked for.
fn answer(arguments: Arguments) -> Result<Ending> {
    interrupt::listen()?;
    stalemap_harness::quiet_panics();
    match arguments.command {
        Command::Fuzz(arguments) => fuzz::fuzz(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Minimize(arguments) => minimize::minimize(&arguments),
        Command::Fmt(arguments) => fmt::fmt(&arguments),
        Command::Encode(arguments) => encode::encode(&arguments),
        Command::Seeds(arguments) => seeds::seeds(&arguments),
        Command::Distill(arguments) => distill::distill(&arguments),
        Command::Coverage(arguments) => coverage::coverage(&arguments),
        #[cfg(unix)]
        Command::Doctor => doctor::doctor(),
        Command::Ops(arguments) => ops::ops(&arguments),
        Command::CheckDeterminism(arguments) => determinism::check(&arguments),
        Command::Exhaust(arguments) => exhaust::exhaust(&arguments),
        Command::Triage(arguments) => triage::triage(&arguments),
        Command::Export(arguments) => export::export(&arguments),
        Command::Linux(arguments) => linux::linux(&arguments),
        #[cfg(feature = "seeded-bugs")]
        Command::Bugs(arguments) => bugs::bugs(&arguments),
    }
}

/// A result that could not be printed is trouble.
fn finish(ending: Ending) -> Result<Ending> {
    output::flush()?;
    Ok(ending)
}
