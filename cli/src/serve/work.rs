//! What is done with a trace of the editor: it is run, explained, shortened, or kept.

use std::time::Instant;

use anyhow::{Result, anyhow, bail};
use serde_json::{Value, json};
use stalemap_campaign::{Form, Found, Sighting};
use stalemap_commands::quoted;
use stalemap_harness::{Compare, Driver, guarded};
use stalemap_operations::{ParseError, Trace};
use stalemap_page::{Copies, Progress, Request, Section, Shown};
use stalemap_report::{Origin, answered, counted};

use super::folder::Folder;
use super::jobs::Job;
use super::orders::{Work, WorkOrder};
use super::subjects::{Driven, Offered};
use crate::copies::copies;

/// Mutated traces that are run for an explanation.
const NEIGHBOURS: u64 = 2_000;
/// What a trace is called that has no name.
const UNNAMED: &str = "edited";

/// Does what is ordered; what came of it, or what is wrong.
pub(super) fn work(order: &WorkOrder, folder: &Folder, offered: &Offered, job: &Job) -> Value {
    let trace = match Trace::parse(&order.text) {
        Ok(trace) => trace,
        Err(error) => return misread(&error),
    };
    let done = offered.shown(&order.subjects).and_then(|subjects| match order.work {
        Work::Run => shown(order, offered, &trace, &subjects, None),
        Work::Explain => shown(order, offered, &trace, &subjects, Some(job)),
        Work::Minimise => minimise(&trace, &subjects, job),
        Work::Keep => keep(order, folder, offered, &trace, &subjects),
    });
    done.unwrap_or_else(|error| json!({ "error": format!("{error:#}") }))
}

/// Where a text is no trace.
fn misread(error: &ParseError) -> Value {
    json!({ "error": error.to_string(), "line": error.line, "column": error.column })
}

/// Each step for all sides; what each operation is there for as well, where the work on that is told how far it is.
fn shown(
    order: &WorkOrder,
    offered: &Offered,
    trace: &Trace,
    subjects: &[(Driven, Shown)],
    explained: Option<&Job>,
) -> Result<Value> {
    let begun = Instant::now();
    let section = section(order, offered, trace, subjects, explained)?;
    Ok(json!({ "section": section, "seconds": begun.elapsed().as_secs_f64() }))
}

fn section(
    order: &WorkOrder,
    offered: &Offered,
    trace: &Trace,
    subjects: &[(Driven, Shown)],
    explained: Option<&Job>,
) -> Result<Section> {
    let shown: Vec<Shown> = subjects.iter().map(|(_, shown)| shown.clone()).collect();
    let program = trace.program();
    let request = Request { name: name(order), program: &program, subjects: &shown, neighbours: NEIGHBOURS };
    let section = match explained {
        Some(job) => Section::new(&request, &mut |progress| job.goes_on(words(progress)))?,
        None => Section::without_changes(&request)?,
    };
    with_copies(order, offered, trace, subjects, section)
}

fn words(progress: Progress) -> String {
    match progress {
        Progress::Explained(done, all) => format!("operation {} of {all}", done + 1),
        Progress::Neighbours(run, all) => format!("{run} of {all} mutated traces"),
        Progress::Visible => "what makes it visible".to_string(),
    }
}

/// Shortens the trace on the first subject that differs.
fn minimise(trace: &Trace, subjects: &[(Driven, Shown)], job: &Job) -> Result<Value> {
    let program = trace.program();
    for (_, Shown { name, build, .. }) in subjects {
        let mut driver = Driver::new(build.clone());
        let run = driver.run(&program, Compare::Everything)?;
        let Some(divergence) = &run.divergence else { continue };
        let sighting = Sighting { program: &program, divergence, origin: Origin::default() };
        let found = sighting.find(&mut driver, name, Form::SameSignature(Compare::Everything), &mut |progress| {
            job.goes_on(format!(
                "{} after {} runs",
                counted(progress.operations as u64, "operation"),
                progress.executions
            ))
        });
        let Found { finding, repeats, complete } = found?;
        let early = if complete { "" } else { ", stopped before the end" };
        let once = if repeats { "" } else { "; it does not repeat on new machines" };
        let [before, after] = [program.operations.len(), finding.program().operations.len()];
        let said =
            format!("{}: from {} to {after}{early}{once}", finding.signature, counted(before as u64, "operation"));
        return Ok(json!({ "text": Trace::from(finding.program()).to_string(), "said": said }));
    }
    bail!("all sides agree: there is nothing to shorten")
}

/// Keeps the trace with the answers of the reference, under the finding that it shows if it shows one.
fn keep(
    order: &WorkOrder,
    folder: &Folder,
    offered: &Offered,
    trace: &Trace,
    subjects: &[(Driven, Shown)],
) -> Result<Value> {
    let section = section(order, offered, trace, subjects, None)?;
    let kept = folder.keep(&order.name, &section.copies().trace)?;
    Ok(json!({ "kept": kept }))
}

/// With the texts to be copied: of a finding, or of a trace on which all sides agree.
fn with_copies(
    order: &WorkOrder,
    offered: &Offered,
    trace: &Trace,
    subjects: &[(Driven, Shown)],
    section: Section,
) -> Result<Section> {
    let name = name(order);
    let stem = name.trim_end_matches(".trace");
    let file = quoted(&format!("{stem}.trace"));
    let Some(finding) = section.finding() else {
        let title: String = trace.title.iter().map(|line| format!("{line}\n")).collect();
        let answered = guarded(|| answered(trace)).map_err(|panic| anyhow!("the reference panics: {panic}"))?;
        let command = offered.replay(&subjects[0].0, &file);
        let text = title + &Trace { title: Vec::new(), ..answered }.to_string();
        return Ok(section.with_copies(Copies { trace: text, rust: None, c: None, command }));
    };
    let culprit = subjects.iter().find(|(_, shown)| shown.name == finding.subject);
    let command = offered.replay(&culprit.unwrap_or(&subjects[0]).0, &file);
    let copies = copies(finding, stem, &command)?;
    Ok(section.with_copies(copies))
}

fn name(order: &WorkOrder) -> &str {
    if order.name.is_empty() { UNNAMED } else { &order.name }
}
