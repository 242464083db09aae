//! `stalemap bugs`: the seeded bugs, their shortest traces, and how fast and by whom they are found.

mod bench;
mod bless;
mod engine;
mod hunt;
mod minimiser;
mod oracles;
#[cfg(unix)]
mod outside;
mod page;
mod results;
mod seeded;
mod shrink;
mod table;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use stalemap_implementation::Bug;
use stalemap_operations::Trace;
use stalemap_report::style::STRONG;

use crate::ending::Ending;
use crate::ops::TableFormat;
use crate::output;
use engine::{Engine, Engines};
pub(crate) use seeded::{BuildSeeded, name};

/// List the seeded bugs, write the shortest trace of each, or measure how they are found
#[derive(Debug, Args)]
#[command(after_help = "\
A bug is reached when its faulty line ran, triggered when what that did differs from the right thing, and detected when an
oracle objected. The subject's own recount is not asked.

The engines native, uniform and proptest make executions in this process and need nothing. libfuzzer, libfuzzer-bytes
(without the mutator of operations) and afl run inside a clone of stalemap, on a target that is built once and told at its
start which bug is on; --engines all adds them, and takes hours where the others take minutes. After the bugs each engine
does as many executions again with no bug on, which must end in silence. Ctrl-C ends a measurement; the same command goes
on from its file of results.

Examples:
  stalemap bugs                                    the list
  stalemap fuzz --bug stale_mapping --seconds 10   a campaign with one of them
  stalemap bugs --bless                            find and minimise each, write corpus/bugs
  stalemap bugs --bench --seeds 10                 the table bug × engine
  stalemap bugs --bench --engines all --page corpus/bugs/README.md
  stalemap bugs --minimiser --engines native,libfuzzer --only stale_mapping")]
pub(crate) struct BugsArguments {
    /// Finding each bug with the native generator, minimise what was found, and write its trace
    #[arg(long, group = "what")]
    pub(crate) bless: bool,
    /// Measure how many executions and how much CPU time each engine needs to find each bug
    #[arg(long, group = "what")]
    pub(crate) bench: bool,
    /// Print which oracle, asked alone, catches which bug, and after how many executions
    #[arg(long, group = "what")]
    pub(crate) oracles: bool,
    /// Print how far finds of 64, 256 and 1,024 operations are shortened, in how many executions and how long, by our
    /// minimiser (native) and by those of the other engines that have one
    #[arg(long, group = "what")]
    pub(crate) minimiser: bool,
    /// Bugs to look at; all where none is given
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = name())]
    pub(crate) only: Vec<Bug>,
    /// Seeds of each engine and bug
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..), requires = "bench")]
    pub(crate) seeds: u64,
    /// Engines that look for bugs
    #[arg(long, value_name = "ENGINE", value_delimiter = ',', default_values = ["native", "uniform", "proptest"], value_parser = engine::named(), requires = "what")]
    pub(crate) engines: Vec<Engines>,
    /// CPU seconds after which an engine gives a bug up at one seed, or a peer ends minimising
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..), requires = "what")]
    pub(crate) cap: u64,
    /// Hunts that run at the same time; as many as there are cores where none is given
    #[arg(long, value_name = "J", value_parser = clap::value_parser!(u32).range(1..=1024), requires = "bench")]
    pub(crate) jobs: Option<u32>,
    /// The most operations in an execution
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=Trace::MOST_STEPS as i64))]
    pub(crate) ops: u32,
    /// The file of results, from which a measurement goes on where it was interrupted; the table goes beside it as .md
    #[arg(long, value_name = "FILE", default_value = "bugs.json", requires = "bench")]
    pub(crate) out: PathBuf,
    /// A Markdown page whose part for what is printed is written anew: from `<!-- bugs --bench -->` to `<!-- end -->`
    #[arg(long, value_name = "FILE", requires = "what", conflicts_with = "bless")]
    pub(crate) page: Option<PathBuf>,
    /// Start anew where there is a file of results: those of another state of the program mean nothing
    #[arg(long, requires = "bench")]
    pub(crate) fresh: bool,
    /// The folder for the traces
    #[arg(long, value_name = "DIR", default_value = "corpus/bugs", requires = "bless")]
    pub(crate) corpus: PathBuf,
    /// How the list is printed
    #[arg(long, value_enum, default_value_t, conflicts_with = "what")]
    pub(crate) format: TableFormat,
}

impl BugsArguments {
    /// The engines that are asked for, in the order of the list.
    fn engines(&self) -> Vec<Engine> {
        let mut engines: Vec<Engine> = self.engines.iter().flat_map(|named| named.0).copied().collect();
        engines.sort_unstable();
        engines.dedup();
        engines
    }

    /// The bugs that are asked for, in the order of the list.
    fn bugs(&self) -> Vec<Bug> {
        Bug::ALL.iter().copied().filter(|bug| self.only.is_empty() || self.only.contains(bug)).collect()
    }
}

pub(crate) fn bugs(arguments: &BugsArguments) -> Result<Ending> {
    if arguments.bless {
        bless::bless(arguments)
    } else if arguments.bench {
        bench::bench(arguments)
    } else if arguments.oracles {
        oracles::oracles(arguments)
    } else if arguments.minimiser {
        minimiser::minimiser(arguments)
    } else {
        list(arguments)
    }
}

/// A bug as JSON.
#[derive(Serialize)]
struct Listed {
    name: &'static str,
    about: &'static str,
}

fn list(arguments: &BugsArguments) -> Result<Ending> {
    let bugs = arguments.bugs();
    match arguments.format {
        TableFormat::Json => {
            let listed: Vec<Listed> =
                bugs.iter().map(|bug| Listed { name: bug.name(), about: bug.about().trim() }).collect();
            output::print_line(serde_json::to_string_pretty(&listed)?)?;
        }
        TableFormat::Text => {
            for bug in bugs {
                output::print_line(format_args!("{STRONG}{}{STRONG:#}", bug.name()))?;
                output::print_line(format_args!("    {}\n", bug.about().trim()))?;
            }
        }
    }
    Ok(Ending::Agree)
}
