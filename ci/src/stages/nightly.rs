//! The stage of the nightly campaign: each target for half an hour on all cores, its corpus kept and distilled, what it
//! finds minimised and reported.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use anyhow::{Context, Result, ensure};

use super::targets;
use super::workshop::{Call, Workshop};

const SECONDS: u64 = 1_800;

/// What a campaign leaves behind, below the folder that the workflow keeps.
struct Finds {
    artifacts: PathBuf,
    traces: PathBuf,
    /// The text of an issue.
    report: String,
    count: usize,
}

pub(super) fn run(workshop: &Workshop) -> Result<()> {
    let folder = workshop.fresh_folder("nightly")?;
    let make = |name: &str| workshop.fresh_folder(&format!("nightly/{name}"));
    let mut finds = Finds { artifacts: make("artifacts")?, traces: make("traces")?, report: String::new(), count: 0 };
    for name in targets::names(workshop)? {
        let target = targets::build(workshop, &name)?;
        fuzz(workshop, &name, &target, &finds.artifacts)?;
        finds.collect(workshop, &name)?;
    }
    let report = folder.join("report.md");
    if finds.count > 0 {
        fs::write(&report, &finds.report).with_context(|| format!("cannot write {}", report.display()))?;
    }
    ensure!(finds.count == 0, "the campaign found {} inputs; the report is {}", finds.count, report.display());
    Ok(())
}

/// Fuzzes a target from its kept corpus and the seeds, and leaves the smallest corpus that meets the same.
fn fuzz(workshop: &Workshop, name: &str, target: &Path, artifacts: &Path) -> Result<()> {
    let seeds = targets::seeds(workshop, name)?;
    let corpus = workshop.root().join("fuzz").join("corpus").join(name);
    fs::create_dir_all(&corpus).with_context(|| format!("cannot make {}", corpus.display()))?;
    let jobs = available_parallelism().map_or(1, usize::from);
    let seconds = workshop.seconds().unwrap_or(SECONDS);
    // One process for each core; each input that stops one is kept, and the others go on.
    let call = Call::new(target).arguments([format!("-fork={jobs}"), format!("-max_total_time={seconds}")]);
    let call = call.arguments(["-ignore_crashes=1", "-ignore_timeouts=1", "-ignore_ooms=1", "-timeout=10"]);
    let call = call.argument(format!("-artifact_prefix={}/{name}-", artifacts.display()));
    // Half an hour is long: libFuzzer's own lines show that it goes on.
    workshop.run(&call.argument(&corpus).argument(&seeds))?;
    let distilled = workshop.fresh_folder(&format!("distilled-{name}"))?;
    workshop.hush(&Call::new(target).argument("-merge=1").argument(&distilled).argument(&corpus).argument(&seeds))?;
    let (before, after) = (fs::read_dir(&corpus)?.count(), fs::read_dir(&distilled)?.count());
    println!("{name}: {before} inputs were kept, {after} of them and of the seeds meet the same");
    fs::remove_dir_all(&corpus).with_context(|| format!("cannot empty {}", corpus.display()))?;
    fs::rename(&distilled, &corpus).with_context(|| format!("cannot move to {}", corpus.display()))
}

impl Finds {
    /// Minimises what a target has stopped at, and writes about it.
    fn collect(&mut self, workshop: &Workshop, name: &str) -> Result<()> {
        let entries = fs::read_dir(&self.artifacts)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        let prefix = format!("{name}-");
        let file_name = |path: &Path| path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        let mut inputs: Vec<PathBuf> =
            entries.into_iter().filter(|path| file_name(path).starts_with(&prefix)).collect();
        inputs.sort();
        for input in inputs {
            self.count += 1;
            let input_name = file_name(&input);
            let trace = self.traces.join(format!("{input_name}.trace"));
            let minimize = Call::cargo(["run", "--release", "--locked", "--", "minimize"]);
            // What stops the target of texts may be no trace at all.
            let minimized = workshop.code(&minimize.argument(&input).argument("-o").argument(&trace))?;
            writeln!(self.report, "## `{name}` stops at `{input_name}`\n")?;
            if minimized == 0 {
                let text = fs::read_to_string(&trace).with_context(|| format!("cannot read {}", trace.display()))?;
                writeln!(self.report, "```\n{}\n```\n", text.trim_end())?;
                writeln!(self.report, "Save it as `find.trace` and replay it with:\n")?;
                writeln!(self.report, "```sh\ncargo run --release -- run find.trace\n```\n")?;
            } else {
                writeln!(
                    self.report,
                    "It is no trace that diverges. The input is among the artifacts; replay it with:\n"
                )?;
                writeln!(self.report, "```sh\ncargo fuzz run {name} -s none {input_name}\n```\n")?;
            }
        }
        Ok(())
    }
}
