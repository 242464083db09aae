//! `stalemap bugs --bless`: finds each bug with the native generator, minimises, and keeps the shortest trace.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use stalemap_campaign::{Form, Sighting};
use stalemap_commands::interrupt::interrupted;
use stalemap_commands::status::Status;
use stalemap_commands::{Ending, output};
use stalemap_implementation::{Bug, Switch};
use stalemap_operations::Trace;
use stalemap_report::{Finding, Origin};

use super::arguments::BugsArguments;
use super::engine::Engine;
use super::hunt::{Limits, hunt};
use crate::seeded;

/// How often each bug is found; the best of the findings is kept.
const FINDINGS: u64 = 24;
/// CPU time for each finding.
const TIME: Duration = Duration::from_secs(60);

pub(super) fn bless(arguments: &BugsArguments) -> Result<Ending> {
    output::check_folder(&arguments.corpus)?;
    let mut status = Status::new();
    let mut missed = 0;
    for bug in arguments.bugs() {
        let mut best: Option<Finding> = None;
        for seed in 0..FINDINGS {
            status.show(|| format!("{}: finding {} of {FINDINGS}", bug.name(), seed + 1));
            let limits = Limits { operations: arguments.ops, time: TIME, executions: None };
            let found = find(bug, seed, limits)?;
            if interrupted() {
                status.clear();
                return Ok(Ending::Interrupted);
            }
            best = [best, found].into_iter().flatten().min_by_key(rank);
        }
        let Some(best) = best else {
            missed += 1;
            status.aside(|| output::tell(format_args!("{}: not found", bug.name())));
            continue;
        };
        let path = arguments.corpus.join(format!("{}.trace", bug.name()));
        output::write_file(&path, text(bug, &best)?.as_bytes())?;
        let length = best.step;
        status.aside(|| {
            output::print_line(format_args!("{}  {length} operations  {}", path.display(), best.signature))
        })?;
    }
    status.clear();
    if missed > 0 {
        bail!("{missed} bugs were not found within {} CPU seconds a seed", TIME.as_secs());
    }
    Ok(Ending::Agree)
}

/// What is better comes first: a difference that an oracle sees before a panic, few operations, a small machine.
fn rank(finding: &Finding) -> (bool, usize, String) {
    (finding.signature.starts_with("panic."), finding.step, finding.trace.clone())
}

/// Finds a bug at one seed and brings what was found to its canonical form; nothing where it is not found or the user
/// interrupts.
fn find(bug: Bug, seed: u64, limits: Limits) -> Result<Option<Finding>> {
    let mut native = Engine::Native.start(seed, limits.operations).context("the native engine is in this process")?;
    let Some(found) = hunt(native.as_mut(), Some(bug), limits)?.and_then(|hunt| hunt.found) else {
        return Ok(None);
    };
    let sighting = Sighting { program: &found.program, divergence: &found.divergence, origin: Origin::default() };
    let mut driver = seeded::driver(&Switch::new(Some(bug)));
    let found = sighting.find(&mut driver, "implementation", Form::Canonical, &mut |_| !interrupted())?;
    ensure!(found.repeats, "{}: it diverges at one time and agrees at another", bug.name());
    Ok(Some(found.finding))
}

/// The trace of a bug, with what it is on top.
fn text(bug: Bug, finding: &Finding) -> Result<String> {
    let mut trace = Trace::parse(&finding.trace)?;
    trace.title = vec![
        format!("# seeded bug: {}", bug.name()),
        format!("# signature: {}", finding.signature),
        format!("# expected: {}", finding.expected),
        format!("# actual: {}", finding.actual),
    ];
    Ok(trace.to_string())
}
