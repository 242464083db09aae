//! `stalemap fuzz`: a campaign of the native generator, or of an engine that keeps a corpus.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use stalemap_commands::Ending;
use stalemap_commands::fuzz::{self, FuzzArguments};

use crate::catalogue::{Choice, Line};

/// What makes executions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum EngineName {
    /// Our own generator: nothing to install, the fastest, a run can be repeated.
    #[default]
    Native,
    /// libFuzzer, by cargo-fuzz: keeps what meets something new and goes on from it.
    Libfuzzer,
    /// AFL++, by cargo-afl: likewise.
    Afl,
}

/// Fuzz: generate operation sequences and compare both sides, until time or runs are over, or Ctrl-C
#[derive(Debug, Args)]
#[command(after_help = "\
The same seed, machine and operations give the same executions and the same findings, whatever the number of jobs. \
Each finding is minimised with everything compared after each step, and kept; those that say the same are one.

Examples:
  stalemap fuzz --seconds 60
  stalemap fuzz --runs 100000 --seed 7 --levels 2-3
  stalemap fuzz --only map,write,fork,unmap --machine \"ram=4 spaces=2 pages=4\"
  stalemap fuzz --seconds 3600 --known known-signatures.txt --out nightly
  stalemap fuzz --engine libfuzzer --seconds 60
  stalemap fuzz --engine afl --shared /mnt/inputs --out one    on each of several machines
  stalemap fuzz --max-findings 1                   until the first finding

The engines libfuzzer and afl run inside a clone of stalemap. What they need from the package registry is built into the \
target folder at the first use; a C++ compiler must be there. They begin with the traces of corpus/ and keep what meets \
something new in fuzz/corpus/TARGET. --levels 0-4 is their target lockstep, 0 is frames, 1-3 is migration. With --subject \
linux-6.12-native the target is kernel, and what the kernel passes of its own code is the coverage (`stalemap linux build --native \
--coverage` builds that kernel).")]
pub(crate) struct FuzzCommand {
    /// What makes executions
    #[arg(long, value_enum, default_value_t)]
    engine: EngineName,
    /// Let the engine begin with no input and keep nothing, instead of with what the corpus has
    #[arg(long)]
    from_nothing: bool,
    /// Share inputs in this folder with campaigns of other processes, machines and engines, and go on where this one was
    #[arg(long, value_name = "FOLDER", conflicts_with = "from_nothing")]
    shared: Option<PathBuf>,
    /// What this campaign is called in the shared folder; the name of the machine where none is given
    #[arg(long, value_name = "NAME", requires = "shared")]
    name: Option<String>,
    /// Let afl run a target that does nothing: the benchmark measures what the engine itself costs
    #[arg(long, hide = true)]
    empty: bool,
    #[command(flatten)]
    campaign: FuzzArguments<Choice>,
}

pub(crate) fn fuzz(line: &Line, arguments: &FuzzCommand) -> Result<Ending> {
    let FuzzCommand { from_nothing, empty, ref campaign, ref shared, ref name, .. } = *arguments;
    match arguments.engine {
        EngineName::Native => {
            ensure!(!from_nothing, "--from-nothing is for the engines that keep a corpus; native has none");
            ensure!(
                shared.is_none(),
                "--shared is for the engines that keep a corpus; machines share a native campaign by --shard"
            );
            fuzz::fuzz(line, campaign)
        }
        #[cfg(unix)]
        EngineName::Libfuzzer | EngineName::Afl => {
            use crate::engine::{self, EngineCampaign};
            use stalemap_engines::Engine;

            let engine = if arguments.engine == EngineName::Afl { Engine::Afl } else { Engine::Libfuzzer };
            let (shared, name) = (shared.as_deref(), name.as_deref());
            engine::fuzz(&EngineCampaign { line, engine, from_nothing, empty, shared, name, campaign })
        }
        #[cfg(not(unix))]
        EngineName::Libfuzzer | EngineName::Afl => {
            let _ = (empty, name);
            anyhow::bail!("libfuzzer and afl need a Unix; use --engine native")
        }
    }
}
