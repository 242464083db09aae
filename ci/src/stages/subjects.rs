//! The stages `subjects` and `subjects-million`: what others released is as it is known, and found again in a campaign each.

use anyhow::Result;
use xshell::cmd;

use crate::context::Context;

/// Executions of each subject that show every fault that is known, by far.
const FEW: &str = "2000";
/// What the table of `subjects/README.md` says.
const MANY: &str = "1000000";

/// Runs the tests of the subjects, and a short campaign with each. As `cargo test` builds: a second build would take longer
/// than it saves.
pub(crate) fn run(context: &Context) -> Result<()> {
    cmd!(context.sh, "cargo test --locked -p stalemap-subjects").run()?;
    Ok(cmd!(context.sh, "cargo run -q --locked -p stalemap-subjects --bin check -- {FEW}").run()?)
}

/// Runs a million executions with each current version, those that take minutes to compile too.
pub(crate) fn million(context: &Context) -> Result<()> {
    let run = cmd!(context.sh, "cargo run --release --locked -p stalemap-subjects --features vulkano --bin check");
    Ok(run.args(["--", MANY, "--current"]).run()?)
}
