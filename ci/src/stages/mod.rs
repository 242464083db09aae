//! The stages of continuous integration, in the order in which they run.

mod c;
mod campaign;
mod canary;
mod crash_buckets;
mod engines;
mod exhaust;
mod fuzz_target;
mod guide;
mod linux;
mod machines;
mod mutants;
mod native;
mod nightly;
mod oss_fuzz;
mod package;
mod page;
mod picture;
mod sanitizer;
mod semver;
mod subjects;
mod targets;
mod tool;

use anyhow::{Result, ensure};
use stalemap_ci::{circles, layering, links, report, tidy};
use xshell::cmd;

use crate::context::Context;

/// A stage.
pub(crate) struct Stage {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// What it does, in one line.
    pub(crate) meaning: &'static str,
    /// Does it run when no stage is named?
    pub(crate) by_default: bool,
    pub(crate) run: fn(&Context) -> Result<()>,
}

/// A stage that every change must pass.
const fn always(name: &'static str, meaning: &'static str, run: fn(&Context) -> Result<()>) -> Stage {
    Stage { name, meaning, by_default: true, run }
}

/// A stage that runs when it is named.
const fn named(name: &'static str, meaning: &'static str, run: fn(&Context) -> Result<()>) -> Stage {
    Stage { name, meaning, by_default: false, run }
}

/// All stages; those that run by default come first, the quick ones first among them.
pub(crate) const STAGES: &[Stage] = &[
    always("format", "every source is formatted as rustfmt.toml says", format),
    always("clippy", "no lint of the workspace has anything to say", clippy),
    always("test", "the test command of README.md", test),
    always("docs", "the documentation builds without a warning", docs),
    always("campaign", "60 seconds of fuzzing find nothing and meet everything", campaign::short),
    always("exhaust", "every operation from every state, five deep, reaches the states that are kept", exhaust::run),
    always("bugs", "the native engine finds every seeded bug at three seeds, and nothing without one", bugs),
    always("picture", "the picture of a finding in README.md is what is printed today", picture::run),
    always("c", "subjects in C and C++ agree, and their faults and a sanitizer's report are findings", c::run),
    always(
        "fuzz-target",
        "the libFuzzer target builds on stable, replays the corpus and runs a little",
        fuzz_target::quick,
    ),
    named("subjects", "of the code that others wrote, campaigns find what is known and nothing else", subjects::run),
    named(
        "arrows",
        "no crate needs one that it may not, and no four files import each other in a circle; a part of `test`",
        arrows,
    ),
    named("tidy", "files are short, named, and free of paths, old words and dead links; a part of `test`", tidy),
    named("subjects-million", "a million executions of each current version that others wrote", subjects::million),
    named(
        "linux",
        "a real kernel agrees, the faults put into it are found, and their exported programs tell them",
        linux::run,
    ),
    named(
        "native",
        "a real kernel as a process is built and agrees on a million programs, and the faults put into it are found",
        native::run,
    ),
    named("long-campaign", "300 seconds of fuzzing find nothing and meet everything", campaign::long),
    named("smoke", "every fuzz target replays the corpus and runs for 60 seconds", fuzz_target::smoke),
    named(
        "nightly",
        "every fuzz target runs for 30 minutes on all cores; findings are minimised and reported",
        nightly::run,
    ),
    named("canary", "a fuzz target with a planted bug stops within a minute", canary::run),
    named(
        "sanitizer",
        "oss-fuzz/build.sh with AddressSanitizer, on nightly Rust: the main target replays the corpus and runs for a minute",
        sanitizer::run,
    ),
    named(
        "engines",
        "processes and machines share what an engine keeps; an interrupt or a kill leaves no process behind and loses nothing",
        engines::run,
    ),
    named(
        "determinism",
        "each trace of the corpus has one digest, in two processes and under two engines",
        determinism,
    ),
    named(
        "crash-buckets",
        "crash triage as OSS-Fuzz does it tells findings of different oracles apart",
        crash_buckets::run,
    ),
    named("oss-fuzz", "oss-fuzz/build.sh makes targets that pass what OSS-Fuzz checks", oss_fuzz::run),
    named(
        "package",
        "each crate that outside users need is packaged, built from its package, and brings no more than it must",
        package::run,
    ),
    named("semver", "no crate that outside users need breaks what its last release promised", semver::run),
    named("kills", "a campaign that is killed 200 times at random moments loses nothing that it said", kills),
    named(
        "machines",
        "the files that spread a campaign: schemas of Kubernetes and of workflows, ShellCheck, a run of each in turn, some killed",
        machines::run,
    ),
    named(
        "page",
        "pages of findings, of campaigns and of a server in a browser: each control, every width, no barrier, pictures compared",
        page::run,
    ),
    named("guide", "mdBook makes a book of docs/ and has nothing to say against it", guide::run),
    named("bugs-engines", "libFuzzer and AFL++ find seeded bugs, and nothing without one", bugs_engines),
    named("bench", "the benchmarks, beside their peers", bench),
    named(
        "mutants",
        "tests notice each changed line of both sides and of the harness (hours; --source chooses)",
        mutants::run,
    ),
];

/// Runs all tests of the workspace; the fuzz targets, which need an engine, are another one.
const TEST_COMMAND: &str = "cargo test --features seeded-bugs";

fn format(context: &Context) -> Result<()> {
    cmd!(context.sh, "cargo fmt --all --check").run()?;
    let fuzz = targets::MANIFEST;
    Ok(cmd!(context.sh, "cargo fmt --manifest-path {fuzz} --check").run()?)
}

fn clippy(context: &Context) -> Result<()> {
    let all = ["--workspace", "--features", "seeded-bugs", "--all-targets"];
    cmd!(context.sh, "cargo clippy --locked {all...} -- -D warnings").run()?;
    // With their own flags and folder, as they are built later: libFuzzer would otherwise be compiled twice.
    Ok(targets::cargo(context, "clippy")?.args(["--all-targets", "--", "-D", "warnings"]).run()?)
}

fn test(context: &Context) -> Result<()> {
    // What newcomers type first is what continuous integration runs.
    let is_told = context.sh.read_file("README.md")?.lines().any(|line| line.starts_with(TEST_COMMAND));
    ensure!(is_told, "README.md has no line of code that begins with `{TEST_COMMAND}`");
    let arguments = TEST_COMMAND.split_whitespace().skip(1);
    Ok(cmd!(context.sh, "cargo {arguments...}").run()?)
}

fn docs(context: &Context) -> Result<()> {
    let doc = cmd!(context.sh, "cargo doc --locked --workspace --no-deps");
    Ok(doc.env("RUSTDOCFLAGS", "-D warnings").run()?)
}

fn arrows(context: &Context) -> Result<()> {
    report(&[layering::check(&context.root)?, circles::check(&context.root)?].concat())
}

fn tidy(context: &Context) -> Result<()> {
    report(&[tidy::check(&context.root)?, links::check(&context.root)?].concat())
}

fn bugs(context: &Context) -> Result<()> {
    bugs_bench(context, &["--seeds", "3", "--engines", "native"])
}

fn bugs_engines(context: &Context) -> Result<()> {
    let quick = "refill_not_counted,stale_mapping,move_keeps_offset,double_free_accepted";
    bugs_bench(context, &["--seeds", "1", "--engines", "all", "--only", quick])
}

fn bugs_bench(context: &Context, options: &[&str]) -> Result<()> {
    let out = context.target.join("ci").join("bugs.json");
    Ok(context.stalemap().args(["bugs", "--bench", "--fresh", "--out"]).arg(out).args(options).run()?)
}

fn kills(context: &Context) -> Result<()> {
    let test = ["test", "--locked", "-p", "stalemap-cli", "--features", "seeded-bugs", "--test", "machines"];
    Ok(cmd!(context.sh, "cargo {test...} -- --ignored").run()?)
}

fn determinism(context: &Context) -> Result<()> {
    Ok(context.stalemap().args(["check-determinism", "corpus", "--engines"]).run()?)
}

fn bench(context: &Context) -> Result<()> {
    Ok(cmd!(context.sh, "cargo run --release --locked -p stalemap-bench").run()?)
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
