//! `stalemap bugs --bless`: finds each bug with the native generator, minimises, and keeps the shortest trace.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use stalemap_commands::interrupt::interrupted;
use stalemap_commands::status::Status;
use stalemap_commands::{Ending, output};
use stalemap_harness::{Signature, minimise};
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

/// A minimised finding.
struct Shortest {
    signature: Signature,
    trace: Trace,
}

pub(super) fn bless(arguments: &BugsArguments) -> Result<Ending> {
    output::check_folder(&arguments.corpus)?;
    let mut status = Status::new();
    let mut missed = 0;
    for bug in arguments.bugs() {
        let mut best: Option<Shortest> = None;
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
        output::write_file(&path, best.trace.to_string().as_bytes())?;
        let length = best.trace.steps.len();
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
fn rank(found: &Shortest) -> (bool, usize, String) {
    (found.signature.oracle() == "panic", found.trace.steps.len(), found.trace.to_string())
}

/// Finds a bug at one seed and minimises what was found; nothing where it is not found or the user interrupts.
fn find(bug: Bug, seed: u64, limits: Limits) -> Result<Option<Shortest>> {
    let mut native = Engine::Native.start(seed, limits.operations).context("the native engine is in this process")?;
    let Some(found) = hunt(native.as_mut(), Some(bug), limits)?.and_then(|hunt| hunt.found) else {
        return Ok(None);
    };
    let mut driver = seeded::driver(&Switch::new(Some(bug)));
    let signature = found.divergence.signature();
    let minimised = minimise(&mut driver, &found.program, &signature, &mut |_| !interrupted());
    let minimised =
        minimised.ok_or_else(|| anyhow!("{}: it diverges at one time and agrees at another", bug.name()))?;
    let described = {
        let (program, divergence) = (&minimised.program, &minimised.divergence);
        Finding::describe(&mut driver, "implementation", program, divergence, Origin::default())
    };
    let described = described.map_err(|it| anyhow!(it))?;
    let mut trace = Trace::parse(&described.trace)?;
    trace.title = vec![
        format!("# seeded bug: {}", bug.name()),
        format!("# signature: {signature}"),
        format!("# expected: {}", described.expected),
        format!("# actual: {}", described.actual),
    ];
    Ok(Some(Shortest { signature, trace }))
}
