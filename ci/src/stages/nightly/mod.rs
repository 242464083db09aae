//! The stage of the nightly campaign: each target for half an hour on all cores, its corpus kept and distilled, what it
//! finds minimised and reported.

mod findings;

use std::fs;
use std::path::Path;
use std::thread::available_parallelism;

use anyhow::{Context as _, Result, ensure};
use xshell::cmd;

use super::targets;
use crate::context::{Context, exit_code, text};
use findings::Findings;

const SECONDS: u64 = 1_800;

/// The report, below the folder of the stages: the workflow `campaign` makes an issue of it.
const REPORT: &str = "nightly/report.md";

/// The exit codes of libFuzzer in fork mode: nothing found, or the last process died of a timeout, memory or a crash.
const ENDINGS: &[i32] = &[0, 70, 71, 77];

pub(super) fn run(context: &Context) -> Result<()> {
    context.fresh_folder("nightly")?;
    let report = context.target.join("ci").join(REPORT);
    let bug = context.options.bug.as_deref();
    let mut findings = Findings::new(bug, context.fresh_folder("nightly/traces")?);
    for name in targets::names(context)? {
        let build = if bug.is_some() { targets::build_with_bugs } else { targets::build };
        let target = build(context, &name)?;
        let artifacts = context.fresh_folder(&format!("nightly/artifacts/{name}"))?;
        fuzz(context, &name, &target, &artifacts)?;
        findings.collect(context, &name, &artifacts)?;
        // After each target: what was found stays known if the next one fails.
        if findings.count() > 0 {
            context.sh.write_file(&report, findings.report())?;
        }
    }
    let said = format!("the campaign found {}; the report is {}", findings.count(), report.display());
    if let Some(bug) = bug {
        ensure!(findings.count() > 0, "the campaign did not find the planted bug {bug}");
        println!("{said}");
    } else {
        ensure!(findings.count() == 0, "{said}");
    }
    Ok(())
}

/// Fuzzes a target from its kept corpus and the seeds, and leaves the smallest corpus that meets the same.
fn fuzz(context: &Context, name: &str, target: &Path, artifacts: &Path) -> Result<()> {
    let sh = &context.sh;
    let seeds = targets::seeds(context, name)?;
    // What meets something new because of a planted bug has no place in the kept corpus.
    let bug = context.options.bug.as_deref();
    let corpora =
        if bug.is_some() { context.target.join("ci/nightly/corpus") } else { context.root.join("fuzz/corpus") };
    let corpus = sh.create_dir(corpora.join(name))?;
    let _bug = bug.map(|bug| sh.push_env("STALEMAP_BUG", bug));
    // A process keeps one input of each signature and goes on: it would meet little else than a bug that is found often,
    // and the corpus would lose what the bug stops.
    let _keep = sh.push_env("STALEMAP_KEEP", artifacts);
    let jobs = available_parallelism().map_or(1, usize::from).to_string();
    let seconds = context.seconds(SECONDS);
    // One process for each core. An input that stops one all the same is kept too, and the others go on.
    let goes_on = ["-ignore_crashes=1", "-ignore_timeouts=1", "-ignore_ooms=1"];
    let campaign =
        cmd!(sh, "{target} -timeout=10 -artifact_prefix={artifacts}/ -fork={jobs} -max_total_time={seconds}");
    // Half an hour is long: libFuzzer's own lines show that it goes on.
    let code = exit_code(campaign.args(goes_on).arg(&corpus).arg(&seeds))?;
    ensure!(ENDINGS.contains(&code), "libFuzzer ended with the exit code {code}");
    let distilled = context.fresh_folder(&format!("distilled-{name}"))?;
    let merge = cmd!(sh, "{target} -timeout=10 -artifact_prefix={artifacts}/ -merge=1 {distilled} {corpus} {seeds}");
    text(merge)?;
    let (before, after) = (sh.read_dir(&corpus)?.len(), sh.read_dir(&distilled)?.len());
    println!("{name}: {before} inputs were kept, {after} of them and of the seeds meet the same");
    sh.remove_path(&corpus)?;
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
