//! The arguments of `stalemap bugs`.

use std::path::PathBuf;

use clap::Args;
use stalemap_commands::values::TableFormat;
use stalemap_implementation::Bug;
use stalemap_operations::Trace;

use super::engine::{self, Engine, Engines};
use crate::seeded;

/// List the seeded bugs, write the shortest trace of each, or measure how they are found
#[derive(Debug, Args)]
#[command(after_help = "\
A bug is reached when its faulty line ran, triggered when what that did differs from the right thing, and detected when an \
oracle has seen a mismatch. The subject's own recount is not asked.

The engines native, uniform and proptest make executions in this process and need nothing. libfuzzer, libfuzzer-bytes \
(without the mutator of operations) and afl run inside a clone of stalemap, on a target that is built once and told at its \
start which bug is on; --engines all adds them, and takes hours where the others take minutes. After the bugs each engine \
does as many executions again with no bug on, which must find nothing. Ctrl-C ends a measurement; the same command goes \
on from its file of results.

Examples:
  stalemap bugs                                    the list
  stalemap fuzz --bug stale_mapping --seconds 10   a campaign with one of them
  stalemap bugs --bless                            find and minimise each, write corpus/bugs
  stalemap bugs --bench --seeds 10                 the table bug × engine
  stalemap bugs --bench --engines all --page corpus/bugs/README.md
  stalemap bugs --shards --seeds 10
  stalemap bugs --minimiser --engines native,libfuzzer --only stale_mapping")]
pub(crate) struct BugsArguments {
    /// Find each bug with the native generator, minimise what was found, and write its trace
    #[arg(long, group = "what")]
    pub(super) bless: bool,
    /// Measure how many executions and how much CPU time each engine needs to find each bug
    #[arg(long, group = "what")]
    pub(super) bench: bool,
    /// Print which oracle, used alone, catches which bug, and after how many executions
    #[arg(long, group = "what")]
    pub(super) oracles: bool,
    /// Print how many executions each of 1, 2, 8 and 100 machines does until one of them finds each bug
    #[arg(long, group = "what")]
    pub(super) shards: bool,
    /// Print how far findings of 64, 256 and 1,024 operations are shortened, in how many executions and how long, by our
    /// minimiser (native) and by those of the other engines that have one
    #[arg(long, group = "what")]
    pub(super) minimiser: bool,
    /// Bugs to look at; all where none is given
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = seeded::name())]
    pub(super) only: Vec<Bug>,
    /// Seeds of each engine and bug, or of each number of machines
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..), requires = "what")]
    pub(super) seeds: u64,
    /// Engines that look for bugs
    #[arg(long, value_name = "ENGINE", value_delimiter = ',', default_values = ["native", "uniform", "proptest"], value_parser = engine::named(), requires = "what")]
    pub(super) engines: Vec<Engines>,
    /// CPU seconds after which an engine gives a bug up at one seed, or a peer ends minimising
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..), requires = "what")]
    pub(super) cap: u64,
    /// Hunts that run at the same time; as many as there are cores where none is given
    #[arg(long, value_name = "J", value_parser = clap::value_parser!(u32).range(1..=1024), requires = "bench")]
    pub(super) jobs: Option<u32>,
    /// The most operations in an execution
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=Trace::MOST_STEPS as i64))]
    pub(super) ops: u32,
    /// The file of results, from which a measurement goes on where it was interrupted; the table goes beside it as .md
    #[arg(long, value_name = "FILE", default_value = "bugs.json", requires = "bench")]
    pub(super) out: PathBuf,
    /// A Markdown page whose part for what is printed is written anew: from `<!-- bugs --bench -->` to `<!-- end -->`
    #[arg(long, value_name = "FILE", requires = "what", conflicts_with = "bless")]
    pub(super) page: Option<PathBuf>,
    /// Start anew where there is a file of results: those of another state of the program mean nothing
    #[arg(long, requires = "bench")]
    pub(super) fresh: bool,
    /// The folder for the traces
    #[arg(long, value_name = "DIR", default_value = "corpus/bugs", requires = "bless")]
    pub(super) corpus: PathBuf,
    /// How the list is printed
    #[arg(long, value_enum, default_value_t, conflicts_with = "what")]
    pub(super) format: TableFormat,
}

impl BugsArguments {
    /// The engines that are asked for, in the order of the list.
    pub(super) fn engines(&self) -> Vec<Engine> {
        let mut engines: Vec<Engine> = self.engines.iter().flat_map(|named| named.0).copied().collect();
        engines.sort_unstable();
        engines.dedup();
        engines
    }

    /// The bugs that are asked for, in the order of the list.
    pub(super) fn bugs(&self) -> Vec<Bug> {
        Bug::ALL.iter().copied().filter(|bug| self.only.is_empty() || self.only.contains(bug)).collect()
    }
}
