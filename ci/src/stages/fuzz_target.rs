//! The stages that run fuzz targets under libFuzzer: one that is quick, and one that gives each target its minute.

use std::path::Path;

use anyhow::{Result, ensure};

use super::targets;
use super::workshop::{Call, Workshop};

/// How many executions the quick stage does after the replay.
const RUNS: &str = "-runs=20000";

/// How many seconds a target gets in the smoke test.
const SECONDS: &str = "-max_total_time=60";

/// Builds the main target, replays the corpus through it and runs it a little.
pub(super) fn quick(workshop: &Workshop) -> Result<()> {
    let name = "lockstep";
    let target = targets::build(workshop, name)?;
    replay_and_run(workshop, name, &target, RUNS)
}

/// Every target, for a minute each.
pub(super) fn smoke(workshop: &Workshop) -> Result<()> {
    let names = targets::names(workshop)?;
    println!("targets: {}", names.join(", "));
    for name in &names {
        let target = targets::build(workshop, name)?;
        replay_and_run(workshop, name, &target, SECONDS)?;
    }
    Ok(())
}

/// Fails if the target stops at an input; the input is then among the artifacts in the target folder.
fn replay_and_run(workshop: &Workshop, name: &str, target: &Path, limit: &str) -> Result<()> {
    let seeds = targets::seeds(workshop, name)?;
    let artifacts = workshop.fresh_folder(&format!("artifacts-{name}"))?;
    let prefix = format!("-artifact_prefix={}/", artifacts.display());
    workshop.run(&Call::new(target).arguments(["-runs=0", "-verbosity=0"]).argument(&prefix).argument(&seeds))?;
    // libFuzzer writes new inputs into the first folder.
    let grown = workshop.fresh_folder(&format!("grown-{name}"))?;
    let call =
        Call::new(target).arguments([limit, "-seed=1", "-verbosity=0", "-print_final_stats=1"]).argument(&prefix);
    workshop.run(&call.argument(&grown).argument(&seeds))?;
    let has_grown = grown.read_dir()?.next().is_some();
    ensure!(
        has_grown,
        "{name} met nothing that the corpus does not: it is not instrumented for coverage, or hardly runs"
    );
    Ok(())
}
