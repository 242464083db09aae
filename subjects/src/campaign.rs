//! A campaign with a row of the catalogue, and the traces that are kept of earlier ones.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::{fs, io};

use stalemap::campaign::{Campaign, Diverged, Findings, Observer, Progress, Sampled};
use stalemap::{Compare, Driver, Machine, Settings, Subject as _, Trace};
use stalemap_harness::some_subject;
use stalemap_report::Origin;

use crate::catalogue::Row;

/// The most operations in an execution.
const OPERATIONS: usize = 128;
/// The seed of all campaigns here.
pub const SEED: u64 = 1;

/// What a campaign comes to.
pub struct Outcome {
    /// Executions that were done.
    pub executions: u64,
    /// Operations of these executions.
    pub operations: u64,
    /// Each finding, by its canonical signature.
    pub findings: BTreeMap<String, Kept>,
}

/// A finding.
pub struct Kept {
    /// The canonical trace.
    pub trace: Trace,
    /// After how many executions it is found first, from 1.
    pub executions: u64,
    /// How many of the executions diverge so.
    pub times: u64,
}

/// A campaign with a subject; on small machines of all sorts without a machine.
///
/// # Errors
/// Says why the subject cannot be a machine.
pub fn campaign(row: &Row, machine: Option<Machine>, executions: u64) -> Result<Outcome, String> {
    let build = (row.build)();
    let kinds = some_subject(&build)?.capabilities().operations;
    let settings = Settings { operations: OPERATIONS, kinds, machine, ..Settings::default() };
    let findings = Findings::new(row.name(), build.clone(), BTreeSet::new());
    let mut collect = Collect { findings, kept: BTreeMap::new(), operations: 0, refused: None };
    let campaign = Campaign::new(build).seed(SEED).settings(settings).runs(executions);
    let stats = campaign.run(&mut collect).map_err(|error| error.to_string())?;
    if let Some(refused) = collect.refused {
        return Err(refused);
    }
    for (signature, times) in collect.findings.counts() {
        if let Some(kept) = collect.kept.get_mut(&signature.to_string()) {
            kept.times = times;
        }
    }
    Ok(Outcome { executions: stats.executions, operations: collect.operations, findings: collect.kept })
}

/// Keeps what is found.
struct Collect {
    findings: Findings,
    kept: BTreeMap<String, Kept>,
    operations: u64,
    refused: Option<String>,
}

impl Observer for Collect {
    fn diverged(&mut self, Diverged { index, program, divergence }: Diverged) -> ControlFlow<()> {
        if !self.findings.count(&divergence.signature(), index) {
            return ControlFlow::Continue(());
        }
        let origin = Origin { seed_and_execution: Some((SEED, index)), ..Origin::default() };
        match self.findings.add(index, &program, &divergence, origin, &mut |_| true) {
            Ok(Sampled { is_new: false, .. }) => {}
            Ok(Sampled { found, .. }) => {
                let finding = found.finding;
                let kept = Kept { trace: Trace::from(finding.program().clone()), executions: index + 1, times: 0 };
                self.kept.insert(finding.signature.to_string(), kept);
            }
            Err(refused) => {
                self.refused = Some(refused.into());
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    fn progress(&mut self, progress: &Progress) {
        self.operations = progress.operations;
    }
}

/// The signature with which a trace diverges on a subject; none where both sides agree.
///
/// # Errors
/// Says why the subject cannot be the trace's machine.
pub fn replay(row: &Row, trace: &Trace) -> Result<Option<String>, String> {
    let run = Driver::new((row.build)()).run(&trace.program(), Compare::Everything)?;
    Ok(run.divergence.map(|divergence| divergence.signature().to_string()))
}

/// The folder of the traces that are kept of a row.
#[must_use]
pub fn folder(row: &Row) -> PathBuf {
    let name = row.name().replace(['@', '/'], "-");
    Path::new(env!("CARGO_MANIFEST_DIR")).join("findings").join(name)
}

/// The traces that are kept of a row, by signature; none without a folder.
///
/// # Errors
/// When a file cannot be read, is no trace, or names no signature.
pub fn kept(row: &Row) -> Result<BTreeMap<String, Trace>, String> {
    let entries = match fs::read_dir(folder(row)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error.to_string()),
    };
    let mut traces = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.extension().is_none_or(|it| it != "trace") {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let trace = Trace::parse(&text).map_err(|error| format!("{}:{error}", path.display()))?;
        let named = trace.title.iter().find_map(|line| line.strip_prefix("# signature: "));
        let signature = named.ok_or_else(|| format!("{} names no signature", path.display()))?.to_string();
        traces.insert(signature, trace);
    }
    Ok(traces)
}

/// Keeps a trace of a row.
///
/// # Errors
/// Says why the file cannot be written.
pub fn keep(row: &Row, signature: &str, found: &Kept) -> io::Result<()> {
    let folder = folder(row);
    fs::create_dir_all(&folder)?;
    let title = format!("# {}: seed {SEED}, execution {}\n# signature: {signature}\n", row.name(), found.executions);
    fs::write(folder.join(format!("{signature}.trace")), format!("{title}{}", found.trace))
}
