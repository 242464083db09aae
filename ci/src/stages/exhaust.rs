//! The stage `exhaust`: the states that are kept in the repository are reached again.

use std::fs;

use anyhow::{Context, Result, ensure};

use super::workshop::{Call, Workshop};

/// The kept lines, from the root of the workspace: machine, heading, and a line for each depth.
const KEPT: &str = "ci/exhaust.txt";
/// How deep the stage goes; the kept file goes deeper.
const DEPTH: usize = 5;

pub(super) fn run(workshop: &Workshop) -> Result<()> {
    let kept = workshop.root().join(KEPT);
    let kept = fs::read_to_string(&kept).with_context(|| format!("cannot read {}", kept.display()))?;
    let mut expected: Vec<&str> = kept.lines().collect();
    ensure!(expected.len() > 2 + DEPTH, "{KEPT} has {} lines, and the stage goes to depth {DEPTH}", expected.len());
    let kept_depth = expected.len() - 2;
    expected.truncate(2 + DEPTH);
    let machine =
        expected[0].strip_prefix("# machine ").with_context(|| format!("{KEPT} does not name its machine"))?;
    let depth = DEPTH.to_string();
    let search = ["exhaust", "--machine", machine, "--depth", &depth];
    let build = ["run", "--release", "-q", "-p", "stalemap", "--"];
    let said = workshop.ask(&Call::cargo(build.into_iter().chain(search)))?;
    let reached: Vec<&str> = said.lines().collect();
    ensure!(
        reached == expected,
        "other states are reached than {KEPT} has. Where a change of private lists explains it, keep them anew with\n  \
         cargo run --release -p stalemap -- exhaust --depth {kept_depth} --out {KEPT}\nreached:\n{said}"
    );
    Ok(())
}
