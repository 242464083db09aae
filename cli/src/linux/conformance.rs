//! `stalemap linux conformance`: holds the reference against real kernels and writes down what was compared.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;

use anyhow::{Result, anyhow, ensure};
use clap::Args;
use stalemap_campaign::{Campaign, CampaignStats, Diverged, Observer, Progress};
use stalemap_commands::fuzz::cores;
use stalemap_commands::input::Inputs;
use stalemap_commands::interrupt::interrupted;
use stalemap_commands::status::Status;
use stalemap_commands::{Ending, output};
use stalemap_harness::{Compare, Driver};
use stalemap_linux::{Cache, Kernels, Target, Version, capabilities, settings};
use stalemap_operations::{Outcome, Trace};
use stalemap_reference::{LIMIT, MARKS};

use super::which::chosen;

/// Hold the reference against the kernel, on the corpus and on generated executions, and write the report
#[derive(Debug, Args)]
#[command(disable_version_flag = true)]
pub(super) struct ConformanceArguments {
    /// The kernel's version; both where none is given
    #[arg(long, value_name = "VERSION")]
    version: Option<Version>,
    /// Executions of each version in the virtual machine
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    runs: u64,
    /// Executions of each version as a native process, which does some hundred times as many in the same time
    #[arg(long, value_name = "N", default_value_t = 0)]
    native_runs: u64,
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
}

/// What the comparison with one version came to.
struct Compared {
    target: Target,
    release: String,
    traces: usize,
    trace_steps: usize,
    stats: CampaignStats,
    /// Signatures of differences, how often, and where the first was.
    differences: BTreeMap<String, (u64, String)>,
}

pub(super) fn conformance(cache: &Cache, arguments: &ConformanceArguments) -> Result<Ending> {
    ensure!(!targets(arguments).is_empty(), "--runs and --native-runs are both 0: nothing is compared");
    let mut inputs = Inputs::of(&arguments.corpus);
    let mut traces = Vec::new();
    while let Some((file, input)) = inputs.read_next()? {
        traces.push((file, input.trace));
    }
    let mut all = Vec::new();
    for (target, runs) in targets(arguments) {
        let compared = compare(cache, target, runs, arguments, &traces, &mut inputs)?;
        if interrupted() {
            return Ok(Ending::Interrupted);
        }
        output::print_line(format_args!(
            "{}: {} traces and {} executions, {} operations: {}",
            target.subject(),
            compared.traces,
            compared.stats.executions,
            compared.stats.tally.operations(),
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
        output::write_file(&arguments.out, report(arguments, &all).as_bytes())?;
    } else {
        output::tell(format_args!("{} is not written", arguments.out.display()));
    }
    Ok(ending)
}

/// The kernels that are asked, each with how many executions.
fn targets(arguments: &ConformanceArguments) -> Vec<(Target, u64)> {
    let ways = [(false, arguments.runs), (true, arguments.native_runs)];
    let of = |version| ways.map(|(native, runs)| (Target::new(version, native, false), runs));
    chosen(arguments.version).into_iter().flat_map(of).filter(|&(_, runs)| runs > 0).collect()
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
    let mut differences = BTreeMap::new();
    let mut driver = Driver::new(kernels.clone());
    let (mut traces, mut trace_steps) = (0, 0);
    for (file, trace) in all {
        let able = trace.operations().filter(|operation| capabilities().operations.contains(operation.kind())).count();
        if able == 0 {
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
        trace_steps += able;
        if let Some(divergence) = run.divergence {
            let place = file.display().to_string();
            differences.entry(divergence.signature().to_string()).or_insert((0, place)).0 += 1;
        }
    }
    let campaign = Campaign::new(kernels)
        .seed(arguments.seed)
        .jobs(cores())
        .settings(settings(arguments.ops as usize))
        .runs(runs)
        .stop_when(interrupted);
    let mut differing = Differences { target, seed: arguments.seed, status: Status::new(), found: &mut differences };
    let stats = campaign.run(&mut differing)?;
    differing.status.clear();
    Ok(Compared { target, release, traces, trace_steps, stats, differences })
}

/// Notes the executions that differ.
struct Differences<'a> {
    target: Target,
    seed: u64,
    status: Status,
    found: &'a mut BTreeMap<String, (u64, String)>,
}

impl Observer for Differences<'_> {
    fn diverged(&mut self, diverged: Diverged) -> ControlFlow<()> {
        let place = format!("seed {}, execution {}", self.seed, diverged.index);
        self.found.entry(diverged.divergence.signature().to_string()).or_insert((0, place)).0 += 1;
        ControlFlow::Continue(())
    }

    fn progress(&mut self, progress: &Progress) {
        let differences = self.found.len();
        self.status.show(|| {
            let executions = progress.executions;
            format!("{}: {executions} executions, {differences} signatures differ", self.target.subject())
        });
    }
}

/// The report.
fn report(arguments: &ConformanceArguments, all: &[Compared]) -> String {
    let mut text = String::from(HEAD);
    writeln!(
        text,
        "Written by `stalemap linux conformance --runs {} --native-runs {} --seed {} --ops {}`, which repeats it.\n",
        arguments.runs, arguments.native_runs, arguments.seed, arguments.ops
    )
    .expect("a string takes everything");
    for compared in all {
        one(compared, arguments, &mut text).expect("a string takes everything");
    }
    text.push_str(TAIL);
    text
}

fn one(compared: &Compared, arguments: &ConformanceArguments, text: &mut String) -> std::fmt::Result {
    let Compared { target, release, traces, trace_steps, stats, differences } = compared;
    let way = if matches!(target, Target::Native(_)) { "as a native process" } else { "in a virtual machine" };
    writeln!(text, "## Linux {release} {way} (`rules={}`)\n", target.version().dialect().word())?;
    writeln!(text, "| compared | |\n|---|---|")?;
    writeln!(text, "| traces of the specification, and their operations | {traces}, {trace_steps} |")?;
    writeln!(text, "| generated executions of at most {} operations | {} |", arguments.ops, stats.executions)?;
    writeln!(text, "| their operations | {} |", stats.tally.operations())?;
    writeln!(text, "| transitions (operation, situation, answer) that were met | {} |", stats.transitions.count())?;
    let rules = || MARKS.iter().zip(&stats.marks).filter(|(mark, _)| !mark.starts_with(LIMIT));
    let met = rules().filter(|(_, count)| **count > 0).count();
    writeln!(text, "| rules of the reference that were met | {met} of {} |", rules().count())?;
    writeln!(text, "| differences | {} |\n", differences.len())?;
    writeln!(text, "| operation | answers in the generated executions |\n|---|---|")?;
    for kind in capabilities().operations.iter() {
        let answers: Vec<String> = (0..Outcome::CLASSES)
            .map(|class| (Outcome::class_name(class), stats.tally.of(kind, class)))
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        writeln!(text, "| `{}` | {} |", kind.row().word, answers.join(", "))?;
    }
    let unmet: Vec<&str> = rules().filter(|(_, count)| **count == 0).map(|(mark, _)| *mark).collect();
    if !unmet.is_empty() {
        writeln!(text, "\nRules that no execution met: {}.", unmet.join("; "))?;
    }
    writeln!(text)
}

const HEAD: &str = "\
# Conformance: the reference and real kernels

The reference claims to state Linux's rules. Here they were held against Linux: a kernel built from Debian's packaged source with
the edits of `linux/vm/src/edits.rs`, in a virtual machine or as a native process (User Mode Linux, whose page tables are
its own and not those of x86), did the same operations as the reference, and after each operation all of this was compared:

* the answer: ok with its pages, freed pages and value, or the errno;
* every place of every space: mapped or not, access, hole, page or migration entry, writable bit, and which page it is;
* every page: home, content, exclusive or not, mapcount, and the places that the kernel's own reverse map walk finds;
* every transaction with its phase and candidates, every pin and hold with its page;
* which spaces are alive and which are locked;
* at the end of each execution: no bug, warning or taint in the kernel's log, no device frame that belongs to no page.

";

const TAIL: &str = "\
## Where the versions differ

| rule | Linux 6.1 | Linux 6.12 | decided by |
|---|---|---|---|
| `protect` to `rw` sets the writable bit where the entry maps an exclusive page in RAM | and is dirty | always | `can_change_pte_writable`, mm/mprotect.c |

## What was not compared, but read in the source

* Every `ENOMEM` for want of RAM, and so the fork that is torn down: the guest has more RAM than an execution can use.
  `do_anonymous_page`, `wp_page_copy`, `do_swap_page` (mm/memory.c), `copy_present_page` and `dup_mmap` (mm/memory.c,
  kernel/fork.c). The want of device frames was compared.
* Level 0, blocks of frames: `__alloc_pages`, `__free_one_page`, `split_page` (mm/page_alloc.c).
* Reference counts (pages that were just brought back wait with a reference in a list, `lru_add_drain`, mm/swap.c), free
  counts and frame numbers: a kernel does not show them.

## Where the guest answers for Linux

* `EAGAIN`: Linux would block. At a migration entry an access waits in `migration_entry_wait` (mm/migrate.c), at a page
  that a transaction has locked in the fault that cannot bring it back, and whatever changes the mappings of a space in
  `mmap_write_lock` while `setup` holds the lock for reading.
* `EBUSY`, `ENOENT` of slots, `ESRCH` of dead spaces, `EINVAL` of `exit s0` and of phases out of order: slots and spaces
  are Stalemap's, not Linux's.
* `hold` of a hole is `ENOENT`; Linux would hold the shared zero page (`get_user_pages`, mm/gup.c).
* `move` is one `mremap` for each mapping of the kernel's that the range meets. One `mremap` over several mappings, or over a
  gap behind the first place, answers `EFAULT` on 6.1 and 6.12: the whole destination is unmapped by then, and nothing has
  moved (`mremap_to`, `vma_to_resize`, mm/mremap.c). 6.18 moves what is mapped, leaves the destination of a gap alone, and
  answers ok. What is one mapping depends on what the kernel merges, which the reference does not say. That the two ranges
  may not overlap is the guest's answer too.
* `copy` after `collect` takes all candidates or none; the order of a device's frames is the driver's.
* `migrate` to a device counts by looking: the driver's request counts what its device's table holds, and answers `ENOENT`
  when a part of the range could not be moved.
";
