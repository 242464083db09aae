//! The stages that run fuzz targets under libFuzzer: one that is quick, and one that gives each target its minute.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use xshell::cmd;

use super::targets::{self, MANIFEST};
use crate::context::{Context, text};

/// How many executions the quick stage does after the replay.
const RUNS: &str = "-runs=20000";

/// How many seconds a target gets in the smoke test.
const SECONDS: u64 = 60;

/// Builds the main target, replays the corpus through it and runs it a little.
pub(super) fn quick(context: &Context) -> Result<()> {
    // The library's own tests need no engine, so no C++ compiler: `cargo test` cannot leave the engine out.
    let folder = &context.target;
    let test = ["--manifest-path", MANIFEST, "--lib", "--no-default-features"];
    cmd!(context.sh, "cargo test --locked {test...} --target-dir {folder}").run()?;
    let name = "lockstep";
    let target = targets::build(context, name)?;
    replay_and_run(context, name, &target, RUNS)
}

/// Every target, for a minute each.
pub(super) fn smoke(context: &Context) -> Result<()> {
    let names = targets::names(context)?;
    println!("targets: {}", names.join(", "));
    let limit = format!("-max_total_time={}", context.seconds(SECONDS));
    for name in &names {
        let target = targets::build(context, name)?;
        replay_and_run(context, name, &target, &limit)?;
    }
    Ok(())
}

/// Fails if the target stops at an input; the input is then among the artifacts in the target folder.
pub(super) fn replay_and_run(context: &Context, name: &str, target: &Path, limit: &str) -> Result<()> {
    let sh = &context.sh;
    let seeds = targets::seeds(context, name)?;
    let artifacts = context.fresh_folder(&format!("artifacts-{name}"))?;
    let base = || cmd!(sh, "{target} -print_final_stats=1 -artifact_prefix={artifacts}/");
    let replay = text(base().arg("-runs=0").arg(&seeds))?;
    println!("{name} replays {} inputs", statistic(&replay, "number_of_executed_units")?);
    // libFuzzer writes new inputs into the first folder.
    let grown = context.fresh_folder(&format!("grown-{name}"))?;
    let run = text(base().args([limit, "-seed=1"]).args([&grown, &seeds]))?;
    let (executions, new) = (statistic(&run, "number_of_executed_units")?, statistic(&run, "new_units_added")?);
    println!("{name} runs {executions} inputs and keeps {new} of them as new");
    ensure!(new > 0, "{name} meets nothing that the corpus does not: it is not instrumented, or hardly runs");
    Ok(())
}

/// A number that libFuzzer prints at the end.
fn statistic(output: &str, name: &str) -> Result<u64> {
    let mut lines =
        output.lines().filter_map(|line| line.strip_prefix("stat::")?.strip_prefix(name)?.strip_prefix(':'));
    let value = lines.next().with_context(|| format!("the target ends without its statistic `{name}`"))?;
    value.trim().parse().with_context(|| format!("the statistic `{name}` is no number: `{value}`"))
}

#[cfg(test)]
mod tests {
    use super::statistic;

    #[test]
    fn statistics_are_read_from_what_libfuzzer_prints() {
        let output = "INFO: x\nstat::new_units_added:          12\nstat::peak_rss_mb:              37\n";
        assert_eq!(statistic(output, "new_units_added").unwrap(), 12);
        assert!(statistic(output, "new_units").is_err());
    }
}
