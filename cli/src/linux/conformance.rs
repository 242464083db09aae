//! `stalemap linux conformance`: holds the reference against real kernels and writes down what was compared.

mod report;
mod saved;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use clap::Args;
use stalemap_campaign::{Campaign, CampaignStats, Diverged, Observer, Progress};
use stalemap_commands::fuzz::cores;
use stalemap_commands::input::Inputs;
use stalemap_commands::interrupt::interrupted;
use stalemap_commands::status::Status;
use stalemap_commands::{Ending, output};
use stalemap_harness::{Compare, Driver};
use stalemap_linux::{Cache, Kernels, Target, Version, Way};
use stalemap_operations::Trace;

use self::saved::{Met, Saved};
use super::which::chosen;

/// Hold the reference against the kernel, on the corpus and on generated executions, and write the report
#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    after_help = "\
The executions of a seed are numbered, and a run goes on behind those that earlier runs have done with the same kernel, seed \
and length; Ctrl-C, a signal or a power cut loses some seconds of work at the most.

Examples:
  stalemap linux conformance --version 6.12 --runs 0 --native-runs 1000000
  stalemap linux conformance --runs 3000 --native-runs 1000000"
)]
pub(super) struct ConformanceArguments {
    /// The kernel's version; both where none is given
    #[arg(long, value_name = "VERSION")]
    version: Option<Version>,
    /// Executions of each version in the virtual machine, those included that earlier runs have done
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
    /// Traces that are replayed first, or folders of them
    #[arg(long, value_name = "FILE|DIR", default_value = "corpus/spec")]
    corpus: Vec<PathBuf>,
    /// The folder for how far runs have come; one in the user's cache where none is given
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Forget what earlier runs have done
    #[arg(long)]
    afresh: bool,
    /// Where the report goes
    #[arg(long, value_name = "FILE", default_value = "CONFORMANCE.md")]
    out: PathBuf,
}

/// What the comparison with one version came to.
struct Compared {
    target: Target,
    release: String,
    traces: usize,
    trace_steps: usize,
    /// Executions that were done, by this run and by those before it.
    executions: u64,
    met: Met,
    /// Signatures of differences, how often, and where the first was.
    differences: Signatures,
}

/// How often each signature was met, and where first.
type Signatures = BTreeMap<String, (u64, String)>;

/// What may be lost of a run that is killed.
const BETWEEN_SAVES: Duration = Duration::from_secs(5);

pub(super) fn conformance(cache: &Cache, arguments: &ConformanceArguments) -> Result<Ending> {
    ensure!(
        !targets(arguments).is_empty(),
        "--runs, --native-runs, --huge-runs and --scaled-runs are all 0: nothing is compared"
    );
    let mut inputs = Inputs::of(&arguments.corpus);
    let mut traces = Vec::new();
    while let Some((file, input)) = inputs.read_next()? {
        traces.push((file, input.trace));
    }
    let mut all = Vec::new();
    for (target, runs) in targets(arguments) {
        let compared = compare(cache, target, runs, arguments, &traces, &mut inputs)?;
        if interrupted() {
            let (subject, done) = (target.subject(), compared.executions);
            output::tell(format_args!("{subject}: {done} of {runs} executions; the same command goes on behind them"));
            return Ok(Ending::Interrupted);
        }
        output::print_line(format_args!(
            "{}: {} traces and {} executions, {} operations: {}",
            target.subject(),
            compared.traces,
            compared.executions,
            compared.met.tally.operations(),
            if compared.differences.is_empty() { "no difference" } else { "differences" },
        ))?;
        for (signature, (count, first)) in &compared.differences {
            output::print_line(format_args!("  {signature} ×{count}, first {first}"))?;
        }
        all.push(compared);
    }
    let agrees = all.iter().all(|compared| compared.differences.is_empty());
    // A report of less than was asked for would not say so.
    let ending = if agrees { inputs.ending(Ending::Agree) } else { Ending::Diverge };
    if ending == Ending::Agree {
        output::write_file(&arguments.out, report::report(arguments, &all).as_bytes())?;
    } else {
        output::tell(format_args!("{} is not written", arguments.out.display()));
    }
    Ok(ending)
}

/// The kernels that are asked, each with how many executions.
fn targets(arguments: &ConformanceArguments) -> Vec<(Target, u64)> {
    let ways = [(false, arguments.runs), (true, arguments.native_runs)];
    let of = |version| ways.map(|(native, runs)| (Target::new(version, native, false), runs));
    let versions = chosen(arguments.version);
    let huge = Target::all().filter(|target| target.asked().huge.is_some() && versions.contains(&target.version()));
    let huge = huge.map(|target| match target.way() {
        Way::Agent => (target, arguments.huge_runs),
        Way::Guest => (target, arguments.scaled_runs),
    });
    versions.iter().flat_map(|&version| of(version)).chain(huge).filter(|&(_, runs)| runs > 0).collect()
}

/// Holds a kernel against the reference. A trace that it cannot run is told and left out.
fn compare(
    cache: &Cache,
    target: Target,
    runs: u64,
    arguments: &ConformanceArguments,
    all: &[(PathBuf, Trace)],
    inputs: &mut Inputs,
) -> Result<Compared> {
    let kernels = Kernels::cached(cache, target, 0)?;
    let release = kernels.release()?;
    let mut differences = Signatures::new();
    let (traces, trace_steps) = replay(&kernels, all, inputs, &mut differences);
    let saved = generated(cache, target, kernels, runs, arguments)?;
    for (signature, (count, first)) in &saved.differences {
        differences.entry(signature.clone()).or_insert((0, first.clone())).0 += count;
    }
    Ok(Compared { target, release, traces, trace_steps, executions: saved.next, met: saved.met, differences })
}

/// Replays traces; how many the kernel can run, and their operations.
fn replay(
    kernels: &Kernels,
    all: &[(PathBuf, Trace)],
    inputs: &mut Inputs,
    differences: &mut Signatures,
) -> (usize, usize) {
    let mut driver = Driver::new(kernels.clone());
    let (mut traces, mut steps) = (0, 0);
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
        traces += 1;
        steps += able;
        if let Some(divergence) = run.divergence {
            let place = file.display().to_string();
            differences.entry(divergence.signature().to_string()).or_insert((0, place)).0 += 1;
        }
    }
    (traces, steps)
}

/// Runs generated executions up to this number, from where an earlier run has come.
fn generated(
    cache: &Cache,
    target: Target,
    kernels: Kernels,
    runs: u64,
    arguments: &ConformanceArguments,
) -> Result<Saved> {
    let settings = kernels.settings(arguments.ops as usize);
    let folder = cache.kernel(target);
    let compared = saved::Compared::new(target.subject(), &folder, arguments.seed, arguments.ops, settings.clone());
    let path = Saved::path(arguments.state.as_deref().unwrap_or(&cache.conformance()), &compared);
    let saved = if arguments.afresh { Saved::new(compared) } else { Saved::load(&path, compared)? };
    if saved.next > 0 {
        output::tell(format_args!("{}: {} executions are done ({})", target.subject(), saved.next, path.display()));
    }
    let mut progress = Progressing {
        target,
        seed: arguments.seed,
        path: &path,
        before: saved.met.clone(),
        saved,
        written: Instant::now(),
        unsaved: Signatures::new(),
        failure: None,
        status: Status::new(),
    };
    if progress.saved.next < runs && !interrupted() {
        let campaign = Campaign::new(kernels)
            .seed(arguments.seed)
            .begin(progress.saved.next)
            .jobs(cores())
            .settings(settings)
            .runs(runs)
            .stop_when(interrupted);
        let done = campaign.run(&mut progress);
        progress.status.clear();
        progress.note(match &done {
            Ok(stats) => stats,
            Err(error) => &error.stats,
        });
        progress.saved.save(&path)?;
        done?;
    }
    progress.failure.map_or(Ok(progress.saved), Err)
}

/// Notes what is done, what differs, and keeps both.
struct Progressing<'a> {
    target: Target,
    seed: u64,
    path: &'a Path,
    /// What earlier runs have met.
    before: Met,
    saved: Saved,
    /// When the file was written.
    written: Instant,
    /// Differences of executions that are not among those that were done one after the other.
    unsaved: Signatures,
    /// Why the file could not be written.
    failure: Option<anyhow::Error>,
    status: Status,
}

impl Observer for Progressing<'_> {
    fn diverged(&mut self, diverged: Diverged) -> ControlFlow<()> {
        let place = format!("seed {}, execution {}", self.seed, diverged.index);
        let signature = diverged.divergence.signature().to_string();
        if !self.unsaved.contains_key(&signature) && !self.saved.differences.contains_key(&signature) {
            let trace = Trace::from(diverged.program);
            self.status.aside(|| output::tell(format_args!("{signature}, {place}:\n{trace}")));
        }
        self.unsaved.entry(signature).or_insert((0, place)).0 += 1;
        if self.failure.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn progress(&mut self, _: &Progress) {
        let (subject, done, differences) = (self.target.subject(), self.saved.next, self.saved.differences.len());
        self.status.show(|| format!("{subject}: {done} executions, {differences} signatures differ"));
    }

    fn checkpoint(&mut self, stats: &CampaignStats) {
        self.note(stats);
        if self.failure.is_none() && self.written.elapsed() > BETWEEN_SAVES {
            self.failure = self.saved.save(self.path).err();
            self.written = Instant::now();
        }
    }
}

impl Progressing<'_> {
    /// What this run has come to; all that differed in it was reported.
    fn note(&mut self, stats: &CampaignStats) {
        for (signature, (count, first)) in std::mem::take(&mut self.unsaved) {
            self.saved.differences.entry(signature).or_insert((0, first)).0 += count;
        }
        self.saved.go_on(&self.before, stats);
    }
}
