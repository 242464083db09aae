//! The stage of the nightly campaign: each target for half an hour on all cores, its corpus kept and distilled, what it
//! finds minimised and reported.

mod finds;

use std::fs;
use std::path::Path;
use std::thread::available_parallelism;

use anyhow::{Context, Result, ensure};

use super::targets;
use super::workshop::{Call, Workshop};
use finds::Finds;

const SECONDS: u64 = 1_800;

/// The report, below the folder of the stages: the workflow `campaign` makes an issue of it.
const REPORT: &str = "nightly/report.md";

/// The exit codes of libFuzzer in fork mode: nothing found, or the last process died of a timeout, memory or a crash.
const ENDINGS: &[i32] = &[0, 70, 71, 77];

pub(super) fn run(workshop: &Workshop) -> Result<()> {
    workshop.fresh_folder("nightly")?;
    let report = workshop.target().join("ci").join(REPORT);
    let mut finds = Finds::new(workshop.bug(), workshop.fresh_folder("nightly/traces")?);
    for name in targets::names(workshop)? {
        let build = if workshop.bug().is_some() { targets::build_with_bugs } else { targets::build };
        let target = build(workshop, &name)?;
        let artifacts = workshop.fresh_folder(&format!("nightly/artifacts/{name}"))?;
        fuzz(workshop, &name, &target, &artifacts)?;
        finds.collect(workshop, &name, &artifacts)?;
        // After each target: what was found stays known if the next one fails.
        if finds.count() > 0 {
            fs::write(&report, finds.report()).with_context(|| format!("cannot write {}", report.display()))?;
        }
    }
    let said = format!("the campaign found {}; the report is {}", finds.count(), report.display());
    if let Some(bug) = workshop.bug() {
        ensure!(finds.count() > 0, "the campaign did not find the planted bug {bug}");
        println!("{said}");
    } else {
        ensure!(finds.count() == 0, "{said}");
    }
    Ok(())
}

/// Fuzzes a target from its kept corpus and the seeds, and leaves the smallest corpus that meets the same.
fn fuzz(workshop: &Workshop, name: &str, target: &Path, artifacts: &Path) -> Result<()> {
    let seeds = targets::seeds(workshop, name)?;
    // What meets something new because of a planted bug has no place in the kept corpus.
    let corpora = match workshop.bug() {
        Some(_) => workshop.target().join("ci/nightly/corpus"),
        None => workshop.root().join("fuzz/corpus"),
    };
    let corpus = corpora.join(name);
    fs::create_dir_all(&corpus).with_context(|| format!("cannot make {}", corpus.display()))?;
    // A process keeps one input of each signature and goes on: it would meet little else than a bug that is found often,
    // and the corpus would lose what the bug stops.
    let call = Call::new(target).with("STALEMAP_KEEP", artifacts);
    let call = workshop.bug().into_iter().fold(call, |call, bug| call.with("STALEMAP_BUG", bug));
    let call = call.argument("-timeout=10").argument(format!("-artifact_prefix={}/", artifacts.display()));
    let jobs = available_parallelism().map_or(1, usize::from);
    let seconds = workshop.seconds().unwrap_or(SECONDS);
    // One process for each core. An input that stops one all the same is kept too, and the others go on.
    let campaign = call.clone().arguments([format!("-fork={jobs}"), format!("-max_total_time={seconds}")]);
    let campaign = campaign.arguments(["-ignore_crashes=1", "-ignore_timeouts=1", "-ignore_ooms=1"]);
    // Half an hour is long: libFuzzer's own lines show that it goes on.
    let code = workshop.code(&campaign.argument(&corpus).argument(&seeds))?;
    ensure!(ENDINGS.contains(&code), "libFuzzer ended with the exit code {code}");
    let distilled = workshop.fresh_folder(&format!("distilled-{name}"))?;
    workshop.hush(&call.argument("-merge=1").argument(&distilled).argument(&corpus).argument(&seeds))?;
    let (before, after) = (fs::read_dir(&corpus)?.count(), fs::read_dir(&distilled)?.count());
    println!("{name}: {before} inputs were kept, {after} of them and of the seeds meet the same");
    fs::remove_dir_all(&corpus).with_context(|| format!("cannot empty {}", corpus.display()))?;
    fs::rename(&distilled, &corpus).with_context(|| format!("cannot move to {}", corpus.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::REPORT;

    #[test]
    fn the_workflow_makes_an_issue_of_the_very_report() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let workflow = fs::read_to_string(root.join(".github/workflows/campaign.yml")).unwrap();
        let condition = format!("hashFiles('target/ci/{REPORT}') != ''");
        let issue = format!("--body-file target/ci/{REPORT}\n");
        assert!(workflow.contains(&condition) && workflow.contains(&issue), "campaign.yml reads another report");
    }
}
