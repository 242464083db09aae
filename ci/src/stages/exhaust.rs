//! The stage `exhaust`: the states that are kept in the repository are reached again.

use anyhow::{Context as _, Result, ensure};

use crate::context::Context;

/// The kept lines, from the root of the workspace: machine, heading, and a line for each depth.
const KEPT: &str = "ci/exhaust.txt";
/// How deep the stage goes; the kept file goes deeper.
const DEPTH: usize = 5;

pub(super) fn run(context: &Context) -> Result<()> {
    let kept = context.sh.read_file(KEPT)?;
    let kept: Vec<&str> = kept.lines().collect();
    ensure!(kept.len() > 2 + DEPTH, "{KEPT} has {} lines, and the stage goes to depth {DEPTH}", kept.len());
    let machine = kept[0].strip_prefix("# machine ").with_context(|| format!("{KEPT} does not name its machine"))?;
    let depth = DEPTH.to_string();
    let search = ["exhaust", "--machine", machine, "--depth", &depth];
    let reached = context.stalemap().args(search).read()?;
    ensure!(
        reached.lines().eq(kept[..2 + DEPTH].iter().copied()),
        "other states are reached than {KEPT} has. Where a change of private lists explains it, keep them anew with\n  \
         cargo run --release -p stalemap-cli -- exhaust --depth {} --out {KEPT}\nreached:\n{reached}",
        kept.len() - 2
    );
    Ok(())
}
