//! `stalemap linux record-finding`: writes into the trace of a kernel's fault what the kernel answers and shows at each step.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use stalemap_commands::{Ending, input, output};
use stalemap_harness::Driver;
use stalemap_linux::{Cache, Fault, Kernels, Transcript};
use stalemap_operations::Trace;

use super::which::Which;

/// Write into the trace of a kernel's fault what the kernel shows at each step, so that it can be looked at without it
#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    after_help = "\
The answers behind `=` stay those of the reference. Below each operation a comment says what the kernel shows, and where it answers \
something else or stops, that. Where the title says how another kernel stopped, and this one goes on, the title is believed.

Examples:
  stalemap linux record-finding --native --fault table_keeps_a_freed_page X.trace"
)]
pub(super) struct RecordFindingArguments {
    /// The trace, which is written anew
    file: PathBuf,
    /// The fault that is switched on in the kernel
    #[arg(long, value_name = "NAME", value_parser = Fault::by_name)]
    fault: Fault,
    #[command(flatten)]
    which: Which,
}

/// How the title of a finding begins that says how the kernel stopped.
const STOPPED: &str = "# actual:   panic: the kernel: ";

pub(super) fn record_finding(cache: &Cache, arguments: &RecordFindingArguments) -> Result<Ending> {
    let place = arguments.file.display();
    let trace = input::read(&arguments.file)?.trace;
    let kernels = Kernels::cached(cache, arguments.which.target()?, 1 << arguments.fault.bit)?;
    let way = kernels.way();
    let mut driver = Driver::new(kernels);
    let written: Option<Vec<_>> = trace.steps.iter().map(|step| step.answer).collect();
    let written = written.with_context(|| format!("{place}: an operation has no answer"))?;
    let stopped = trace.title.iter().find_map(|line| line.strip_prefix(STOPPED));
    let last = trace.steps.len() - 1;
    let mut transcript = Transcript::new(way, Vec::new(), trace.machine);
    let mut done = 0;
    let run = driver.watch(&trace.program(), &mut |watched| {
        let (operation, expected) = (watched.operation, written[watched.step]);
        match stopped {
            Some(said) if watched.step == last => transcript.stopping_step(operation, expected, said),
            _ if watched.claimed == expected => transcript.step(operation, expected, watched.subject),
            _ => transcript.differing_step(operation, expected, watched.claimed, watched.subject),
        }
        done = watched.step + 1;
    });
    let divergence = run?.divergence;
    match (stopped, &divergence) {
        (Some(said), _) if done == last => transcript.stopping_step(trace.steps[last].operation, written[last], said),
        (None, Some(_)) | (Some(_), _) if done == last + 1 => {}
        _ => bail!("{place}: the kernel does not do what the trace says; {done} of {} operations were seen", last + 1),
    }
    let recorded = with_lines(&trace, &transcript.finish());
    output::write_file(&arguments.file, recorded.to_string().as_bytes())?;
    Ok(Ending::Agree)
}

/// The trace with the lines of a transcript of it, and its own comments below them.
fn with_lines(trace: &Trace, transcript: &Trace) -> Trace {
    let own = |comments: &[String]| comments.iter().filter(|line| !line.starts_with("#=")).cloned().collect::<Vec<_>>();
    let mut recorded = trace.clone();
    for (step, lines) in recorded.steps.iter_mut().zip(&transcript.steps) {
        step.comments = [lines.comments.clone(), own(&step.comments)].concat();
    }
    recorded.ending = [transcript.ending.clone(), own(&trace.ending)].concat();
    recorded
}
