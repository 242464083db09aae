//! `stalemap minimize`: shortens a trace that diverges.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use stalemap_campaign::{Form, Found, Sighting};
use stalemap_harness::{Compare, Driver, Run};
use stalemap_operations::Trace;
use stalemap_report::{Origin, counted, grouped};

use crate::command_line::{CommandLine, quoted};
use crate::ending::Ending;
use crate::interrupt::interrupted;
use crate::status::Status;
use crate::subjects::{ChosenSubject, Subjects};
use crate::values::Amount;
use crate::{hang, input, output};

/// Shorten a trace that diverges, keeping its signature
#[derive(Debug, Args)]
#[command(after_help = "\
Ends with 0 when there was something to shorten. The result is 1-minimal: no operation can go, no operand can be smaller. \
Ctrl-C ends it early with what was reached, and with 130.

Examples:
  stalemap minimize findings/X.trace -o corpus/regressions/a-device-page-is-read-back.trace
  stalemap minimize fuzz/artifacts/lockstep/crash-1f2e > small.trace")]
pub struct MinimizeArguments<C: Args> {
    /// A trace, or an input of a fuzzing engine; `-` is stdin
    file: PathBuf,
    /// How much is compared after each step
    #[arg(long, value_enum, value_name = "AMOUNT", default_value_t)]
    compare: Amount,
    #[command(flatten)]
    subject: C,
    /// Where the result goes; to stdout where nothing is given
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Minimises the trace on the subject that is chosen, and writes the result.
///
/// # Errors
/// When the trace cannot be read or does not diverge, the subject is not there, or the result cannot be written.
pub fn minimize<S: Subjects>(line: &CommandLine<S>, arguments: &MinimizeArguments<S::Choice>) -> Result<Ending> {
    let ChosenSubject { name: subject, build } = line.subjects().chosen(&arguments.subject)?;
    let file = arguments.file.display();
    let trace = input::read(&arguments.file)?.trace;
    if let Some(path) = &arguments.output {
        output::check_file(path)?;
    }
    let mut driver = Driver::new(build);
    // Beside the output, which is what was minimised.
    let _watchdog = hang::watch(&subject, line.limit(), &mut driver, hang::tell);
    let (program, compare) = (trace.program(), arguments.compare.compare());
    let run = driver.run(&program, compare)?;
    let Some(divergence) = &run.divergence else {
        bail!("{file}: {}", why_not(&trace, &run, &mut driver)?);
    };
    let mut status = Status::new();
    let sighting = Sighting { program: &program, divergence, origin: Origin::default() };
    let found = sighting.find(&mut driver, &subject, Form::SameSignature(compare), &mut |progress| {
        status.show(|| {
            let (operations, runs) = (progress.operations as u64, progress.executions);
            format!("{} after {}", counted(operations, "operation"), counted(runs, "run"))
        });
        !interrupted()
    });
    status.clear();
    let Found { finding, repeats, complete } = found?;
    let Some(executions) = finding.origin.minimised_in else {
        bail!("{file}: it diverges at one time and agrees at another");
    };
    let name = arguments.output.as_ref().map_or("FILE".into(), |path| path.to_string_lossy());
    let replay = line.replay(&arguments.subject).in_file(&quoted(&name));
    let text = finding.file_replayed_by(env!("CARGO_PKG_VERSION"), &replay);
    match &arguments.output {
        Some(path) => output::write_file(path, text.as_bytes())?,
        None => output::print(text)?,
    }
    let early = if complete { "" } else { ", interrupted before the end" };
    let once = if repeats { "" } else { "; IT DOES NOT REPEAT on new machines" };
    output::tell(format_args!(
        "{}: from {} to {} in {}{early}{once}",
        finding.signature,
        counted(trace.steps.len() as u64, "operation"),
        grouped(finding.step as u64),
        counted(executions, "run"),
    ));
    Ok(if complete { Ending::Agree } else { Ending::Interrupted })
}

/// Why there is nothing to shorten.
fn why_not(trace: &Trace, run: &Run, driver: &mut Driver) -> Result<String> {
    let checked = driver.run_trace(trace, Compare::Touched)?;
    Ok(match checked.divergence {
        Some(divergence) => format!(
            "both sides agree; only the answer written at operation {} is wrong ({})",
            divergence.step + 1,
            divergence.mismatch.actual
        ),
        None => {
            let operations = counted(run.steps as u64, "operation");
            format!("both sides agree on all {operations}; there is nothing to shorten")
        }
    })
}
