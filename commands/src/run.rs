//! `stalemap run`: replays traces, checks what is written in them, and shows what happens.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Error, Result, anyhow};
use clap::Args;
use serde::Serialize;
use stalemap_harness::{Compare, Driver, Hang};
use stalemap_operations::Trace;
use stalemap_report::style::{BAD, GOOD};
use stalemap_report::{
    FileResult, Finding, Origin, Verdict, counted, diff, grouped, junit_of_results, line_of_step, sarif_of_results,
    states,
};

use crate::command_line::CommandLine;
use crate::ending::Ending;
use crate::interrupt::{Interrupted, interrupted};
use crate::status::Status;
use crate::subjects::{ChosenSubject, Subjects};
use crate::values::{Amount, Format};
use crate::{hang, input, output};

/// All results as JSON.
#[derive(Serialize)]
struct Results<'a> {
    version: &'static str,
    subject: &'a str,
    files: &'a [FileResult],
}

/// Replay traces, and check the answers that are written in them
#[derive(Debug, Args)]
#[command(after_help = "\
A folder stands for every trace (*.trace) and every input of a fuzzing engine below it; `-` is stdin. Of several files only \
those that fail are printed, and how many there are of each sort.

Examples:
  stalemap run corpus
  stalemap run --show findings/mapping.writable@migrate-3f1a09c2.trace
  stalemap run --format junit corpus > replay.xml
  stalemap run --format sarif corpus > replay.sarif")]
pub struct RunArguments<C: Args> {
    /// Traces, inputs of fuzzing engines, or folders of them
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    subject: C,
    /// Print the state after each step, of both sides where they differ
    #[arg(long)]
    show: bool,
    /// How much is compared after each step
    #[arg(long, value_enum, value_name = "AMOUNT", default_value_t)]
    compare: Amount,
    /// The same as --compare full
    #[arg(long, conflicts_with = "compare")]
    full: bool,
    /// How results are printed
    #[arg(long, value_enum, default_value_t, conflicts_with = "show")]
    format: Format,
    /// Print a line for each file that agrees too
    #[arg(short, long)]
    verbose: bool,
}

/// Replays all files on the subject that is chosen.
///
/// # Errors
/// When a path is not there, the subject is not, or a result cannot be printed.
pub fn run<S: Subjects>(line: &CommandLine<S>, arguments: &RunArguments<S::Choice>) -> Result<Ending> {
    let (files, troubles) = input::files_and_troubles(&arguments.paths);
    let RunArguments { show, full, format, .. } = *arguments;
    let compare = if full { Compare::Everything } else { arguments.compare.compare() };
    let is_one = files.len() + troubles.len() == 1;
    let printed = Printed { format, verbose: arguments.verbose || show || is_one, sums: !is_one };
    let subject = line.subjects().chosen(&arguments.subject)?;
    replay_all(&subject, &Files { files, troubles, deadline: line.limit(), show, compare, printed })
}

/// Files that are replayed, and how.
struct Files {
    files: Vec<PathBuf>,
    /// What could not be listed, and why.
    troubles: Vec<(PathBuf, Error)>,
    deadline: Duration,
    show: bool,
    compare: Compare,
    printed: Printed,
}

/// What is printed.
#[derive(Clone, Copy)]
struct Printed {
    format: Format,
    /// Whether files that agree are printed too.
    verbose: bool,
    /// Whether the files are counted in the end.
    sums: bool,
}

fn replay_all(subject: &ChosenSubject, wanted: &Files) -> Result<Ending> {
    let ChosenSubject { name, build } = subject;
    let (files, printed) = (&wanted.files, wanted.printed);
    let mut driver = Driver::new(build.clone());
    let so_far = Arc::new(Mutex::new(SoFar::default()));
    for (path, error) in &wanted.troubles {
        let trouble = Verdict::Trouble(format!("{error:#}"));
        let result = not_run(path.to_string_lossy().into_owned(), 0, trouble);
        print_result(&result, printed)?;
        lock(&so_far).results.push(result);
    }
    let print_hang = print_hang(name, printed, Arc::clone(&so_far));
    let _watchdog = hang::watch(name, wanted.deadline, &mut driver, print_hang);
    let mut status = Status::new();
    for (done, file) in files.iter().enumerate() {
        if interrupted() {
            break;
        }
        status.show(|| format!("{} of {} files", grouped(done as u64), grouped(files.len() as u64)));
        lock(&so_far).file = file.to_string_lossy().into_owned();
        let Some(result) = replay(name, &mut driver, file, wanted) else { break };
        status.aside(|| print_result(&result, printed))?;
        lock(&so_far).results.push(result);
    }
    status.clear();
    let so_far = lock(&so_far);
    print_all(name, &so_far.results, printed)?;
    Ok(ending(&so_far.results))
}

/// What the watchdog needs to print all results if a file hangs.
#[derive(Default)]
struct SoFar {
    results: Vec<FileResult>,
    /// The file that is being run.
    file: String,
}

fn lock(so_far: &Mutex<SoFar>) -> MutexGuard<'_, SoFar> {
    so_far.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What prints the results if a file hangs, which is the last of them.
fn print_hang(
    subject: &str,
    printed: Printed,
    so_far: Arc<Mutex<SoFar>>,
) -> impl Fn(&Finding, &Hang) -> Result<()> + Send + use<> {
    let subject = subject.to_string();
    move |finding, _| {
        let mut so_far = lock(&so_far);
        let verdict = Verdict::Diverge(Box::new(finding.clone()));
        let result = not_run(so_far.file.clone(), finding.step, verdict);
        print_result(&result, printed)?;
        so_far.results.push(result);
        print_all(&subject, &so_far.results, printed)
    }
}

fn ending(results: &[FileResult]) -> Ending {
    let any = |wanted: fn(&Verdict) -> bool| results.iter().any(|result| wanted(&result.verdict));
    if any(|verdict| matches!(verdict, Verdict::Trouble(_))) {
        Ending::Trouble
    } else if any(|verdict| matches!(verdict, Verdict::Diverge(_))) {
        Ending::Diverge
    } else if interrupted() {
        Ending::Interrupted
    } else {
        Ending::Agree
    }
}

/// Runs one file; nothing where the user interrupts while it is read.
fn replay(subject: &str, driver: &mut Driver, file: &Path, wanted: &Files) -> Option<FileResult> {
    let name = file.to_string_lossy().into_owned();
    let outcome = input::read(file).and_then(|input| {
        if wanted.show {
            show(subject, driver, &input.trace).with_context(|| name.clone())?;
        }
        let result = compare(subject, driver, &input.trace, wanted.compare).with_context(|| name.clone())?;
        let Compared { operations, left_out, finding } = result;
        let line = finding.as_ref().and_then(|finding| line_of_step(input.text.as_deref()?, finding.step));
        let verdict = finding.map_or(Verdict::Agree, |finding| Verdict::Diverge(Box::new(finding)));
        Ok(FileResult { file: name.clone(), operations, left_out, line, verdict })
    });
    match outcome {
        Ok(result) => Some(result),
        Err(error) if error.chain().any(|cause| cause.is::<Interrupted>()) => None,
        Err(error) => Some(not_run(name, 0, Verdict::Trouble(format!("{error:#}")))),
    }
}

/// What comes of a file without all of its operations.
fn not_run(file: String, operations: usize, verdict: Verdict) -> FileResult {
    FileResult { file, operations, left_out: BTreeSet::new(), line: None, verdict }
}

/// What both sides come to.
struct Compared {
    /// Operations that were done.
    operations: usize,
    /// Those that were not, since the subject cannot do them.
    left_out: BTreeSet<&'static str>,
    finding: Option<Finding>,
}

fn compare(subject: &str, driver: &mut Driver, trace: &Trace, compare: Compare) -> Result<Compared> {
    let run = driver.run_trace(trace, compare)?;
    let program = trace.program();
    let left_out: Vec<_> = driver.left_out(&program.operations[..run.steps]).collect();
    let operations = run.steps - left_out.len();
    let left_out = left_out.into_iter().map(|operation| operation.kind().row().word).collect();
    let describe = |divergence| Finding::describe(driver, subject, &program, &divergence, Origin::default());
    let finding = run.divergence.map(describe).transpose()?;
    Ok(Compared { operations, left_out, finding })
}

/// Prints each step with the state after it.
fn show(subject: &str, driver: &mut Driver, trace: &Trace) -> Result<()> {
    output::print_line(format_args!("machine {}", trace.machine))?;
    let mut printed = Ok(());
    let run = driver.watch(&trace.program(), &mut |watched| {
        if printed.is_ok() {
            let claimed = if watched.claimed == watched.expected {
                String::new()
            } else {
                format!("   {BAD}but {} answers {}{BAD:#}", subject, watched.claimed)
            };
            let [reference, other] = states(watched, &trace.machine);
            let state = diff(&reference, &other, subject);
            printed = output::print(format_args!(
                "\n{}  {} = {}{claimed}\n{state}",
                watched.step + 1,
                watched.operation,
                watched.expected
            ));
        }
    });
    printed?;
    run?;
    output::print_line("")
}

fn print_result(result: &FileResult, printed: Printed) -> Result<()> {
    let FileResult { file, operations, left_out, verdict, .. } = result;
    if printed.format != Format::Text {
        return Ok(());
    }
    match verdict {
        Verdict::Agree if !printed.verbose => Ok(()),
        Verdict::Agree => {
            let operations = counted(*operations as u64, "operation");
            let words: Vec<&str> = left_out.iter().copied().collect();
            let less = if words.is_empty() { String::new() } else { format!("; left out: {}", words.join(", ")) };
            output::print_line(format_args!("{GOOD}agree{GOOD:#}    {file}  {operations}{less}"))
        }
        Verdict::Diverge(finding) => {
            output::print_line(format_args!("{BAD}diverge{BAD:#}  {file}  at operation {}\n", finding.step))?;
            output::print_line(finding.text())
        }
        Verdict::Trouble(sentence) => {
            output::complain(&anyhow!(sentence.clone()));
            Ok(())
        }
    }
}

/// Prints the end: all results as one document, or the sums.
fn print_all(subject: &str, results: &[FileResult], printed: Printed) -> Result<()> {
    match printed.format {
        Format::Json => {
            let results = Results { version: env!("CARGO_PKG_VERSION"), subject, files: results };
            output::print_line(serde_json::to_string_pretty(&results)?)
        }
        Format::Junit => output::print_line(junit_of_results(results)),
        Format::Sarif => {
            let log = sarif_of_results(results, env!("CARGO_PKG_VERSION"));
            output::print_line(serde_json::to_string_pretty(&log)?)
        }
        Format::Text if !printed.sums => Ok(()),
        Format::Text => {
            let count = |wanted: fn(&Verdict) -> bool| results.iter().filter(|it| wanted(&it.verdict)).count();
            let agree = count(|verdict| matches!(verdict, Verdict::Agree));
            let diverge = count(|verdict| matches!(verdict, Verdict::Diverge(_)));
            let trouble = count(|verdict| matches!(verdict, Verdict::Trouble(_)));
            let [agree, diverge, trouble] = [agree, diverge, trouble].map(|count| grouped(count as u64));
            let files = counted(results.len() as u64, "file");
            let whole = results.iter().filter(|it| it.left_out.is_empty()).count();
            let less = match results.len() - whole {
                0 => String::new(),
                some => format!("; of {} operations are left out that {subject} cannot do", grouped(some as u64)),
            };
            let early = if interrupted() { "; interrupted" } else { "" };
            output::print_line(format_args!(
                "{files}: {agree} agree, {diverge} diverge, {trouble} in trouble{less}{early}"
            ))
        }
    }
}
