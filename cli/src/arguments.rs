//! The command line: commands, options, and what stands in their help.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use stalemap_linux::{Fault, Version};
use stalemap_operations::{Kind, KindSet, Machine, TABLE, Trace, record};

#[cfg(feature = "seeded-bugs")]
use crate::bugs::BugsArguments;
use crate::exhaust::ExhaustArguments;
use crate::subject::Choice;

/// Fuzzing and differential testing for memory management code that moves pages.
///
/// Operation sequences drive a simple reference and an optimised page allocator side by side. Everything that can be
/// seen is compared after every step; the first difference is shortened to a few lines that can be replayed.
#[derive(Debug, Parser)]
#[command(name = "stalemap", version = version(), propagate_version = true, after_help = "\
Exit codes: 0 both sides agree, 1 a divergence, 2 trouble, 130 interrupted without a find.

Examples:
  stalemap fuzz --seconds 60           fuzz for a minute, keep what is found in finds/
  stalemap run corpus                  replay every trace below a folder
  stalemap run --show finds/X.trace    the state of both sides after each step
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
    Blame(BlameArguments),
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

/// Fuzz: generate operation sequences and compare both sides, until time, runs or patience are over
#[derive(Debug, Args)]
#[command(after_help = "\
The same seed, machine and operations give the same executions and the same finds, whatever the number of jobs.
Of each signature the first find is minimised and kept.

Examples:
  stalemap fuzz --seconds 60
  stalemap fuzz --runs 100000 --seed 7 --levels 2-3
  stalemap fuzz --only map,write,fork,unmap --machine \"ram=4 spaces=2 pages=4\"
  stalemap fuzz --seconds 3600 --known known-signatures.txt --out nightly
  stalemap fuzz --engine libfuzzer --seconds 60

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
    /// End after this many seconds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) seconds: Option<u64>,
    /// End after this many executions
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) runs: Option<u64>,
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
    #[command(flatten)]
    pub(crate) subject: Choice,
    /// A file of signatures, one a line, that are counted and not reported
    #[arg(long, value_name = "FILE")]
    pub(crate) known: Option<PathBuf>,
    /// The folder for what is found
    #[arg(long, value_name = "DIR", default_value = "finds")]
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
  stalemap run --show finds/mapping.writable@migrate-3f1a09c2.trace
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
    /// Compare everything after each step, and let the subject recount itself
    #[arg(long)]
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
  stalemap minimize finds/outcome.errno@read-8c22d1f0.trace -o corpus/regressions/a-device-page-is-read-back.trace
  stalemap minimize fuzz/artifacts/lockstep/crash-1f2e > small.trace")]
pub(crate) struct MinimizeArguments {
    /// A trace, or an input of a fuzzing engine; `-` is stdin
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) subject: Choice,
    /// Where the result goes; to stdout where nothing is given
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
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

/// Write the inputs that a fuzzing engine begins with
#[derive(Debug, Args)]
#[command(after_help = "\
Each trace that has bytes becomes a file named by their SHA-1, as libFuzzer names what it keeps. The target trace_text
reads the traces themselves.

Examples:
  stalemap seeds corpus -o fuzz/corpus/lockstep
  stalemap seeds finds corpus/regressions -o seeds")]
pub(crate) struct SeedsArguments {
    /// Traces, inputs of fuzzing engines, or folders of them
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(crate) paths: Vec<PathBuf>,
    /// The folder for the seeds
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
}

/// Keep the smallest set of inputs that meets what all of them meet
#[derive(Debug, Args)]
#[command(after_help = "\
What is met are transitions (operation, state before, outcome) and, with --edges, edges of the built libFuzzer target.
Traces stay as they are, other inputs are named by the SHA-1 of their bytes. Inputs that diverge are left out.

Examples:
  stalemap distill fuzz/corpus/lockstep -o small
  stalemap distill --edges fuzz/corpus/lockstep corpus -o nightly")]
pub(crate) struct DistillArguments {
    /// Traces, inputs of fuzzing engines, or folders of them
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(crate) paths: Vec<PathBuf>,
    /// The folder for those that are kept; it must be empty or not there
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Keep what meets the same edges too, where `stalemap fuzz --engine libfuzzer` has built the target
    #[arg(long)]
    pub(crate) edges: bool,
}

/// Show which transitions inputs meet and never meet, and which lines of both sides they reach
#[derive(Debug, Args)]
#[command(after_help = "\
Lines are counted by cargo-llvm-cov with the LLVM that Rust was built with; `stalemap doctor` says whether both are there.

Examples:
  stalemap coverage corpus
  stalemap coverage corpus --runs 100000 --never
  stalemap coverage corpus --lines")]
pub(crate) struct CoverageArguments {
    /// Traces, inputs of fuzzing engines, or folders of them
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(crate) paths: Vec<PathBuf>,
    /// Generated executions beside them
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) runs: u64,
    /// Seed of the generated executions
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// List the transitions that were never met
    #[arg(long)]
    pub(crate) never: bool,
    /// Count the lines of reference and implementation that the inputs reach
    #[arg(long)]
    pub(crate) lines: bool,
}

/// Print the table of operations with their meaning
#[derive(Debug, Args)]
pub(crate) struct OpsArguments {
    /// Operations to print; all where none is given
    #[arg(value_name = "OPERATION", value_parser = operation())]
    pub(crate) only: Vec<Kind>,
    /// How the table is printed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: TableFormat,
}

/// How a table is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON value.
    Json,
}

/// Check that a trace gives one result: twice in one process, and in a second process
#[derive(Debug, Args)]
#[command(after_help = "\
Everything that both sides answer and show after every step goes into one digest.

Examples:
  stalemap check-determinism corpus
  stalemap check-determinism --runs 10000 --seed 3")]
pub(crate) struct DeterminismArguments {
    /// Traces, inputs of fuzzing engines, or folders of them
    #[arg(value_name = "FILE|DIR")]
    pub(crate) paths: Vec<PathBuf>,
    /// Generated executions to check beside them; 1000 where neither these nor paths are given
    #[arg(long, value_name = "N")]
    pub(crate) runs: Option<u64>,
    /// Seed of the generated executions
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Print the digest of each item and compare nothing: what the second process does
    #[arg(long, hide = true)]
    pub(crate) digests: bool,
}

/// Run a trace on reference, implementation and the kernel whose rules it has, and say who stands alone
#[derive(Debug, Args)]
#[command(after_help = "\
The kernel is asked where it is built (`stalemap linux build`). 0 if all agree, 1 if somebody stands alone.

Example:
  stalemap blame finds/mapping.writable@migrate-3f1a09c2.trace")]
pub(crate) struct BlameArguments {
    /// A trace, or an input of a fuzzing engine; `-` is stdin
    pub(crate) file: PathBuf,
    /// A fault that is switched on in the kernel
    #[arg(long, value_name = "NAME", value_parser = Fault::by_name)]
    pub(crate) fault: Option<Fault>,
}

/// Print a trace as a program that stands alone
#[derive(Debug, Args)]
#[command(after_help = "\
The C program is written as the kernel's own self-tests are and prints TAP. It does what the kernel's test driver can
do; single phases, evictions, pins and holds need the requests that Stalemap's edit of the driver adds.

Examples:
  stalemap export --as c corpus/linux/mutants/stale_mapping.trace -o stale_mapping.c
  stalemap linux try stale_mapping.c --fault stale_mapping
  stalemap export --as rust finds/X.trace > tests/x.rs")]
pub(crate) struct ExportArguments {
    /// A trace, or an input of a fuzzing engine; `-` is stdin
    pub(crate) file: PathBuf,
    /// The language of the program
    #[arg(long = "as", value_name = "LANGUAGE", value_enum)]
    pub(crate) language: Language,
    /// Where the program goes; to stdout where nothing is given
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// The language of an exported program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// C for a kernel with its test driver.
    C,
    /// A Rust test of the implementation beside the reference.
    Rust,
}

/// Build and boot the real kernel, which is then a subject of its own
#[derive(Debug, Args)]
#[command(after_help = "\
The source comes from Debian's packages, gets a few edits, and is built with a small configuration; about 200 CPU
seconds and 1.7 GB the first time, nothing the second. What is built stays in the user's cache folder.

Examples:
  stalemap linux build --yes
  stalemap fuzz --subject linux-6.1 --seconds 60
  stalemap linux boot --version 6.12")]
pub(crate) struct LinuxArguments {
    #[command(subcommand)]
    pub(crate) command: LinuxCommand,
}

/// What is done with the kernel.
#[derive(Debug, Subcommand)]
pub(crate) enum LinuxCommand {
    /// Install what is missing, build the kernel and the guest
    #[command(disable_version_flag = true)]
    Build {
        /// The kernel's version; both where none is given
        #[arg(long, value_name = "VERSION")]
        version: Option<Version>,
        /// Do not ask before packages are installed
        #[arg(long)]
        yes: bool,
        /// Keep the source tree, for quick builds after a change of the edits
        #[arg(long)]
        keep_tree: bool,
    },
    /// Put known faults into the running kernel, one after the other, and see whether they are found
    #[command(disable_version_flag = true)]
    Mutants {
        /// The kernel's version
        #[arg(long, value_name = "VERSION", default_value_t)]
        version: Version,
        /// Only the fault with this name
        #[arg(long, value_name = "NAME")]
        only: Option<String>,
        /// Faults of the kernel as it is, which are hidden in all other runs, instead of mutants
        #[arg(long)]
        trophies: bool,
        /// Give up on a fault after this many executions
        #[arg(long, value_name = "N", default_value_t = 5_000)]
        runs: u64,
        /// Seed of the executions
        #[arg(long, value_name = "S", default_value_t = 1)]
        seed: u64,
        /// The most operations in an execution
        #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
        ops: u32,
        /// Minimise for at most this many seconds each
        #[arg(long, value_name = "N", default_value_t = 300)]
        seconds: u64,
        /// The folder for the minimised traces
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Hold the reference against the kernel, on the corpus and on generated executions, and write the report
    #[command(disable_version_flag = true)]
    Conformance {
        /// The kernel's version; both where none is given
        #[arg(long, value_name = "VERSION")]
        version: Option<Version>,
        /// Executions of each version
        #[arg(long, value_name = "N", default_value_t = 100_000)]
        runs: u64,
        /// Seed of the executions
        #[arg(long, value_name = "S", default_value_t = 1)]
        seed: u64,
        /// The most operations in an execution
        #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1024))]
        ops: u32,
        /// Traces that are replayed first, or folders of them
        #[arg(long, value_name = "FILE|DIR", default_value = "corpus/spec")]
        corpus: Vec<PathBuf>,
        /// Where the report goes
        #[arg(long, value_name = "FILE", default_value = "CONFORMANCE.md")]
        out: PathBuf,
    },
    /// Write down what the kernel answers and shows, so that it can be replayed without it
    #[command(disable_version_flag = true)]
    Record {
        /// The kernel's version; both where none is given
        #[arg(long, value_name = "VERSION")]
        version: Option<Version>,
        /// Traces that are recorded, or folders of them
        #[arg(long, value_name = "FILE|DIR", default_value = "corpus/spec")]
        corpus: Vec<PathBuf>,
        /// Generated executions of which those are recorded that meet something new
        #[arg(long, value_name = "N", default_value_t = 20_000)]
        runs: u64,
        /// The most of them that are recorded
        #[arg(long, value_name = "N", default_value_t = 150)]
        most: usize,
        /// Seed of the executions
        #[arg(long, value_name = "S", default_value_t = 1)]
        seed: u64,
        /// The folder for the transcripts
        #[arg(long, value_name = "DIR", default_value = "corpus/linux")]
        out: PathBuf,
    },
    /// Compile an exported C program and run it as the only process of a kernel
    #[command(disable_version_flag = true)]
    Try {
        /// The program
        file: PathBuf,
        /// The kernel's version
        #[arg(long, value_name = "VERSION", default_value_t)]
        version: Version,
        /// A fault that is switched on in the kernel
        #[arg(long, value_name = "NAME", value_parser = Fault::by_name)]
        fault: Option<Fault>,
    },
    /// Boot the kernel, for a look at its console
    #[command(disable_version_flag = true)]
    Boot {
        /// The kernel's version
        #[arg(long, value_name = "VERSION", default_value_t)]
        version: Version,
    },
}

/// The version of the program and of the records that it writes.
fn version() -> &'static str {
    const { assert!(record::FORMAT == 1, "the version below names the record format") };
    concat!(env!("CARGO_PKG_VERSION"), " (record format 1)")
}

/// Reads an operation's word; clap names the nearest one to a wrong one.
fn operation() -> impl TypedValueParser<Value = Kind> {
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
