//! `stalemap fuzz`: a campaign, what it finds, and its summary.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use serde::Serialize;
use sha2::{Digest, Sha256};
use stalemap_harness::{Divergence, Driver, Generator, Settings, Signature, minimise};
use stalemap_operations::{KindSet, Operation, Trace};
use stalemap_report::{Ending as HowEnded, Find, Origin, Summary, junit_of_finds};

use crate::arguments::{Format, FuzzArguments};
use crate::campaign::{self, Diverged, Listener, Met, Plan, Progress};
use crate::ending::Ending;
use crate::interrupt::interrupted;
use crate::status::Status;
use crate::subject::{self, Builder, Work, work_with};
use crate::{output, quiet};

pub(crate) fn fuzz(arguments: &FuzzArguments) -> Result<Ending> {
    work_with(arguments.subject, arguments)
}

impl Work for &FuzzArguments {
    fn with<B: Builder>(self, name: &'static str, build: &B) -> Result<Ending> {
        fuzz_with(name, build, self)
    }
}

fn fuzz_with<B: Builder>(subject: &'static str, build: &B, arguments: &FuzzArguments) -> Result<Ending> {
    let settings = settings(arguments, subject::operations(build)?)?;
    let known = arguments.known.as_deref().map_or_else(|| Ok(BTreeSet::new()), known_signatures)?;
    output::check_folder(&arguments.out)?;
    let plan = Plan {
        seed: arguments.seed.unwrap_or_else(draw_seed),
        jobs: arguments
            .jobs
            .unwrap_or_else(|| available_parallelism().map_or(1, |cores| cores.get().try_into().unwrap_or(1))),
        settings: settings.clone(),
        runs: arguments.runs,
        time: arguments.seconds.map(Duration::from_secs),
    };
    output::tell(format_args!("seed {}   {}", plan.seed, command(&[("--seed", plan.seed)])));
    let mut finds = Finds::new(subject, build, arguments, &plan, known);
    let met = campaign::run(&plan, build, &mut finds);
    finds.status.clear();
    let met = met?;
    let summary = summary(&plan, settings.kinds, &met, &finds);
    print_end(subject, arguments.format, &summary, &finds.finds)?;
    Ok(if finds.lost > 0 {
        Ending::Trouble
    } else if !finds.finds.is_empty() {
        Ending::Diverge
    } else if interrupted() {
        Ending::Interrupted
    } else {
        Ending::Agree
    })
}

fn settings(arguments: &FuzzArguments, able: KindSet) -> Result<Settings> {
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
    Ok(Settings { operations: arguments.ops as usize, kinds, machine: arguments.machine })
}

/// Reads the signatures of a file: one a line, comments behind `#`.
fn known_signatures(path: &Path) -> Result<BTreeSet<Signature>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = (1..).zip(text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()));
    let signatures = lines
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, line)| line.parse().map_err(|error| anyhow!("{}:{number}: {error}", path.display())));
    signatures.collect()
}

/// A seed that differs from call to call; 32 bits are easier to pass on than 64.
fn draw_seed() -> u64 {
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

/// What a campaign finds: counted by signature, minimised, printed and kept.
struct Finds<'a, B: Builder> {
    subject: &'static str,
    arguments: &'a FuzzArguments,
    plan: &'a Plan,
    known: BTreeSet<Signature>,
    driver: Driver<B>,
    status: Status,
    /// Executions that diverged, known ones included.
    counts: BTreeMap<Signature, u64>,
    finds: Vec<Find>,
    /// Finds that could not be written.
    lost: u32,
}

impl<'a, B: Builder> Finds<'a, B> {
    fn new(
        subject: &'static str,
        build: &B,
        arguments: &'a FuzzArguments,
        plan: &'a Plan,
        known: BTreeSet<Signature>,
    ) -> Self {
        Finds {
            subject,
            arguments,
            plan,
            known,
            driver: Driver::new(build.clone()),
            status: Status::new(),
            counts: BTreeMap::new(),
            finds: Vec::new(),
            lost: 0,
        }
    }

    /// Minimises the first find of a signature. One that is interrupted is kept as far as it has come.
    fn minimised(&mut self, index: u64, divergence: &Divergence) -> Result<(Trace, Find)> {
        let signature = divergence.signature();
        let mut operations: Vec<Operation> = Vec::new();
        let machine = Generator::new(self.plan.settings.clone()).execution(self.plan.seed, index, &mut operations);
        let (driver, status) = (&mut self.driver, &mut self.status);
        let minimised = quiet::driving(|| {
            minimise(driver, &machine, &operations, &signature, &mut |progress| {
                status.show(|| {
                    format!("{signature}: {} operations after {} runs", progress.operations, progress.executions)
                });
                !interrupted()
            })
        });
        let mut origin = Origin { seed_and_execution: Some((self.plan.seed, index)), minimised_in: None };
        // A subject that does not repeat itself is shown as it was seen.
        let (machine, operations, divergence) = match minimised {
            Some(it) => {
                origin.minimised_in = Some(it.executions);
                (it.machine, it.operations, it.divergence)
            }
            None => (machine, operations, divergence.clone()),
        };
        let find = quiet::driving(|| {
            Find::describe(&mut self.driver, self.subject, &machine, &operations, &divergence, origin)
        });
        Ok((Trace::new(machine, operations), find.map_err(|it| anyhow!(it))?))
    }

    /// Writes a find to a file of its own; where it is.
    fn keep(&self, find: &Find, trace: &Trace) -> Result<PathBuf> {
        let digest: String =
            Sha256::digest(trace.to_string()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let path = self.arguments.out.join(format!("{}-{digest}.trace", find.signature));
        let text = find.file(env!("CARGO_PKG_VERSION"), &output::quoted(&path.to_string_lossy()));
        output::write_file(&path, text.as_bytes())?;
        Ok(path)
    }
}

impl<B: Builder> Listener for Finds<'_, B> {
    fn diverged(&mut self, Diverged { index, divergence }: Diverged) -> Result<()> {
        let signature = divergence.signature();
        let count = self.counts.entry(signature.clone()).or_default();
        *count += 1;
        if *count > 1 || self.known.contains(&signature) {
            return Ok(());
        }
        let (trace, find) = self.minimised(index, &divergence)?;
        let kept = self.keep(&find, &trace);
        let where_it_is = match &kept {
            Ok(path) => {
                let path = output::quoted(&path.to_string_lossy());
                let option = self.arguments.subject.option();
                format!("  kept in   {path}\n  replay    {} run{option} {path}\n", output::program())
            }
            Err(error) => format!("  NOT KEPT  {error:#}\n"),
        };
        self.lost += u32::from(kept.is_err());
        self.status.aside(|| match self.arguments.format {
            Format::Text => output::print(format_args!("{}\n{where_it_is}\n", find.text())),
            Format::Json | Format::Junit => {
                output::tell(format_args!("{}\n{where_it_is}", find.signature));
                Ok(())
            }
        })?;
        self.finds.push(find);
        Ok(())
    }

    fn progress(&mut self, progress: &Progress) {
        let counts = &self.counts;
        self.status.show(|| status_line(progress, counts));
    }
}

fn status_line(progress: &Progress, counts: &BTreeMap<Signature, u64>) -> String {
    let seconds = progress.time.as_secs_f64();
    let finds: Vec<String> = counts.iter().map(|(signature, count)| format!("{signature} ×{count}")).collect();
    let finds = if finds.is_empty() { "none".to_string() } else { finds.join(", ") };
    format!(
        "{seconds:.0} s  {:.2} M operations/s  {} executions  {} transitions  finds: {finds}",
        progress.operations as f64 / seconds.max(0.001) / 1e6,
        progress.executions,
        progress.transitions,
    )
}

fn summary<B: Builder>(plan: &Plan, kinds: KindSet, met: &Met, finds: &Finds<'_, B>) -> Summary {
    let mut summary = Summary {
        seed: plan.seed,
        command: command(&[("--runs", met.end), ("--seed", plan.seed)]),
        ending: if interrupted() { HowEnded::Interrupted } else { HowEnded::Done },
        executions: met.executions,
        operations: 0,
        seconds: met.time.as_secs_f64(),
        transitions: met.transitions.count(),
        marks: BTreeMap::new(),
        tally: BTreeMap::new(),
        never_met: Vec::new(),
        signatures: finds.counts.iter().map(|(signature, count)| (signature.to_string(), *count)).collect(),
        known: finds.counts.keys().filter(|it| finds.known.contains(it)).map(Signature::to_string).collect(),
        skipped_oracles: met
            .skipped
            .iter()
            .map(|it| format!("{} (misses {})", it.oracle, it.missing.join(", ")))
            .collect(),
    };
    summary.set_met(&met.tally, &met.marks, kinds);
    summary
}

/// A campaign as JSON.
#[derive(Serialize)]
struct Campaign<'a> {
    version: &'static str,
    subject: &'static str,
    summary: &'a Summary,
    finds: &'a [Find],
}

fn print_end(subject: &'static str, format: Format, summary: &Summary, finds: &[Find]) -> Result<()> {
    match format {
        Format::Text => output::print(summary.text()),
        Format::Junit => output::print_line(junit_of_finds(finds).map_err(|it| anyhow!(it))?),
        Format::Json => {
            let campaign = Campaign { version: env!("CARGO_PKG_VERSION"), subject, summary, finds };
            output::print_line(serde_json::to_string_pretty(&campaign)?)
        }
    }
}
