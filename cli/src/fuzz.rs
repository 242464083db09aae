//! `stalemap fuzz`: a campaign, what it finds, and its summary.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use serde::Serialize;
use stalemap_harness::{Generator, Settings, Signature, Skipped};
use stalemap_operations::{KindSet, Machine, Program};
use stalemap_report::{Ending as HowEnded, Finding, Origin, Summary, junit_of_finds};

use crate::arguments::{Engine, Format, FuzzArguments};
use crate::campaign::{self, Diverged, Listener, Met, Plan, Progress};
use crate::ending::Ending;
use crate::finds::{Finds, known_signatures};
use crate::interrupt::interrupted;
use crate::output;
use crate::subject::{self, Builder, Work, work_with};

pub(crate) fn fuzz(arguments: &FuzzArguments) -> Result<Ending> {
    match arguments.engine {
        Engine::Native => work_with(arguments.subject, arguments),
        #[cfg(unix)]
        Engine::Libfuzzer | Engine::Afl => crate::engine::fuzz(arguments),
        #[cfg(not(unix))]
        Engine::Libfuzzer | Engine::Afl => anyhow::bail!("libfuzzer and afl need a Unix; use --engine native"),
    }
}

impl Work for &FuzzArguments {
    fn with<B: Builder>(self, name: &'static str, build: &B) -> Result<Ending> {
        fuzz_with(name, build, self)
    }
}

/// The campaign of our own generator.
fn fuzz_with<B: Builder>(subject: &'static str, build: &B, arguments: &FuzzArguments) -> Result<Ending> {
    ensure!(!arguments.from_nothing, "--from-nothing is for the engines that keep a corpus; native has none");
    let settings = settings(arguments, subject::operations(build)?, build.largest())?;
    let known = known_signatures(arguments)?;
    output::check_folder(&arguments.out)?;
    let plan = Plan {
        seed: arguments.seed.unwrap_or_else(draw_seed),
        jobs: jobs(arguments),
        settings: settings.clone(),
        runs: arguments.runs,
        time: arguments.seconds.map(Duration::from_secs),
    };
    output::tell(format_args!("seed {}   {}", plan.seed, command(&[("--seed", plan.seed)])));
    let mut listener = Native { plan: &plan, finds: Finds::new(subject, build, arguments, known) };
    let met = campaign::run(&plan, build, &mut listener);
    let mut finds = listener.finds;
    finds.status.clear();
    let met = met?;
    let summary = summary(&plan, settings.kinds, &met, &finds);
    print_end(subject, arguments.format, &summary, &finds.finds)?;
    Ok(finds.ending())
}

/// As many jobs as are asked for, or else as there are cores.
pub(crate) fn jobs(arguments: &FuzzArguments) -> u32 {
    let cores = || available_parallelism().map_or(1, |cores| cores.get().try_into().unwrap_or(1));
    arguments.jobs.unwrap_or_else(cores)
}

fn settings(arguments: &FuzzArguments, able: KindSet, largest: Option<Machine>) -> Result<Settings> {
    let mut kinds = arguments.levels.and(able);
    if !arguments.only.is_empty() {
        kinds = kinds.and(arguments.only.iter().copied().collect());
    }
    kinds = arguments.without.iter().fold(kinds, |kinds, &kind| kinds.without(kind));
    if let Some(machine) = &arguments.machine {
        kinds = kinds.iter().filter(|kind| kind.exists_on(machine)).collect();
    }
    ensure!(
        !kinds.is_empty(),
        "no operation is left: --levels, --only, --without, --machine and the subject leave none"
    );
    Ok(Settings { operations: arguments.ops as usize, kinds, machine: arguments.machine, largest })
}

/// What an engine did.
#[cfg(unix)]
#[derive(Default)]
pub(crate) struct EngineWork {
    pub(crate) executions: u64,
    /// Operations of all executions, where the engine's processes tell them.
    pub(crate) operations: Option<u64>,
    /// Processor time of these processes, where the system tells it.
    pub(crate) cpu_seconds: Option<f64>,
    pub(crate) time: Duration,
    /// Inputs that it keeps.
    pub(crate) kept: usize,
}

/// Prints the end of an engine's campaign.
#[cfg(unix)]
pub(crate) fn finish<B: Builder>(
    arguments: &FuzzArguments,
    finds: &Finds<'_, B>,
    seed: u64,
    work: &EngineWork,
) -> Result<()> {
    let driver = &finds.driver;
    let mut summary = Summary {
        kept: Some(work.kept),
        engine_operations: work.operations,
        engine_cpu_seconds: work.cpu_seconds,
        engine: arguments.engine.word(),
        transitions: driver.transitions().count(),
        skipped_oracles: skipped(driver.skipped()),
        ..begun(finds, seed, command(&[]), work.executions, work.time)
    };
    summary.set_met(driver.tally(), driver.marks(), arguments.levels);
    print_end(finds.subject, arguments.format, &summary, &finds.finds)
}

/// A seed that differs from call to call; 32 bits are easier to pass on than 64.
pub(crate) fn draw_seed() -> u64 {
    RandomState::new().hash_one(std::process::id()) >> 32
}

/// The command as it was typed, with other limits.
fn command(limits: &[(&str, u64)]) -> String {
    let is_replaced = |word: &str| {
        let name = word.split('=').next().unwrap_or_default();
        limits.iter().any(|(option, _)| *option == name)
            || name == "--seconds" && limits.iter().any(|(it, _)| *it == "--runs")
    };
    let mut words = vec![output::program()];
    let mut typed = std::env::args().skip(1);
    while let Some(word) = typed.next() {
        if !is_replaced(&word) {
            words.push(output::quoted(&word));
        } else if !word.contains('=') {
            typed.next();
        }
    }
    words.extend(limits.iter().map(|(option, value)| format!("{option} {value}")));
    words.join(" ")
}

/// Hears of the native campaign.
struct Native<'a, B: Builder> {
    plan: &'a Plan,
    finds: Finds<'a, B>,
}

impl<B: Builder> Listener for Native<'_, B> {
    fn diverged(&mut self, Diverged { index, divergence }: Diverged) -> Result<bool> {
        if !self.finds.count(&divergence.signature()) {
            return Ok(true);
        }
        let mut program = Program::default();
        Generator::new(self.plan.settings.clone()).execution(self.plan.seed, index, &mut program);
        let origin = Origin { seed_and_execution: Some((self.plan.seed, index)), ..Origin::default() };
        self.finds.keep(&program, &divergence, origin)?;
        Ok(!self.finds.are_enough())
    }

    fn progress(&mut self, progress: &Progress) {
        let counts = &self.finds.counts;
        self.finds.status.show(|| status_line(progress, counts));
    }
}

/// The finds of a status line.
pub(crate) fn words_of(counts: &BTreeMap<Signature, u64>) -> String {
    let finds: Vec<String> = counts.iter().map(|(signature, count)| format!("{signature} ×{count}")).collect();
    if finds.is_empty() { "none".to_string() } else { finds.join(", ") }
}

fn status_line(progress: &Progress, counts: &BTreeMap<Signature, u64>) -> String {
    let seconds = progress.time.as_secs_f64();
    let finds = words_of(counts);
    format!(
        "{seconds:.0} s  {:.2} M operations/s  {} executions  {} transitions  finds: {finds}",
        progress.operations as f64 / seconds.max(0.001) / 1e6,
        progress.executions,
        progress.transitions,
    )
}

fn summary<B: Builder>(plan: &Plan, kinds: KindSet, met: &Met, finds: &Finds<'_, B>) -> Summary {
    let command = command(&[("--runs", met.end), ("--seed", plan.seed)]);
    let mut summary = Summary {
        transitions: met.transitions.count(),
        skipped_oracles: skipped(&met.skipped),
        ..begun(finds, plan.seed, command, met.executions, met.time)
    };
    summary.set_met(&met.tally, &met.marks, kinds);
    summary
}

/// What every summary has.
fn begun<B: Builder>(finds: &Finds<'_, B>, seed: u64, command: String, executions: u64, time: Duration) -> Summary {
    Summary {
        seed,
        command,
        engine: Engine::Native.word(),
        kept: None,
        engine_operations: None,
        engine_cpu_seconds: None,
        ending: if interrupted() { HowEnded::Interrupted } else { HowEnded::Done },
        executions,
        operations: 0,
        seconds: time.as_secs_f64(),
        transitions: 0,
        marks: BTreeMap::new(),
        tally: BTreeMap::new(),
        never_met: Vec::new(),
        signatures: finds.counts.iter().map(|(signature, count)| (signature.to_string(), *count)).collect(),
        known: finds.counts.keys().filter(|it| finds.known.contains(it)).map(Signature::to_string).collect(),
        skipped_oracles: Vec::new(),
    }
}

fn skipped(oracles: &[Skipped]) -> Vec<String> {
    oracles.iter().map(|it| format!("{} (misses {})", it.oracle, it.missing.join(", "))).collect()
}

/// A campaign as JSON.
#[derive(Serialize)]
struct Campaign<'a> {
    version: &'static str,
    subject: &'static str,
    summary: &'a Summary,
    finds: &'a [Finding],
}

fn print_end(subject: &'static str, format: Format, summary: &Summary, finds: &[Finding]) -> Result<()> {
    match format {
        Format::Text => output::print(summary.text()),
        Format::Junit => output::print_line(junit_of_finds(finds).map_err(|it| anyhow!(it))?),
        Format::Json => {
            let campaign = Campaign { version: env!("CARGO_PKG_VERSION"), subject, summary, finds };
            output::print_line(serde_json::to_string_pretty(&campaign)?)
        }
    }
}
