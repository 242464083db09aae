//! The stages of continuous integration, in the order in which they run.

mod campaign;
mod canary;
mod crash_buckets;
mod engines;
mod exhaust;
mod fuzz_target;
mod linux;
mod mutants;
mod nightly;
mod oss_fuzz;
mod planted;
mod readme;
mod sanitizer;
mod targets;
mod tool;
mod workshop;

use std::env;
use std::path::Path;

use anyhow::Result;

use crate::tree::Tree;
use crate::{arrows, report, tidy};
use workshop::Call;
pub use workshop::Workshop;

/// A stage.
pub struct Stage {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it does, in one line.
    pub meaning: &'static str,
    /// Does it run when no stage is named?
    pub by_default: bool,
    run: fn(&Workshop) -> Result<()>,
}

impl Stage {
    /// Runs it.
    ///
    /// # Errors
    /// A sentence that says what failed.
    pub fn run(&self, workshop: &Workshop) -> Result<()> {
        (self.run)(workshop)
    }
}

/// All stages; those that run by default come first, the quick ones first among them.
pub const STAGES: &[Stage] = &[
    Stage { name: "format", meaning: "every source is formatted as rustfmt.toml says", by_default: true, run: format },
    Stage { name: "arrows", meaning: "no arrow that must not exist (DESIGN) exists", by_default: true, run: arrows },
    Stage { name: "tidy", meaning: "files are short, named, finished and free of paths", by_default: true, run: tidy },
    Stage { name: "clippy", meaning: "no lint of the workspace has anything to say", by_default: true, run: clippy },
    Stage { name: "test", meaning: "the test command of README.md", by_default: true, run: test },
    Stage { name: "docs", meaning: "the documentation builds without a warning", by_default: true, run: docs },
    Stage {
        name: "campaign",
        meaning: "60 seconds of fuzzing find nothing and meet everything",
        by_default: true,
        run: campaign::short,
    },
    Stage {
        name: "bugs",
        meaning: "the native engine finds every seeded bug at three seeds, and nothing without one",
        by_default: true,
        run: bugs,
    },
    Stage {
        name: "exhaust",
        meaning: "every operation from every state, five deep, reaches the states that are kept",
        by_default: true,
        run: exhaust::run,
    },
    Stage {
        name: "subjects",
        meaning: "the allocators that others wrote do what is written down of them",
        by_default: true,
        run: subjects,
    },
    Stage {
        name: "fuzz-target",
        meaning: "the libFuzzer target builds on stable, replays the corpus and runs a little",
        by_default: true,
        run: fuzz_target::quick,
    },
    Stage {
        name: "linux",
        meaning: "a real kernel agrees, the faults put into it are found, and their exported programs tell them",
        by_default: false,
        run: linux::run,
    },
    Stage {
        name: "long-campaign",
        meaning: "300 seconds of fuzzing find nothing and meet everything",
        by_default: false,
        run: campaign::long,
    },
    Stage {
        name: "smoke",
        meaning: "every fuzz target replays the corpus and runs for 60 seconds",
        by_default: false,
        run: fuzz_target::smoke,
    },
    Stage {
        name: "nightly",
        meaning: "every fuzz target runs for 30 minutes on all cores; finds are minimised and reported",
        by_default: false,
        run: nightly::run,
    },
    Stage {
        name: "canary",
        meaning: "a fuzz target with a planted bug stops within a minute",
        by_default: false,
        run: canary::run,
    },
    Stage {
        name: "sanitizer",
        meaning: "oss-fuzz/build.sh with AddressSanitizer, on nightly Rust: the main target replays the corpus and runs for a minute",
        by_default: false,
        run: sanitizer::run,
    },
    Stage {
        name: "planted",
        meaning: "each engine finds planted bugs and wrong lines from nothing within a minute, and all make the same traces",
        by_default: false,
        run: planted::run,
    },
    Stage {
        name: "engines",
        meaning: "two processes of an engine share their finds; an interrupt leaves no process behind and loses no find",
        by_default: false,
        run: engines::run,
    },
    Stage {
        name: "determinism",
        meaning: "each trace of the corpus has one digest, in two processes and under two engines",
        by_default: false,
        run: determinism,
    },
    Stage {
        name: "crash-buckets",
        meaning: "crash triage as OSS-Fuzz does it tells finds of different oracles apart",
        by_default: false,
        run: crash_buckets::run,
    },
    Stage {
        name: "oss-fuzz",
        meaning: "oss-fuzz/build.sh makes targets that pass what OSS-Fuzz checks",
        by_default: false,
        run: oss_fuzz::run,
    },
    Stage {
        name: "bugs-engines",
        meaning: "libFuzzer and AFL++ find seeded bugs, and nothing without one",
        by_default: false,
        run: bugs_engines,
    },
    Stage { name: "bench", meaning: "the benchmarks, beside their peers", by_default: false, run: bench },
    Stage {
        name: "mutants",
        meaning: "corpus and campaign notice each changed line of both sides (an hour; --source chooses)",
        by_default: false,
        run: mutants::run,
    },
];

fn format(workshop: &Workshop) -> Result<()> {
    workshop.run(&Call::cargo(["fmt", "--all", "--check"]))
}

fn arrows(workshop: &Workshop) -> Result<()> {
    report(arrows::RULES, &Tree::read(workshop.root())?)
}

fn tidy(workshop: &Workshop) -> Result<()> {
    report(tidy::RULES, &Tree::read(workshop.root())?)
}

fn clippy(workshop: &Workshop) -> Result<()> {
    // The fuzz targets come last, with their own flags and folder: libFuzzer would otherwise be compiled twice.
    let all = ["clippy", "--locked", "--workspace", "--exclude", targets::PACKAGE, "--all-targets"];
    workshop.run(&Call::cargo(all).arguments(["--", "-D", "warnings"]))?;
    workshop.run(&targets::cargo(workshop, "clippy")?.arguments(["--all-targets", "--", "-D", "warnings"]))
}

fn test(workshop: &Workshop) -> Result<()> {
    workshop.run(&Call::cargo(readme::test_arguments(workshop.root())?))
}

fn docs(workshop: &Workshop) -> Result<()> {
    let all = ["doc", "--locked", "--workspace", "--exclude", targets::PACKAGE, "--no-deps"];
    workshop.run(&Call::cargo(all).with("RUSTDOCFLAGS", "-D warnings"))
}

fn bugs(workshop: &Workshop) -> Result<()> {
    workshop.run(&Call::cargo(["test", "-p", "stalemap", "--features", "seeded-bugs"]))?;
    bugs_bench(workshop, &["--seeds", "3", "--engines", "native"])
}

fn bugs_engines(workshop: &Workshop) -> Result<()> {
    let quick = "refill_not_counted,stale_mapping,move_keeps_offset,double_free_accepted";
    bugs_bench(workshop, &["--seeds", "1", "--engines", "all", "--only", quick])
}

fn bugs_bench(workshop: &Workshop, options: &[&str]) -> Result<()> {
    let results = workshop.target().join("ci").join("bugs.json");
    let build = ["run", "--release", "-p", "stalemap", "--features", "seeded-bugs", "--"];
    let bench = ["bugs", "--bench", "--fresh", "--out", &results.to_string_lossy()].map(str::to_owned);
    let options = options.iter().map(|&option| option.to_owned());
    workshop.run(&Call::cargo(build.map(str::to_owned).into_iter().chain(bench).chain(options)))
}

fn subjects(workshop: &Workshop) -> Result<()> {
    workshop.run(&Call::cargo(["test", "-p", "stalemap-subjects"]))
}

fn determinism(workshop: &Workshop) -> Result<()> {
    let check = ["run", "--release", "--locked", "--", "check-determinism", "corpus", "--engines"];
    workshop.run(&Call::cargo(check))
}

fn bench(workshop: &Workshop) -> Result<()> {
    workshop.run(&Call::cargo(["run", "--release", "-p", "stalemap-bench"]))
}

/// The workshop of the workspace that holds the folder, with cargo's target folder.
///
/// # Errors
/// When the folder is in no workspace.
pub fn workshop_at(folder: &Path) -> Result<Workshop> {
    let root = crate::tree::find_root(folder)?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |target| root.join(target));
    Ok(Workshop::new(root, target))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::STAGES;

    #[test]
    fn every_stage_can_be_named() {
        let names: BTreeSet<_> = STAGES.iter().map(|stage| stage.name).collect();
        assert_eq!(names.len(), STAGES.len(), "of two stages with one name only the first can be run");
    }
}
