//! The stage that plants bugs and asks that the smoke test fails: a test that cannot fail would say nothing.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

use super::targets;
use super::workshop::{Call, Workshop};

/// The target in which bugs are planted.
pub(super) const TARGET: &str = "lockstep";

/// The bugs: the one that started this project, one of the reverse map and one of the frames.
const PLANTED: &[&str] = &["stale_mapping", "newest_anon_vma", "wrong_buddy"];

/// How long each bug may hide.
const LIMIT: &str = "-max_total_time=60";

/// The exit code of libFuzzer when the target died at an input.
const DIED: i32 = 77;

pub(super) fn run(workshop: &Workshop) -> Result<()> {
    let target = targets::build_with_bugs(workshop, TARGET)?;
    must_stop(workshop, &target)
}

/// Fails unless the target, built with seeded bugs, stops at each planted bug from an empty corpus, and keeps the input.
pub(super) fn must_stop(workshop: &Workshop, target: &Path) -> Result<()> {
    for bug in PLANTED {
        let artifacts = workshop.fresh_folder(&format!("artifacts-{bug}"))?;
        let call = Call::new(target).arguments([LIMIT, "-seed=1", "-verbosity=0"]).with("STALEMAP_BUG", *bug);
        let call = call.argument(format!("-artifact_prefix={}/", artifacts.display()));
        let (code, said) = workshop.hear(&call)?;
        ensure!(code == DIED, "the planted bug {bug} did not stop the target (exit code {code}):\n{said}");
        let kept = fs::read_dir(&artifacts)?.count();
        ensure!(kept > 0, "the target stopped at {bug} and kept no input:\n{said}");
        let headline = said.lines().find(|line| line.contains("ASSERTION FAILED"));
        println!("{bug}: {}", headline.unwrap_or("stopped without a headline"));
        ensure!(headline.is_some(), "the target stopped at {bug} without saying at which oracle:\n{said}");
    }
    // Without a bug the same binary finds nothing: what stopped it was the bug.
    let seeds = targets::seeds(workshop, TARGET)?;
    workshop.hush(&Call::new(target).arguments(["-runs=20000", "-seed=1"]).argument(seeds))?;
    println!("without a planted bug it runs on");
    Ok(())
}
