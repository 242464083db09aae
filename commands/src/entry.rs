//! The program of one subject: all commands, and the functions that a `main` calls.

use std::process::ExitCode;
use std::sync::LazyLock;

use anyhow::Result;
use clap::{Args, Command, FromArgMatches, Subcommand};
use stalemap_harness::Build;
use stalemap_operations::record;

use crate::command_line::{CommandLine, program_name};
use crate::coverage::CoverageArguments;
use crate::determinism::DeterminismArguments;
use crate::distill::{Chosen, DistillArguments};
use crate::encode::EncodeArguments;
use crate::ending::{Ending, exit_code};
use crate::exhaust::ExhaustArguments;
use crate::fmt::FmtArguments;
use crate::fuzz::FuzzArguments;
use crate::merge::MergeArguments;
use crate::minimize::MinimizeArguments;
use crate::ops::OpsArguments;
use crate::overview::StatusArguments;
use crate::run::RunArguments;
use crate::seeds::SeedsArguments;
use crate::subjects::{Only, Subjects};
use crate::{
    coverage, determinism, distill, encode, exhaust, fmt, fuzz, interrupt, merge, minimize, ops, overview, run, seeds,
};

/// The program for the subject that this builds: parses the arguments of the process, does what they ask for, and gives the
/// exit code (0 both sides agree, 1 a divergence, 2 trouble, 130 interrupted). Reports name the subject as the program.
pub fn main(build: impl Build + Clone + Send + Sync + 'static) -> ExitCode {
    Cli::new(CommandLine::new(Only::new(program_name(), build))).main()
}

/// The version of Stalemap and of the records that it writes.
#[must_use]
pub fn version() -> &'static str {
    static VERSION: LazyLock<String> =
        LazyLock::new(|| format!("{} (record format {})", env!("CARGO_PKG_VERSION"), record::FORMAT));
    &VERSION
}

/// A program that has these commands and no others.
#[derive(Clone, Debug)]
pub struct Cli<S> {
    line: CommandLine<S>,
}

/// The commands, in the order of the help.
#[derive(Debug, Subcommand)]
enum AnyCommand<C: Args> {
    Fuzz(FuzzArguments<C>),
    Run(RunArguments<C>),
    Minimize(MinimizeArguments<C>),
    Merge(MergeArguments),
    Status(StatusArguments),
    Fmt(FmtArguments),
    Encode(EncodeArguments),
    Seeds(SeedsArguments),
    Distill(DistillArguments),
    Coverage(CoverageArguments),
    Ops(OpsArguments),
    CheckDeterminism(DeterminismArguments),
    Exhaust(ExhaustArguments<C>),
    /// Serve the campaign that has started this process
    #[command(hide = true)]
    Worker(C),
}

impl<S: Subjects> Cli<S> {
    /// The program that was called so.
    pub fn new(line: CommandLine<S>) -> Self {
        Cli { line }
    }

    /// Does what the arguments ask for; ends the process where they are wrong or ask for help.
    pub fn main(self) -> ExitCode {
        let matches = self.command().get_matches_from([&self.line.name().into()].into_iter().chain(self.line.words()));
        match AnyCommand::from_arg_matches(&matches) {
            Ok(command) => exit_code(self.run(&command)),
            Err(error) => error.exit(),
        }
    }

    fn run(&self, command: &AnyCommand<S::Choice>) -> Result<Ending> {
        interrupt::listen(|| ())?;
        stalemap_harness::quiet_panics();
        let line = &self.line;
        match command {
            AnyCommand::Fuzz(arguments) => fuzz::fuzz(line, arguments),
            AnyCommand::Run(arguments) => run::run(line, arguments),
            AnyCommand::Minimize(arguments) => minimize::minimize(line, arguments),
            AnyCommand::Merge(arguments) => merge::merge(arguments),
            AnyCommand::Status(arguments) => overview::status(arguments),
            AnyCommand::Fmt(arguments) => fmt::fmt(arguments),
            AnyCommand::Encode(arguments) => encode::encode(arguments),
            AnyCommand::Seeds(arguments) => seeds::seeds(arguments),
            AnyCommand::Distill(arguments) => distill::distill(line, arguments, |_| Ok(Chosen::default())),
            AnyCommand::Coverage(arguments) => coverage::coverage(line, arguments),
            AnyCommand::Ops(arguments) => ops::ops(arguments),
            AnyCommand::CheckDeterminism(arguments) => determinism::check(line, arguments, None),
            AnyCommand::Exhaust(arguments) => exhaust::exhaust(line, arguments),
            AnyCommand::Worker(choice) => line.subjects().serve(choice),
        }
    }

    /// The arguments as clap knows them. Examples are those of `stalemap`, and name this program instead.
    fn command(&self) -> Command {
        let name = self.line.name().to_string();
        let command = Command::new(name.clone())
            .about("Fuzzing and differential testing beside the reference of Stalemap")
            .version(format!("with stalemap {}", version()))
            .subcommand_required(true)
            .arg_required_else_help(true)
            .after_help(EXIT_CODES);
        let command = AnyCommand::<S::Choice>::augment_subcommands(command);
        let renamed = command.mut_subcommands(|command| {
            let help =
                command.get_after_help().map(|help| help.to_string().replace("  stalemap ", &format!("  {name} ")));
            match help {
                Some(help) => command.after_help(help),
                None => command,
            }
        });
        renamed.propagate_version(true)
    }
}

const EXIT_CODES: &str =
    "Exit codes: 0 both sides agree, 1 a divergence, 2 trouble, 130 interrupted without a finding.";
