//! The commands of `stalemap`; each has its arguments in a module of its own, here or in the crate `commands`.

#[cfg(unix)]
mod bisect;
#[cfg(feature = "seeded-bugs")]
mod bugs;
mod called;
mod catalogue;
mod copies;
mod coverage;
mod determinism;
mod distill;
#[cfg(unix)]
mod doctor;
#[cfg(test)]
mod documents;
#[cfg(unix)]
mod engine;
mod export;
mod fuzz;
mod linux;
mod new;
mod report;
#[cfg(feature = "seeded-bugs")]
mod seeded;
mod serve;
mod triage;
#[cfg(not(feature = "seeded-bugs"))]
mod unseeded;
#[cfg(unix)]
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use stalemap_commands::encode::{self, EncodeArguments};
use stalemap_commands::exhaust::{self, ExhaustArguments};
use stalemap_commands::fmt::{self, FmtArguments};
use stalemap_commands::merge::{self, MergeArguments};
use stalemap_commands::minimize::{self, MinimizeArguments};
use stalemap_commands::ops::{self, OpsArguments};
use stalemap_commands::overview::{self, StatusArguments};
use stalemap_commands::run::{self, RunArguments};
use stalemap_commands::seeds::{self, SeedsArguments};
use stalemap_commands::{Ending, Subjects as _, exit_code, interrupt, version};

#[cfg(feature = "seeded-bugs")]
use crate::bugs::BugsArguments;
use crate::catalogue::Choice;
use crate::coverage::CoverageCommand;
use crate::determinism::DeterminismCommand;
use crate::distill::DistillCommand;
use crate::export::ExportArguments;
use crate::fuzz::FuzzCommand;
use crate::linux::LinuxArguments;
use crate::new::NewArguments;
use crate::report::ReportArguments;
use crate::serve::ServeArguments;
use crate::triage::TriageArguments;

/// Fuzzing and differential testing for memory management code that moves pages.
///
/// Operation sequences drive a simple reference and an optimised page allocator side by side. Everything that can be
/// seen is compared after every step; the first difference is shortened to a few lines that can be replayed.
#[derive(Debug, Parser)]
#[command(name = "stalemap", version = version(), propagate_version = true, after_help = "\
Exit codes: 0 both sides agree, 1 a divergence, 2 trouble, 130 interrupted without a finding.

Examples:
  stalemap fuzz --seconds 60           fuzz for a minute, keep what is found in findings/
  stalemap run corpus                  replay every trace below a folder
  stalemap run --show findings/X.trace    the state of both sides after each step
  stalemap minimize crash-1f2e         shorten what a fuzzing engine has kept")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// The commands, in the order of the help.
#[derive(Debug, Subcommand)]
enum Command {
    New(NewArguments),
    Fuzz(Box<FuzzCommand>),
    Run(RunArguments<Choice>),
    Minimize(MinimizeArguments<Choice>),
    Merge(MergeArguments),
    Status(StatusArguments),
    Report(ReportArguments),
    Serve(ServeArguments),
    Fmt(FmtArguments),
    Encode(EncodeArguments),
    Seeds(SeedsArguments),
    Distill(DistillCommand),
    Coverage(CoverageCommand),
    /// Say what is there for each engine, what is missing, and the command that fixes it
    ///
    /// Ends with 2 if libfuzzer or afl cannot run.
    #[cfg(unix)]
    #[command(after_help = "\
Examples:
  stalemap doctor
  stalemap doctor && stalemap fuzz --engine libfuzzer --seconds 60")]
    Doctor,
    Ops(OpsArguments),
    CheckDeterminism(DeterminismCommand),
    Exhaust(ExhaustArguments<Choice>),
    Triage(TriageArguments),
    #[cfg(unix)]
    Bisect(bisect::BisectArguments),
    Export(ExportArguments),
    Linux(LinuxArguments),
    #[cfg(feature = "seeded-bugs")]
    Bugs(BugsArguments),
    /// Say how the seeded bugs are got
    #[cfg(not(feature = "seeded-bugs"))]
    #[command(hide = true)]
    Bugs(unseeded::BugsArguments),
    /// Serve the campaign that has started this process
    #[command(hide = true)]
    Worker(Choice),
}

fn main() -> ExitCode {
    exit_code(run(Arguments::parse().command))
}

fn run(command: Command) -> Result<Ending> {
    interrupt::listen(|| {
        #[cfg(unix)]
        stalemap_engines::end_all();
        stalemap_linux::end_all();
    })?;
    stalemap_harness::quiet_panics();
    let line = &called::command_line();
    match command {
        Command::New(arguments) => new::new(&arguments),
        Command::Fuzz(arguments) => fuzz::fuzz(line, &arguments),
        Command::Run(arguments) => run::run(line, &arguments),
        Command::Minimize(arguments) => minimize::minimize(line, &arguments),
        Command::Merge(arguments) => merge::merge(&arguments),
        Command::Status(arguments) => overview::status(&arguments),
        Command::Report(arguments) => report::report(line, &arguments),
        Command::Serve(arguments) => serve::serve(line, &arguments),
        Command::Fmt(arguments) => fmt::fmt(&arguments),
        Command::Encode(arguments) => encode::encode(&arguments),
        Command::Seeds(arguments) => seeds::seeds(&arguments),
        Command::Distill(arguments) => distill::distill(line, &arguments),
        Command::Coverage(arguments) => coverage::coverage(line, &arguments),
        #[cfg(unix)]
        Command::Doctor => doctor::doctor(),
        Command::Ops(arguments) => ops::ops(&arguments),
        Command::CheckDeterminism(arguments) => determinism::check(line, &arguments),
        Command::Exhaust(arguments) => exhaust::exhaust(line, &arguments),
        Command::Triage(arguments) => triage::triage(&arguments),
        #[cfg(unix)]
        Command::Bisect(arguments) => bisect::bisect(line, &arguments),
        Command::Export(arguments) => export::export(&arguments),
        Command::Linux(arguments) => linux::linux(&arguments),
        #[cfg(feature = "seeded-bugs")]
        Command::Bugs(arguments) => bugs::bugs(line, &arguments),
        #[cfg(not(feature = "seeded-bugs"))]
        Command::Bugs(arguments) => unseeded::bugs(&arguments),
        Command::Worker(choice) => line.subjects().serve(&choice),
    }
}
