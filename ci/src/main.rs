//! The program that continuous integration runs: the stages, one after the other, until one fails.

mod context;
mod stages;

use std::env;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::Parser;
use clap::builder::PossibleValuesParser;

use context::{Context, Options};
use stages::{STAGES, Stage};

/// A stage failed.
const FAILED: u8 = 1;

/// No stage could be run: a wrong argument, or no workspace here. (clap ends with the same number.)
const TROUBLE: u8 = 2;

/// Runs what continuous integration runs.
#[derive(Parser)]
#[command(name = "stalemap-ci", after_help = AFTER_HELP)]
struct Arguments {
    /// The stages to run, in this order; without any, all that run by default
    #[arg(value_name = "STAGE", value_parser = PossibleValuesParser::new(STAGES.iter().map(|stage| stage.name)))]
    stages: Vec<String>,
    /// List the stages and what each does, and run none
    #[arg(long, conflicts_with = "stages")]
    list: bool,
    /// A source or a folder that the stage `mutants` changes, as a path from the root; without any, all of its crates
    #[arg(long = "source", value_name = "PATH")]
    sources: Vec<String>,
    /// The stage `mutants` writes what earlier runs came to, interrupted ones too, and runs no more
    #[arg(long)]
    known: bool,
    /// The stage `mutants` asks only tests that take at most so many seconds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    test_seconds: Option<u64>,
    /// How many tests the stage `mutants` runs at once, instead of one for each processor
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// How long the stages that fuzz give each campaign or target, instead of their own time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    seconds: Option<u64>,
    /// The stage `nightly` runs with this seeded bug, and passes if it finds and reports it
    #[arg(long, value_name = "NAME")]
    bug: Option<String>,
}

const AFTER_HELP: &str = "\
Examples:
  cargo run -q -p stalemap-ci                      everything that a change must pass
  cargo run -q -p stalemap-ci -- arrows tidy       two stages
  cargo run -q -p stalemap-ci -- --list            what there is
  cargo run -q -p stalemap-ci -- smoke --seconds 10
  cargo run -q -p stalemap-ci -- nightly --bug stale_mapping --seconds 20
  cargo run -q -p stalemap-ci -- mutants --source reference/src/fault.rs

Exit codes: 0 every stage passed, 1 a stage failed, 2 no stage could be run.";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list {
        list();
        return ExitCode::SUCCESS;
    }
    match run(arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FAILED),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(TROUBLE)
        }
    }
}

fn list() {
    let width = STAGES.iter().map(|stage| stage.name.len()).max().unwrap_or(0);
    for stage in STAGES {
        let when = if stage.by_default { "always" } else { "named " };
        println!("{:width$}  {when}  {}", stage.name, stage.meaning);
    }
}

/// Did all stages pass? Nothing runs after the first that fails.
fn run(arguments: Arguments) -> Result<bool> {
    let folder = env::current_dir().context("the current folder cannot be found")?;
    let Arguments { stages, sources, known, test_seconds, jobs, seconds, bug, .. } = arguments;
    let context = Context::new(&folder, Options { sources, only_known: known, test_seconds, jobs, seconds, bug })?;
    let chosen: Vec<&Stage> = if stages.is_empty() {
        STAGES.iter().filter(|stage| stage.by_default).collect()
    } else {
        stages.iter().filter_map(|name| STAGES.iter().find(|stage| stage.name == name)).collect()
    };
    let start = Instant::now();
    for (number, stage) in (1..).zip(&chosen) {
        println!("== {} ({number} of {}): {}", stage.name, chosen.len(), stage.meaning);
        if !passes(stage, &context) {
            return Ok(false);
        }
    }
    println!("== all {} stages passed in {:.1} s", chosen.len(), start.elapsed().as_secs_f64());
    Ok(true)
}

fn passes(stage: &Stage, context: &Context) -> bool {
    let start = Instant::now();
    let result = (stage.run)(context);
    let seconds = start.elapsed().as_secs_f64();
    let Stage { name, .. } = stage;
    match &result {
        Ok(()) => println!("== {name} passed in {seconds:.1} s"),
        Err(error) => {
            eprintln!("== {name} FAILED after {seconds:.1} s: {error:#}");
            eprintln!("   run it alone with: cargo run -q -p stalemap-ci -- {name}");
        }
    }
    result.is_ok()
}
