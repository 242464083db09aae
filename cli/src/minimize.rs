//! `stalemap minimize`: shortens a trace that diverges.

use anyhow::{Result, anyhow, bail};
use stalemap_harness::{Compare, Driver, Run, minimise};
use stalemap_operations::Trace;
use stalemap_report::{Finding, Origin};

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
    let run = driver.run(&trace.program(), Compare::Touched).map_err(|it| anyhow!(it))?;
    let Some(divergence) = &run.divergence else {
        bail!("{file}: {}", why_not(&trace, &run, &mut driver)?);
    };
    let signature = divergence.signature();
    let mut status = Status::new();
    let minimised = minimise(&mut driver, &trace.program(), &signature, &mut |progress| {
        status.show(|| format!("{} operations after {} runs", progress.operations, progress.executions));
        !interrupted()
    });
    status.clear();
    let minimised = minimised.ok_or_else(|| anyhow!("{file}: it diverges at one time and agrees at another"))?;
    let origin = Origin { minimised_in: Some(minimised.executions), ..Origin::default() };
    let find = Finding::describe(&mut driver, subject, &minimised.program, &minimised.divergence, origin);
    let find = find.map_err(|it| anyhow!(it))?;
    let name = arguments.output.as_ref().map_or("FILE".into(), |path| path.to_string_lossy());
    let text = find.file(env!("CARGO_PKG_VERSION"), &arguments.subject.replaying(&name));
    match &arguments.output {
        Some(path) => output::write_file(path, text.as_bytes())?,
        None => output::print(text)?,
    }
    let early = if minimised.complete { "" } else { ", interrupted before the end" };
    output::tell(format_args!(
        "{signature}: from {} operations to {} in {} runs{early}",
        trace.steps.len(),
        minimised.program.operations.len(),
        minimised.executions
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
