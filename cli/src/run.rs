//! `stalemap run`: replays traces, checks what is written in them, and shows what happens.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Result, anyhow};
use serde::Serialize;
use stalemap_harness::Driver;
use stalemap_operations::{Program, Trace};
use stalemap_report::style::{BAD, GOOD};
use stalemap_report::{FileResult, Finding, Origin, Verdict, diff, junit_of_results, states};

use crate::arguments::{Format, RunArguments};
use crate::ending::Ending;
use crate::interrupt::interrupted;
use crate::status::Status;
use crate::subject::{Builder, Work, work_with};
use crate::{hang, input, output};

/// All results as JSON.
#[derive(Serialize)]
struct Results<'a> {
    version: &'static str,
    subject: &'static str,
    files: &'a [FileResult],
}

pub(crate) fn run(arguments: &RunArguments) -> Result<Ending> {
    work_with(arguments.subject, Replay { arguments, files: input::files(&arguments.paths)? })
}

/// Replaying files.
struct Replay<'a> {
    arguments: &'a RunArguments,
    files: Vec<PathBuf>,
}

impl Work for Replay<'_> {
    fn with<B: Builder>(self, name: &'static str, build: &B) -> Result<Ending> {
        replay_all(name, build, &self.files, self.arguments)
    }
}

fn replay_all<B: Builder>(
    name: &'static str,
    build: &B,
    files: &[PathBuf],
    arguments: &RunArguments,
) -> Result<Ending> {
    let mut driver = Driver::new(build.clone());
    let so_far = Arc::new(Mutex::new(SoFar::default()));
    let _watchdog = hang::watch(name, &mut driver, print_hang(name, arguments.format, Arc::clone(&so_far)));
    let mut status = Status::new();
    for (done, file) in files.iter().enumerate() {
        if interrupted() {
            break;
        }
        status.show(|| format!("{done} of {} files", files.len()));
        lock(&so_far).file = file.to_string_lossy().into_owned();
        let result = replay(name, &mut driver, file, arguments);
        if arguments.format == Format::Text {
            status.aside(|| print_result(&result))?;
        }
        lock(&so_far).results.push(result);
    }
    status.clear();
    let so_far = lock(&so_far);
    print_all(name, &so_far.results, arguments.format)?;
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
    subject: &'static str,
    format: Format,
    so_far: Arc<Mutex<SoFar>>,
) -> impl Fn(&Finding, Program) -> Result<()> + Send + 'static {
    move |finding, _| {
        let mut so_far = lock(&so_far);
        let verdict = Verdict::Diverge(Box::new(finding.clone()));
        let result = FileResult { file: so_far.file.clone(), operations: finding.step, verdict };
        if format == Format::Text {
            print_result(&result)?;
        }
        so_far.results.push(result);
        print_all(subject, &so_far.results, format)
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

/// Runs one file.
fn replay<B: Builder>(subject: &str, driver: &mut Driver<B>, file: &Path, arguments: &RunArguments) -> FileResult {
    let name = file.to_string_lossy().into_owned();
    let outcome = input::read(file).and_then(|input| {
        if arguments.show {
            show(subject, driver, &input.trace)?;
        }
        compare(subject, driver, &input.trace, arguments)
    });
    match outcome {
        Ok((operations, None)) => FileResult { file: name, operations, verdict: Verdict::Agree },
        Ok((operations, Some(find))) => {
            FileResult { file: name, operations, verdict: Verdict::Diverge(Box::new(find)) }
        }
        Err(error) => FileResult { file: name, operations: 0, verdict: Verdict::Trouble(format!("{error:#}")) },
    }
}

/// The operations that were done, and how they diverge if they do.
fn compare<B: Builder>(
    subject: &str,
    driver: &mut Driver<B>,
    trace: &Trace,
    arguments: &RunArguments,
) -> Result<(usize, Option<Finding>)> {
    let run = driver.run_trace(trace, arguments.compare()).map_err(|it| anyhow!(it))?;
    let Some(divergence) = run.divergence else {
        return Ok((run.steps, None));
    };
    let origin = Origin::default();
    let find = Finding::describe(driver, subject, &trace.program(), &divergence, origin);
    Ok((run.steps, Some(find.map_err(|it| anyhow!(it))?)))
}

/// Prints each step with the state after it.
fn show<B: Builder>(subject: &str, driver: &mut Driver<B>, trace: &Trace) -> Result<()> {
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
    run.map_err(|it| anyhow!(it))?;
    output::print_line("")
}

fn print_result(result: &FileResult) -> Result<()> {
    let FileResult { file, operations, verdict } = result;
    match verdict {
        Verdict::Agree => output::print_line(format_args!("{GOOD}agree{GOOD:#}    {file}  {operations} operations")),
        Verdict::Diverge(find) => {
            output::print_line(format_args!("{BAD}diverge{BAD:#}  {file}  at operation {}\n", find.step))?;
            output::print_line(find.text())
        }
        Verdict::Trouble(sentence) => {
            output::complain(&anyhow!(sentence.clone()));
            Ok(())
        }
    }
}

/// What stands at the end: the whole for machines, the sums for people.
fn print_all(subject: &'static str, results: &[FileResult], format: Format) -> Result<()> {
    match format {
        Format::Json => {
            let results = Results { version: env!("CARGO_PKG_VERSION"), subject, files: results };
            output::print_line(serde_json::to_string_pretty(&results)?)
        }
        Format::Junit => output::print_line(junit_of_results(results).map_err(|it| anyhow!(it))?),
        Format::Text if results.len() == 1 => Ok(()),
        Format::Text => {
            let count = |wanted: fn(&Verdict) -> bool| results.iter().filter(|it| wanted(&it.verdict)).count();
            let agree = count(|verdict| matches!(verdict, Verdict::Agree));
            let diverge = count(|verdict| matches!(verdict, Verdict::Diverge(_)));
            let trouble = count(|verdict| matches!(verdict, Verdict::Trouble(_)));
            output::print_line(format_args!(
                "{} files: {agree} agree, {diverge} diverge, {trouble} in trouble",
                results.len()
            ))
        }
    }
}
