//! The command line: commands, options, and what stands in their help.

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use stalemap_harness::Compare;
use stalemap_operations::{Kind, KindSet, Machine, TABLE, Trace, record};

#[cfg(feature = "seeded-bugs")]
use crate::bugs::BugsArguments;
use crate::coverage::CoverageArguments;
use crate::determinism::DeterminismArguments;
use crate::distill::DistillArguments;
use crate::exhaust::ExhaustArguments;
use crate::export::ExportArguments;
use crate::linux::LinuxArguments;
use crate::ops::OpsArguments;
use crate::seeds::SeedsArguments;
use crate::subject::Choice;
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
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Fuzz(FuzzArguments),
    Run(RunArguments),
    Minimize(MinimizeArguments),
    Fmt(FmtArguments),
    Encode(EncodeArguments),
    Seeds(SeedsArguments),
    Distill(DistillArguments),
    Coverage(CoverageArguments),
    /// Say what is there for each engine, what is missing, and the command that mends it
    ///
    /// Ends with 2 if libfuzzer or afl cannot run.
    #[cfg(unix)]
    Doctor,
    Ops(OpsArguments),
    CheckDeterminism(DeterminismArguments),
    Exhaust(ExhaustArguments),
    Triage(TriageArguments),
    Export(ExportArguments),
    Linux(LinuxArguments),
    #[cfg(feature = "seeded-bugs")]
    Bugs(BugsArguments),
}

/// Who makes executions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// Our own generator: nothing to install, the fastest, a run can be repeated.
    #[default]
    Native,
    /// libFuzzer, by cargo-fuzz: keeps what meets something new and goes on from it.
    Libfuzzer,
    /// AFL++, by cargo-afl: likewise.
    Afl,
}

impl Engine {
    /// Its word on the command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Engine::Native => "native",
            Engine::Libfuzzer => "libfuzzer",
            Engine::Afl => "afl",
        }
    }
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON value.
    Json,
    /// JUnit's XML, for continuous integration.
    Junit,
}

/// How much is compared after each step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Amount {
    /// Digests of what both sides touched, and everything at the end.
    #[default]
    Touched,
    /// Everything, and the subject's own recount: many times slower, and sees what no digest shows.
    Full,
}

impl Amount {
    /// As the harness has it.
    pub(crate) fn compare(self) -> Compare {
        match self {
            Amount::Touched => Compare::Touched,
            Amount::Full => Compare::Everything,
        }
    }
}

/// Fuzz: generate operation sequences and compare both sides, until time, runs or patience are over
#[derive(Debug, Args)]
#[command(after_help = "\
The same seed, machine and operations give the same executions and the same findings, whatever the number of jobs.
Each finding is minimised with everything compared after each step, and kept; those that say the same are one.

Examples:
  stalemap fuzz --seconds 60
  stalemap fuzz --runs 100000 --seed 7 --levels 2-3
  stalemap fuzz --only map,write,fork,unmap --machine \"ram=4 spaces=2 pages=4\"
  stalemap fuzz --seconds 3600 --known known-signatures.txt --out nightly
  stalemap fuzz --engine libfuzzer --seconds 60
  stalemap fuzz --max-findings 1                   until the first finding

The engines libfuzzer and afl run inside a clone of stalemap. What they need from the package registry is built into the
target folder at the first use; a C++ compiler must be there. They begin with the traces of corpus/ and keep what meets
something new in fuzz/corpus/TARGET. --levels 0-3 is their target lockstep, 0 is frames, 1-3 is migration.")]
pub(crate) struct FuzzArguments {
    /// Who makes executions
    #[arg(long, value_enum, default_value_t)]
    pub(crate) engine: Engine,
    /// Let the engine begin with no input and keep nothing, instead of with what the corpus has
    #[arg(long)]
    pub(crate) from_nothing: bool,
    /// Let afl run a target that does nothing: the benchmark asks what the engine itself costs
    #[arg(long, hide = true)]
    pub(crate) empty: bool,
    /// End after this many seconds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) seconds: Option<u64>,
    /// End after this many executions
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) runs: Option<u64>,
    /// End with this many findings, each of another signature
    #[arg(long, alias = "finds", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_findings: Option<u32>,
    /// Seed of the campaign; one is drawn and printed where none is given
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,
    /// Executions that run at the same time; as many as there are cores where none is given
    #[arg(long, value_name = "J", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) jobs: Option<u32>,
    /// The most operations in an execution
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=Trace::MOST_STEPS as i64))]
    pub(crate) ops: u32,
    /// Levels whose operations occur: 0 frames, 1 address space, 2 devices and migration, 3 pins and holds
    #[arg(long, value_name = "LEVELS", default_value = "0-3", value_parser = levels)]
    pub(crate) levels: KindSet,
    /// Operations that occur, others do not
    #[arg(long, value_name = "OPERATION", value_delimiter = ',', value_parser = operation())]
    pub(crate) only: Vec<Kind>,
    /// Operations that do not occur
    #[arg(long, value_name = "OPERATION", value_delimiter = ',', value_parser = operation())]
    pub(crate) without: Vec<Kind>,
    /// The machine of every execution, as on a machine line; small ones of all sorts where none is given
    #[arg(long, value_name = "MACHINE", value_parser = machine)]
    pub(crate) machine: Option<Machine>,
    /// How much is compared after each step of an execution
    #[arg(long, value_enum, value_name = "AMOUNT", default_value_t)]
    pub(crate) compare: Amount,
    #[command(flatten)]
    pub(crate) subject: Choice,
    /// A file of signatures, one a line, that are counted and not reported
    #[arg(long, value_name = "FILE")]
    pub(crate) known: Option<PathBuf>,
    /// The folder for what is found
    #[arg(long, value_name = "DIR", default_value = "findings")]
    pub(crate) out: PathBuf,
    /// How results are printed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Replay traces, and check the answers that are written in them
#[derive(Debug, Args)]
#[command(after_help = "\
A folder stands for every trace (*.trace) and every input of a fuzzing engine below it; `-` is stdin.

Examples:
  stalemap run corpus
  stalemap run --show findings/mapping.writable@migrate-3f1a09c2.trace
  stalemap run --format junit corpus > replay.xml")]
pub(crate) struct RunArguments {
    /// Traces, inputs of fuzzing engines, or folders of them
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) subject: Choice,
    /// Print the state after each step, of both sides where they differ
    #[arg(long)]
    pub(crate) show: bool,
    /// How much is compared after each step
    #[arg(long, value_enum, value_name = "AMOUNT", default_value_t)]
    pub(crate) compare: Amount,
    /// The same as --compare full
    #[arg(long, conflicts_with = "compare")]
    pub(crate) full: bool,
    /// How results are printed
    #[arg(long, value_enum, default_value_t, conflicts_with = "show")]
    pub(crate) format: Format,
}

/// Shorten a trace that diverges, keeping its signature
#[derive(Debug, Args)]
#[command(after_help = "\
Ends with 0 when there was something to shorten. The result is 1-minimal: no operation can go, no operand can be smaller.
Ctrl-C ends it early with what was reached.

Examples:
  stalemap minimize findings/outcome.errno@read-8c22d1f0.trace -o corpus/regressions/a-device-page-is-read-back.trace
  stalemap minimize fuzz/artifacts/lockstep/crash-1f2e > small.trace")]
pub(crate) struct MinimizeArguments {
    /// A trace, or an input of a fuzzing engine; `-` is stdin
    pub(crate) file: PathBuf,
    /// How much is compared after each step
    #[arg(long, value_enum, value_name = "AMOUNT", default_value_t)]
    pub(crate) compare: Amount,
    #[command(flatten)]
    pub(crate) subject: Choice,
    /// Where the result goes; to stdout where nothing is given
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

impl RunArguments {
    /// How much is compared after each step.
    pub(crate) fn compare(&self) -> Compare {
        if self.full { Compare::Everything } else { self.compare.compare() }
    }
}

/// Print a trace in its canonical text
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stalemap fmt crash-1f2e                    an engine's input as text
  stalemap fmt --answers --write my.trace    fill in what the reference answers, in place
  stalemap fmt --check corpus                end with 1 if a trace is not canonical")]
pub(crate) struct FmtArguments {
    /// Traces, inputs of fuzzing engines, or folders of them; `-` is stdin
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(crate) paths: Vec<PathBuf>,
    /// Write nothing; list the traces that are not canonical and end with 1 if there is one
    #[arg(long, conflicts_with = "write")]
    pub(crate) check: bool,
    /// Write each text back to its file instead of to stdout
    #[arg(short, long)]
    pub(crate) write: bool,
    /// Write behind each operation what the reference answers
    #[arg(long)]
    pub(crate) answers: bool,
}

/// Turn a trace into the bytes that fuzzing engines read
#[derive(Debug, Args)]
#[command(after_help = "\
Comments and answers have no bytes; a machine with a size over 256 has none either.

Example:
  stalemap encode my.trace -o seeds/my")]
pub(crate) struct EncodeArguments {
    /// A trace; `-` is stdin
    pub(crate) file: PathBuf,
    /// Where the bytes go; to stdout where nothing is given
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// The version of the program and of the records that it writes.
fn version() -> &'static str {
    static VERSION: LazyLock<String> =
        LazyLock::new(|| format!("{} (record format {})", env!("CARGO_PKG_VERSION"), record::FORMAT));
    &VERSION
}

/// Reads an operation's word; clap names the nearest one to a wrong one.
pub(crate) fn operation() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(TABLE.iter().map(|row| row.word))
        .map(|word| Kind::by_word(&word).expect("one of the table's words"))
}

/// Reads `0-3` or `1,3`.
fn levels(text: &str) -> Result<KindSet, String> {
    let highest = TABLE.iter().map(|row| row.level).max().unwrap_or(0);
    let level = |text: &str| {
        let level = text.parse().ok().filter(|level| *level <= highest);
        level.ok_or_else(|| {
            format!("expected levels 0 to {highest} such as `2`, `0-{highest}` or `1,3`, found \"{text}\"")
        })
    };
    let mut kinds = KindSet::NONE;
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (level(first)?, level(last)?);
        if first > last {
            return Err(format!("expected the lower level first, found \"{part}\""));
        }
        let wanted = |kind: &Kind| (first..=last).contains(&kind.row().level);
        kinds = Kind::ALL.iter().copied().filter(wanted).fold(kinds, KindSet::with);
    }
    Ok(kinds)
}

/// Reads what stands on a machine line.
pub(crate) fn machine(text: &str) -> Result<Machine, String> {
    const WORD: &str = "machine ";
    if text.contains('\n') {
        return Err("a machine is one line".to_string());
    }
    let trace = Trace::parse(&format!("{WORD}{text}\n")).map_err(|mut error| {
        error.column = error.column.saturating_sub(WORD.len()).max(1);
        let sentence = error.to_string();
        let place = format!("{}:{}: ", error.line, error.column);
        format!("column {}: {}", error.column, sentence.trim_start_matches(&place))
    })?;
    Ok(trace.machine)
}
