//! `stalemap minimize`: shortens a trace that diverges.

use anyhow::{Result, anyhow, bail};
use stalemap_campaign::{Form, Found, Sighting};
use stalemap_harness::{Compare, Driver, Run};
use stalemap_operations::Trace;
use stalemap_report::Origin;

use crate::arguments::MinimizeArguments;
use crate::ending::Ending;
use crate::interrupt::interrupted;
use crate::status::Status;
use crate::subject::{Builder, Work, work_with};
use crate::{hang, input, output};

pub(crate) fn minimize(arguments: &MinimizeArguments) -> Result<Ending> {
    work_with(arguments.subject, arguments)
}

impl Work for &MinimizeArguments {
    fn with<B: Builder>(self, name: &'static str, build: &B) -> Result<Ending> {
        minimize_with(name, build, self)
    }
}

fn minimize_with<B: Builder>(subject: &'static str, build: &B, arguments: &MinimizeArguments) -> Result<Ending> {
    let file = arguments.file.display();
    let trace = input::read(&arguments.file)?.trace;
    if let Some(path) = &arguments.output {
        output::check_folder(path.parent().unwrap_or(path))?;
    }
    let mut driver = Driver::new(build.clone());
    // Beside the output, which is what was minimised.
    let _watchdog = hang::watch(subject, &mut driver, |finding, _| {
        output::tell(finding.text());
        Ok(())
    });
    let (program, compare) = (trace.program(), arguments.compare.compare());
    let run = driver.run(&program, compare).map_err(|it| anyhow!(it))?;
    let Some(divergence) = &run.divergence else {
        bail!("{file}: {}", why_not(&trace, &run, &mut driver)?);
    };
    let mut status = Status::new();
    let sighting = Sighting { program: &program, divergence, origin: Origin::default() };
    let found = sighting.find(&mut driver, subject, Form::SameSignature(compare), &mut |progress| {
        status.show(|| format!("{} operations after {} runs", progress.operations, progress.executions));
        !interrupted()
    });
    status.clear();
    let Found { finding, repeats, complete } = found.map_err(|it| anyhow!(it))?;
    let Some(executions) = finding.origin.minimised_in else {
        bail!("{file}: it diverges at one time and agrees at another");
    };
    let name = arguments.output.as_ref().map_or("FILE".into(), |path| path.to_string_lossy());
    let text = finding.file(env!("CARGO_PKG_VERSION"), &arguments.subject.replaying(&name));
    match &arguments.output {
        Some(path) => output::write_file(path, text.as_bytes())?,
        None => output::print(text)?,
    }
    let early = if complete { "" } else { ", interrupted before the end" };
    let once = if repeats { "" } else { "; IT DOES NOT REPEAT on new machines" };
    output::tell(format_args!(
        "{}: from {} operations to {} in {executions} runs{early}{once}",
        finding.signature,
        trace.steps.len(),
        finding.step,
    ));
    Ok(Ending::Agree)
}

/// Why there is nothing to shorten.
fn why_not<B: Builder>(trace: &Trace, run: &Run, driver: &mut Driver<B>) -> Result<String> {
    let checked = driver.run_trace(trace, Compare::Touched).map_err(|it| anyhow!(it))?;
    Ok(match checked.divergence {
        Some(divergence) => format!(
            "both sides agree; only the answer written at operation {} is wrong ({})",
            divergence.step + 1,
            divergence.mismatch.actual
        ),
        None => format!("both sides agree on all {} operations; there is nothing to shorten", run.steps),
    })
}
