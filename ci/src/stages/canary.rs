//! The stage that plants bugs and demands that the smoke test fails: a test that cannot fail would say nothing.

use std::path::Path;

use anyhow::{Result, ensure};
use xshell::cmd;

use super::targets;
use crate::context::{Context, code_and_text, text};

/// The target in which bugs are planted.
pub(super) const TARGET: &str = "lockstep";

/// The bugs: the one that started this project, one of the reverse map and one of the frames.
const PLANTED: &[&str] = &["stale_mapping", "newest_anon_vma", "wrong_buddy"];

/// How long each bug may hide.
const LIMIT: &str = "-max_total_time=60";

/// The exit code of libFuzzer when the target died at an input.
const DIED: i32 = 77;

pub(super) fn run(context: &Context) -> Result<()> {
    let target = targets::build_with_bugs(context, TARGET)?;
    must_stop(context, &target)
}

/// Fails unless the target, built with seeded bugs, stops at each planted bug from an empty corpus, and keeps the input.
pub(super) fn must_stop(context: &Context, target: &Path) -> Result<()> {
    let sh = &context.sh;
    for bug in PLANTED {
        let artifacts = context.fresh_folder(&format!("artifacts-{bug}"))?;
        let hunt = cmd!(sh, "{target} {LIMIT} -seed=1 -verbosity=0 -artifact_prefix={artifacts}/");
        let (code, said) = code_and_text(hunt.env("STALEMAP_BUG", bug))?;
        ensure!(code == DIED, "the planted bug {bug} did not stop the target (exit code {code}):\n{said}");
        ensure!(!sh.read_dir(&artifacts)?.is_empty(), "the target stopped at {bug} and kept no input:\n{said}");
        let headline = said.lines().find(|line| line.contains("ASSERTION FAILED"));
        println!("{bug}: {}", headline.unwrap_or("stopped without a headline"));
        ensure!(headline.is_some(), "the target stopped at {bug} without saying at which oracle:\n{said}");
    }
    // Without a bug the same binary finds nothing: what stopped it was the bug.
    let seeds = targets::seeds(context, TARGET)?;
    text(cmd!(sh, "{target} -runs=20000 -seed=1 {seeds}"))?;
    println!("without a planted bug it runs on");
    Ok(())
}
