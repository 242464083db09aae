//! `stalemap fuzz`: a campaign, what it finds, and its summary.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::ControlFlow;
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::{Error, Result, anyhow, ensure};
use serde::Serialize;
use sha2::{Digest, Sha256};
use stalemap_campaign::{Campaign, CampaignError, CampaignStats, Diverged, Observer, Progress};
use stalemap_harness::{DEADLINE, Settings, Signature, Skipped};
use stalemap_operations::{KindSet, Machine};
use stalemap_report::{Ending as HowEnded, Finding, Origin, Summary, hex, junit_of_finds};

use crate::arguments::{Engine, Format, FuzzArguments};
use crate::ending::Ending;
use crate::findings::{self, Kept, keep_hang, known_signatures};
use crate::interrupt::interrupted;
use crate::subject::{self, Builder, Work, work_with};
use crate::{hang, output};

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
    let seed = arguments.seed.unwrap_or_else(draw_seed);
    // The same executions are a campaign of the same name, however long it is.
    let made_by = hex(&Sha256::digest(format!("{settings:?}"))[..4]);
    let store =
        findings::store(arguments, format!("native {}, seed {seed}, settings {made_by}", env!("CARGO_PKG_VERSION")))?;
    let keep = keep_hang(arguments, &store);
    let campaign = Campaign::new(build.clone())
        .on_hang(DEADLINE, move |hang| hang::end(subject, hang, &keep))
        .seed(seed)
        .jobs(jobs(arguments))
        .settings(settings.clone())
        .compare(arguments.compare.compare())
        .runs(arguments.runs)
        .time(arguments.seconds.map(Duration::from_secs))
        .stop_when(interrupted);
    output::tell(format_args!("seed {seed}   {}", command(&[("--seed", seed)])));
    let keep = keep_hang(arguments, &store);
    let mut kept = Kept::new(subject, build, arguments, known, store);
    let _watchdog = hang::watch(subject, kept.all.driver(), keep);
    let mut native = Native { campaign: &campaign, seed, kept, trouble: None };
    let stats = campaign.run(&mut native);
    let Native { mut kept, trouble, .. } = native;
    kept.status.clear();
    kept.keep_counts();
    // What was done and found is told whatever ended the campaign.
    let (stats, cause) = match stats {
        Ok(stats) => (stats, None),
        Err(CampaignError { cause, stats }) => (*stats, Some(cause)),
    };
    let summary = summary(seed, settings.kinds, &stats, &kept);
    print_end(subject, arguments.format, &summary, &kept.findings)?;
    match trouble.or(cause.map(Error::new)) {
        None => Ok(kept.ending()),
        Some(error) => Err(error),
    }
}

/// As many jobs as are asked for, or else as there are cores.
pub(crate) fn jobs(arguments: &FuzzArguments) -> u32 {
    arguments.jobs.unwrap_or_else(cores)
}

/// How many cores there are.
pub(crate) fn cores() -> u32 {
    available_parallelism().map_or(1, |cores| cores.get().try_into().unwrap_or(1))
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
    kept: &mut Kept<'_, B>,
    seed: u64,
    work: &EngineWork,
) -> Result<()> {
    let begun = begun(kept, seed, command(&[]), work.executions, work.time);
    let driver = kept.all.driver();
    let mut summary = Summary {
        kept: Some(work.kept),
        engine_operations: work.operations,
        engine_cpu_seconds: work.cpu_seconds,
        engine: arguments.engine.word(),
        transitions: driver.transitions().count(),
        skipped_oracles: skipped(driver.skipped()),
        ..begun
    };
    summary.set_met(driver.tally(), driver.marks(), arguments.levels);
    print_end(kept.subject, arguments.format, &summary, &kept.findings)
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

/// Observes the native campaign.
struct Native<'a, B: Builder> {
    campaign: &'a Campaign<B>,
    seed: u64,
    kept: Kept<'a, B>,
    /// What ended the campaign early.
    trouble: Option<Error>,
}

impl<B: Builder> Observer for Native<'_, B> {
    fn diverged(&mut self, Diverged { index, divergence }: Diverged) -> ControlFlow<()> {
        if !self.kept.all.count(&divergence.signature()) {
            return ControlFlow::Continue(());
        }
        let origin = Origin { seed_and_execution: Some((self.seed, index)), ..Origin::default() };
        self.trouble = self.kept.add(&self.campaign.execution(index), &divergence, origin).err();
        if self.trouble.is_some() || self.kept.are_enough() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn progress(&mut self, progress: &Progress) {
        let counts = &self.kept.all;
        self.kept.status.show(|| status_line(progress, &counts.counts()));
    }
}

/// The findings of a status line.
pub(crate) fn words_of(counts: &BTreeMap<Signature, u64>) -> String {
    let findings: Vec<String> = counts.iter().map(|(signature, count)| format!("{signature} ×{count}")).collect();
    if findings.is_empty() { "none".to_string() } else { findings.join(", ") }
}

fn status_line(progress: &Progress, counts: &BTreeMap<Signature, u64>) -> String {
    let seconds = progress.time.as_secs_f64();
    let findings = words_of(counts);
    format!(
        "{seconds:.0} s  {:.2} M operations/s  {} executions  {} transitions  findings: {findings}",
        progress.operations as f64 / seconds.max(0.001) / 1e6,
        progress.executions,
        progress.transitions,
    )
}

fn summary<B: Builder>(seed: u64, kinds: KindSet, stats: &CampaignStats, kept: &Kept<'_, B>) -> Summary {
    let command = command(&[("--runs", stats.end), ("--seed", seed)]);
    let mut summary = Summary {
        transitions: stats.transitions.count(),
        skipped_oracles: skipped(&stats.skipped),
        ..begun(kept, seed, command, stats.executions, stats.time)
    };
    summary.set_met(&stats.tally, &stats.marks, kinds);
    summary
}

/// What every summary has.
fn begun<B: Builder>(kept: &Kept<'_, B>, seed: u64, command: String, executions: u64, time: Duration) -> Summary {
    let counts = kept.all.counts();
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
        signatures: counts.iter().map(|(signature, count)| (signature.to_string(), *count)).collect(),
        known: counts.keys().filter(|it| kept.all.known().contains(it)).map(Signature::to_string).collect(),
        skipped_oracles: Vec::new(),
    }
}

fn skipped(oracles: &[Skipped]) -> Vec<String> {
    oracles.iter().map(|it| format!("{} (misses {})", it.oracle, it.missing.join(", "))).collect()
}

/// A campaign as JSON.
#[derive(Serialize)]
struct Results<'a> {
    version: &'static str,
    subject: &'static str,
    summary: &'a Summary,
    findings: &'a [Finding],
    /// The old name of `findings`, for scripts.
    finds: &'a [Finding],
}

fn print_end(subject: &'static str, format: Format, summary: &Summary, findings: &[Finding]) -> Result<()> {
    match format {
        Format::Text => output::print(summary.text()),
        Format::Junit => output::print_line(junit_of_finds(findings).map_err(|it| anyhow!(it))?),
        Format::Json => {
            let campaign = Results { version: env!("CARGO_PKG_VERSION"), subject, summary, findings, finds: findings };
            output::print_line(serde_json::to_string_pretty(&campaign)?)
        }
    }
}
