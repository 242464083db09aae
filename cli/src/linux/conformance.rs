//! `stalemap linux conformance`: holds the reference against real kernels and writes down what was compared.

mod kept;
mod report;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use clap::Args;
use stalemap_campaign::{Campaign, CampaignStats, Diverged, Observer, Piece, Progress};
use stalemap_commands::fuzz::cores;
use stalemap_commands::input::Inputs;
use stalemap_commands::interrupt::interrupted;
use stalemap_commands::status::Status;
use stalemap_commands::{Ending, output};
use stalemap_harness::{Compare, Driver};
use stalemap_linux::{Cache, Kernels, Target, Version, Way};
use stalemap_operations::{Program, Trace};

use self::kept::{Build, Corpus, Kept, Part, Signatures};
use super::which::chosen;

/// Hold the reference against the kernel, on the corpus and on generated executions, and write the report
#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    after_help = "\
The executions of a seed are numbered, and a run goes on behind those that earlier runs have done with the same kernel, seed \
and length; Ctrl-C, a signal or a power cut loses some seconds of work at the most. What an earlier build has done counts too where \
the kernel's own code is the same and only our agent has changed; it is told apart in the report.

The report is of all that the folder of --state keeps, whichever versions this run has asked.

Examples:
  stalemap linux conformance --version 6.12 --runs 0 --native-runs 1000000
  stalemap linux conformance --runs 3000 --native-runs 1000000 --state ci/conformance
  stalemap linux conformance --kept --state ci/conformance"
)]
pub(super) struct ConformanceArguments {
    /// The kernel's version; each that there is where none is given
    #[arg(long, value_name = "VERSION")]
    version: Option<Version>,
    /// Executions of each version in the virtual machine, those included that earlier runs have done with the same build
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    runs: u64,
    /// Executions of each version as a native process, likewise; it does some hundred times as many in the same time
    #[arg(long, value_name = "N", default_value_t = 0)]
    native_runs: u64,
    /// Executions of native 7.3 on machines with huge pages, as many with huge pages of four pages as with those of eight
    #[arg(long, value_name = "N", default_value_t = 0)]
    huge_runs: u64,
    /// Executions in the virtual machine on machines with huge pages, likewise; a part of a huge page of x86 stands for a page
    #[arg(long, value_name = "N", default_value_t = 0)]
    scaled_runs: u64,
    /// Seed of the executions
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The most operations in an execution
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1024))]
    ops: u32,
    /// Kernels that run at once; one for each processor where nothing is given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    jobs: Option<u32>,
    /// Traces that are replayed first, or folders of them
    #[arg(long, value_name = "FILE|DIR", default_value = "corpus/spec")]
    corpus: Vec<PathBuf>,
    /// The folder for how far runs have come; one in the user's cache where none is given
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Forget what earlier runs have done
    #[arg(long)]
    afresh: bool,
    /// Ask no kernel: write the report of what is kept
    #[arg(long, conflicts_with_all = ["version", "runs", "native_runs", "huge_runs", "scaled_runs", "seed", "ops", "jobs", "corpus", "afresh"])]
    kept: bool,
    /// Where the report goes
    #[arg(long, value_name = "FILE", default_value = "CONFORMANCE.md")]
    out: PathBuf,
}

/// What may be lost of a run that is killed.
const BETWEEN_SAVES: Duration = Duration::from_secs(5);

pub(super) fn conformance(cache: &Cache, arguments: &ConformanceArguments) -> Result<Ending> {
    let folder = arguments.state.clone().unwrap_or_else(|| cache.conformance());
    if !arguments.kept {
        let ending = ask(cache, arguments, &folder)?;
        if ending != Ending::Agree {
            output::tell(format_args!("{} is not written", arguments.out.display()));
            return Ok(ending);
        }
    }
    let report = report::report(cache, arguments.state.as_deref(), &Kept::all(&folder)?)?;
    output::write_file(&arguments.out, report.as_bytes())?;
    Ok(Ending::Agree)
}

/// Asks the kernels and keeps what they came to.
fn ask(cache: &Cache, arguments: &ConformanceArguments, folder: &Path) -> Result<Ending> {
    ensure!(
        !targets(arguments).is_empty(),
        "--runs, --native-runs, --huge-runs and --scaled-runs are all 0: nothing is compared"
    );
    let mut inputs = Inputs::of(&arguments.corpus);
    let mut traces = Vec::new();
    while let Some((file, input)) = inputs.read_next()? {
        traces.push((file, input.trace));
    }
    let mut agrees = true;
    for (target, runs) in targets(arguments) {
        let kept = compare(cache, folder, target, runs, arguments, &traces, &mut inputs)?;
        let (subject, sums, differences) = (target.subject(), kept.sums(), kept.differences());
        if interrupted() {
            let done = kept.parts.last().map_or(0, |part| part.sums.executions);
            output::tell(format_args!("{subject}: {done} of {runs} executions; the same command goes on behind them"));
            return Ok(Ending::Interrupted);
        }
        output::print_line(format_args!(
            "{subject}: {} traces and {} executions, {} operations: {}",
            kept.corpus.traces,
            sums.executions,
            sums.operations,
            if differences.is_empty() { "no difference" } else { "differences" },
        ))?;
        for (signature, (count, first)) in &differences {
            output::print_line(format_args!("  {signature} ×{count}, first {first}"))?;
        }
        agrees &= differences.is_empty();
    }
    // A report of less than was asked for would not say so.
    Ok(if agrees { inputs.ending(Ending::Agree) } else { Ending::Diverge })
}

/// The kernels that are asked, each with how many executions.
fn targets(arguments: &ConformanceArguments) -> Vec<(Target, u64)> {
    let ways = [(false, arguments.runs), (true, arguments.native_runs)];
    let of = |version| ways.map(|(native, runs)| (Target::new(version, native), runs));
    let versions = chosen(arguments.version);
    let huge = Target::all().filter(|target| target.asked().huge.is_some() && versions.contains(&target.version()));
    let huge = huge.map(|target| match target.way() {
        Way::Agent => (target, arguments.huge_runs),
        Way::Guest => (target, arguments.scaled_runs),
    });
    versions.iter().flat_map(|&version| of(version)).chain(huge).filter(|&(_, runs)| runs > 0).collect()
}

/// Holds a kernel against the reference; what is kept of it. A trace that it cannot run is told and left out.
fn compare(
    cache: &Cache,
    folder: &Path,
    target: Target,
    runs: u64,
    arguments: &ConformanceArguments,
    all: &[(PathBuf, Trace)],
    inputs: &mut Inputs,
) -> Result<Kept> {
    let kernels = Kernels::cached(cache, target, 0)?;
    let path = Kept::path(folder, target.subject(), arguments.seed, arguments.ops);
    let mut kept = if arguments.afresh {
        Kept::new(target.subject(), arguments.seed, arguments.ops)
    } else {
        Kept::load(&path, target.subject(), arguments.seed, arguments.ops)?
    };
    kept.release = kernels.release()?;
    let corpus = replay(&kernels, all, inputs);
    if !interrupted() {
        kept.corpus = corpus;
    }
    generated(cache, target, kernels, kept, &path, runs, arguments)
}

/// Replays the traces that the kernel can run.
fn replay(kernels: &Kernels, all: &[(PathBuf, Trace)], inputs: &mut Inputs) -> Corpus {
    let mut driver = Driver::new(kernels.clone());
    let mut corpus = Corpus::default();
    for (file, trace) in all {
        let able = trace.operations().filter(|operation| kernels.asked().can(operation.kind())).count();
        if able == 0 || interrupted() || !kernels.asked().has_pages_of(&trace.machine) {
            continue;
        }
        let run = match driver.run_trace(trace, Compare::Everything) {
            Ok(run) => run,
            Err(sentence) => {
                inputs.tell(&anyhow!(sentence).context(file.display().to_string()));
                continue;
            }
        };
        corpus.traces += 1;
        corpus.operations += able;
        if let Some(divergence) = run.divergence {
            let place = file.display().to_string();
            corpus.differences.entry(divergence.signature().to_string()).or_insert((0, place)).0 += 1;
        }
    }
    corpus
}

/// Runs so many generated executions, those included that earlier runs of this build have done.
fn generated(
    cache: &Cache,
    target: Target,
    kernels: Kernels,
    mut kept: Kept,
    path: &Path,
    runs: u64,
    arguments: &ConformanceArguments,
) -> Result<Kept> {
    let settings = kernels.settings(arguments.ops as usize);
    kept.begin(&Build::of(cache, target), kept::first(arguments.seed, settings.clone()));
    let all = kept.sums().executions;
    if all > 0 {
        output::tell(format_args!("{}: {all} executions are done ({})", target.subject(), path.display()));
    }
    let part = last(&mut kept);
    let (next, end, before) = (part.next(), part.begin + runs, part.sums.clone());
    let mut progress = Progressing {
        path,
        before,
        kept,
        written: Instant::now(),
        unsaved: Signatures::new(),
        failure: None,
        driver: Driver::new(kernels.clone()),
        status: Status::new(),
    };
    if next < end && !interrupted() {
        let campaign = Campaign::new(kernels)
            .seed(arguments.seed)
            .begin(next)
            .jobs(arguments.jobs.unwrap_or_else(cores))
            .settings(settings)
            .runs(end)
            .stop_when(interrupted);
        let done = campaign.run(&mut progress);
        progress.status.clear();
        progress.note(match &done {
            Ok(stats) => stats,
            Err(error) => &error.stats,
        });
        done?;
    }
    progress.kept.save(path)?;
    progress.failure.map_or(Ok(progress.kept), Err)
}

/// The part of the build that runs.
fn last(kept: &mut Kept) -> &mut Part {
    kept.parts.last_mut().expect("a build has begun")
}

/// Notes what is done, what differs, and keeps both.
struct Progressing<'a> {
    path: &'a Path,
    /// What earlier runs of this build have met.
    before: Piece,
    kept: Kept,
    /// When the file was written.
    written: Instant,
    /// Differences of executions that are not among those that were done one after the other.
    unsaved: Signatures,
    /// Why the file could not be written.
    failure: Option<anyhow::Error>,
    /// Knows the machine that the kernel is.
    driver: Driver,
    status: Status,
}

impl Observer for Progressing<'_> {
    fn diverged(&mut self, diverged: Diverged) -> ControlFlow<()> {
        let place = format!("seed {}, execution {}", self.kept.seed, diverged.index);
        let signature = diverged.divergence.signature().to_string();
        if !self.unsaved.contains_key(&signature) && !self.kept.differences().contains_key(&signature) {
            let Program { machine, operations } = diverged.program;
            // A kernel has rules of its own, and more RAM.
            let machine = self.driver.machine_of(&machine).unwrap_or(machine);
            let trace = Trace::from(Program { machine, operations });
            self.status.aside(|| output::tell(format_args!("{signature}, {place}:\n{trace}")));
        }
        self.unsaved.entry(signature).or_insert((0, place)).0 += 1;
        if self.failure.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn progress(&mut self, _: &Progress) {
        let Kept { subject, parts, .. } = &self.kept;
        let (done, differences) = parts.last().map_or((0, 0), |it| (it.sums.executions, it.differences.len()));
        self.status.show(|| format!("{subject}: {done} executions, {differences} signatures differ"));
    }

    fn checkpoint(&mut self, stats: &CampaignStats) {
        self.note(stats);
        if self.failure.is_none() && self.written.elapsed() > BETWEEN_SAVES {
            self.failure = self.kept.save(self.path).err();
            self.written = Instant::now();
        }
    }
}

impl Progressing<'_> {
    /// What this run has come to; all that differed in it was reported.
    fn note(&mut self, stats: &CampaignStats) {
        let part = last(&mut self.kept);
        for (signature, (count, first)) in std::mem::take(&mut self.unsaved) {
            part.differences.entry(signature).or_insert((0, first)).0 += count;
        }
        part.go_on(&self.before, stats);
    }
}
