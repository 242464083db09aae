//! `stalemap linux mutants`: the suite's own test on a real kernel: which faults that are put into it are found.

mod table;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use clap::Args;
use stalemap_campaign::{Form, Found, Sighting};
use stalemap_commands::interrupt::interrupted;
use stalemap_commands::status::Status;
use stalemap_commands::{Ending, output, quoted};
use stalemap_harness::{Compare, Divergence, Driver, Generator};
use stalemap_linux::{Cache, Campaign, Fault, HISTORY, HUGE_TROPHIES, Kernels, MUTANTS, TROPHIES, Way, bug_report};
use stalemap_operations::{Kind, Operation, Program, Trace, TransactionSlot};
use stalemap_report::Origin;
use stalemap_report::style::{BAD, GOOD};

use self::table::{Row, table};
use super::which::Which;

/// Put known faults into the running kernel, one after the other, and see whether they are found
#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    after_help = "\
Examples:
  stalemap linux mutants --only stale_mapping
  stalemap linux mutants --native --version 7.3 --table faults.md
  stalemap linux mutants --native --version 7.3 --trophies --out trophies"
)]
pub(super) struct MutantsArguments {
    #[command(flatten)]
    kernel: Which,
    /// Only the fault with this name
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Faults of the kernel as it is, which are hidden in all other runs, instead of mutants
    #[arg(long)]
    trophies: bool,
    /// Give up on a fault after this many executions: 5,000, or 100,000 as a native process, where nothing is given
    #[arg(long, value_name = "N")]
    runs: Option<u64>,
    /// Seed of the executions
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The most operations in an execution; as many as suit the fault where nothing is given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    ops: Option<u32>,
    /// Minimise for at most this many seconds each
    #[arg(long, value_name = "N", default_value_t = 300)]
    seconds: u64,
    /// The folder for the minimised traces
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The file for a table of the faults, where each comes from, and how it was found
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
}

impl MutantsArguments {
    /// Executions until a fault is given up: some seconds of a native process, and half a minute of a virtual machine.
    fn runs(&self) -> Result<u64> {
        let usual = match self.kernel.target()?.way() {
            Way::Agent => 100_000,
            Way::Guest => 5_000,
        };
        Ok(self.runs.unwrap_or(usual))
    }
}

/// An execution in which a fault showed.
struct Shown {
    index: u64,
    time: Duration,
    program: Program,
    divergence: Divergence,
}

/// Executions that a guest does at once: few, since most faults show soon and a lost guest costs seconds.
const BATCH: u64 = 16;
/// Executions for which an operation is waited for that shows what has shown only while everything is given back.
const LONGER: u64 = 400;

/// The faults that are asked for: all that these kernels can show where none is named.
fn chosen(arguments: &MutantsArguments) -> Result<Vec<Fault>> {
    let kernel = arguments.kernel.target()?;
    let faults = match (arguments.trophies, kernel.asked().huge) {
        (true, Some(_)) => HUGE_TROPHIES.to_vec(),
        (true, None) => TROPHIES.to_vec(),
        (false, _) => [MUTANTS, HISTORY].concat(),
    };
    let shows = |fault: &Fault| fault.shows(kernel.version(), kernel.way());
    match arguments.only.as_deref() {
        Some(name) => {
            let fault = Fault::among(&faults, name).map_err(|it| anyhow!(it))?;
            ensure!(shows(&fault), "linux-{kernel} does not have the fault {name}, or cannot show it");
            Ok(vec![fault])
        }
        None => Ok(faults.into_iter().filter(shows).collect()),
    }
}

/// Looks for each fault. Ends well when all are found but those that change nothing in this version.
pub(super) fn mutants(cache: &Cache, arguments: &MutantsArguments) -> Result<Ending> {
    let faults = chosen(arguments)?;
    let kernel = arguments.kernel.target()?;
    if let Some(folder) = &arguments.out {
        output::check_folder(folder)?;
    }
    if let Some(table) = &arguments.table {
        output::check_file(table)?;
    }
    let runs = arguments.runs()?;
    let (mut missed, mut rows) = (0, Vec::new());
    output::print_line(format_args!("{}, seed {}", kernel.subject(), arguments.seed))?;
    for fault in &faults {
        let kernels = Arc::new(Kernels::cached(cache, kernel, 1 << fault.bit)?);
        let mut driver = Driver::new(Arc::clone(&kernels));
        let mut status = Status::new();
        let start = Instant::now();
        let shown = search(&mut driver, arguments, &mut status, fault)?;
        if interrupted() {
            return Ok(Ending::Interrupted);
        }
        status.clear();
        match shown {
            Some(shown) => rows.push(report(&kernels, &mut driver, arguments, fault, &shown)?),
            None => {
                rows.push(Row::Missed { fault: *fault, executions: runs });
                let equivalent = fault.equivalent.filter(|(version, _)| kernel.version() >= *version);
                let (name, time) = (fault.name, start.elapsed().as_secs_f64());
                output::print_line(match equivalent {
                    Some((_, why)) => {
                        format!("{GOOD}equivalent{GOOD:#}  {name}: {why}; {runs} executions, {time:.1} s")
                    }
                    None => {
                        format!("{BAD}not found{BAD:#}   {name}: {runs} executions, {time:.1} s; {}", fault.meaning)
                    }
                })?;
                missed += u32::from(equivalent.is_none());
            }
        }
    }
    if let Some(path) = &arguments.table {
        let text = table(kernel, &Kernels::cached(cache, kernel, 0)?.release()?, (arguments.seed, runs), &rows);
        output::write_file(path, text.as_bytes())?;
    }
    Ok(if missed == 0 { Ending::Agree } else { Ending::Diverge })
}

/// Executions until one diverges in an operation, or, for some more, none but while everything is given back.
fn search(
    driver: &mut Driver,
    arguments: &MutantsArguments,
    status: &mut Status,
    fault: &Fault,
) -> Result<Option<Shown>> {
    let operations = arguments.ops.unwrap_or(fault.campaign.operations);
    let kernel = arguments.kernel.target()?;
    let settings = Campaign { operations, ..fault.campaign }.settings(kernel.way());
    let mut generator = Generator::new(settings);
    let start = Instant::now();
    let (mut index, mut late) = (0, None);
    let runs = arguments.runs()?;
    while index < runs && !interrupted() {
        if late.as_ref().is_some_and(|late: &Shown| index > late.index + LONGER) {
            break;
        }
        let batch = generator.executions(arguments.seed, index..runs.min(index + BATCH));
        driver.look_ahead(&batch)?;
        for program in batch {
            let run = driver.run(&program, Compare::Touched)?;
            if let Some(divergence) = run.divergence {
                let shown = Shown { index, time: start.elapsed(), program, divergence };
                let (shown, in_an_operation) = ended(driver, shown)?;
                if in_an_operation {
                    return Ok(Some(shown));
                }
                late.get_or_insert(shown);
            }
            index += 1;
        }
        status.show(|| format!("{}: {index} executions", fault.name));
    }
    Ok(late)
}

/// What shows only while the guest gives everything back mostly shows in an operation, if the transactions are ended by
/// some. Says whether it does.
fn ended(driver: &mut Driver, shown: Shown) -> Result<(Shown, bool)> {
    const LATE: &str = "validity";
    if shown.divergence.mismatch.oracle != LATE {
        return Ok((shown, true));
    }
    let finalize = Kind::by_word("finalize").ok_or_else(|| anyhow!("there is no finalize"))?;
    let ends = (0..TransactionSlot::LIMIT).filter_map(|slot| Operation::new(finalize, &[slot], &shown.program.machine));
    let operations = shown.program.operations.iter().copied().chain(ends);
    let program = Program::new(shown.program.machine, operations);
    let run = driver.run(&program, Compare::Touched)?;
    Ok(match run.divergence {
        Some(divergence) if divergence.mismatch.oracle != LATE => (Shown { program, divergence, ..shown }, true),
        Some(_) | None => (shown, false),
    })
}

/// Minimises, prints a row and the trace, and keeps it.
fn report(
    kernels: &Kernels,
    driver: &mut Driver,
    arguments: &MutantsArguments,
    fault: &Fault,
    shown: &Shown,
) -> Result<Row> {
    let kernel = arguments.kernel.target()?;
    let mut status = Status::new();
    let (start, patience) = (Instant::now(), Duration::from_secs(arguments.seconds));
    let origin = Origin { seed_and_execution: Some((arguments.seed, shown.index)), ..Origin::default() };
    let sighting = Sighting { program: &shown.program, divergence: &shown.divergence, origin };
    let subject = kernel.subject();
    let form = Form::SameSignature(Compare::Touched);
    let found = sighting.find(driver, subject, form, &mut |progress| {
        status
            .show(|| format!("{}: {} operations after {} runs", fault.name, progress.operations, progress.executions));
        start.elapsed() < patience && !interrupted()
    });
    status.clear();
    let Found { finding, repeats, complete } = found?;
    let note = match (repeats, complete) {
        (false, _) => ", not repeated when run alone",
        (true, false) => ", minimised as far as time allowed",
        (true, true) => "",
    };
    output::print_line(format_args!(
        "{GOOD}found{GOOD:#}       {}: {} after {} executions, {:.1} s; {} operations after {} runs{note}",
        fault.name,
        finding.signature,
        shown.index + 1,
        shown.time.as_secs_f64(),
        finding.step,
        finding.origin.minimised_in.unwrap_or(0),
    ))?;
    let row = Row::Found {
        fault: *fault,
        signature: finding.signature.to_string(),
        executions: shown.index + 1,
        search: shown.time,
        minimising: start.elapsed(),
        operations: finding.step,
    };
    let trace = Trace::from(finding.program());
    output::print_line(format_args!("{trace}  {}\n", finding.actual))?;
    let stops = finding.actual.contains("the kernel");
    let said = if stops { said(kernels, &trace)? } else { String::new() };
    if !said.is_empty() {
        output::print_line(format_args!("{said}\n"))?;
    }
    let Some(folder) = &arguments.out else { return Ok(row) };
    let path = folder.join(format!("{}.trace", fault.name));
    let options = format!("--subject {subject}{} --fault {} ", kernel.checks().option(), fault.name);
    let replayed = options + &quoted(&path.to_string_lossy());
    let text = finding.file(env!("CARGO_PKG_VERSION"), &replayed);
    output::write_file(&path, text.as_bytes())?;
    if said.is_empty() {
        return Ok(row);
    }
    output::write_file(&path.with_extension("console"), format!("{said}\n").as_bytes())?;
    Ok(row)
}

/// What the kernel says when it stops in a trace; nothing where it does not. One that does not stop again, since its
/// memory holds something else now, has said it when it was lost last.
fn said(kernels: &Kernels, trace: &Trace) -> Result<String> {
    let mut pool = kernels.pool().lock().unwrap_or_else(PoisonError::into_inner);
    pool.replay_alone(&trace.program())?;
    Ok(bug_report(pool.last_console()))
}
