//! Rows I1: subjects in a process of their own, as `stalemap fuzz` drives them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::campaign::{build, campaign, root};
use crate::clock::median;
use crate::table::{Row, Verdict, figure};

/// Operations a processor second of campaign and worker together.
const LEAST: f64 = 300e3;
/// How often each is measured, and how many executions it has each time.
const ROUNDS: u64 = 3;
const RUNS: &str = "20000";

pub(crate) fn rows() -> Vec<Row> {
    let folder = tempfile::tempdir().map_err(|error| format!("skipped: no temporary folder: {error}"));
    let folder = folder.as_ref().map(tempfile::TempDir::path);
    let c = |source, compiler: &'static str, options: &'static [&'static str]| {
        let library = folder.map_err(Clone::clone).and_then(|folder| compile(folder, source, compiler, options));
        rate(library.map(|library| ["--subject".to_string(), library.to_string_lossy().into_owned()].to_vec()))
    };
    let rates = [
        ("a C allocator of blocks", c("buddy.c", "cc", &["-std=c11"])),
        ("a C++ memory manager with address spaces", c("spaces.cpp", "c++", &["-std=c++17"])),
        ("the implementation by `--isolate`", rate(Ok(vec!["--isolate".to_string()]))),
    ];
    rates.map(|(what, rate)| row(what, rate)).into()
}

fn row(subject: &str, rate: Result<f64, String>) -> Row {
    let what = format!("operations a CPU second of campaign and worker, {subject}");
    match rate {
        Err(why) => Row::skipped("I1", what, &why),
        Ok(rate) => Row {
            id: "I1",
            what,
            ours: format!("{} M", figure(rate / 1e6)),
            peer: String::new(),
            ratio: String::new(),
            goal: "≥ 0.3 M".to_string(),
            verdict: Verdict::of(rate >= LEAST),
        },
    }
}

/// An example as a library.
fn compile(folder: &Path, source: &str, compiler: &str, options: &[&str]) -> Result<PathBuf, String> {
    let library = folder.join(source).with_extension("so");
    let mut command = Command::new(compiler);
    command.args(options).args(["-O2", "-shared", "-fPIC", "-I"]).arg(root().join("c/include"));
    command.arg("-o").arg(&library).arg(root().join("c/examples").join(source));
    match command.status() {
        Ok(status) if status.success() => Ok(library),
        Ok(status) => Err(format!("skipped: {compiler} ends with {status}")),
        Err(error) => Err(format!("skipped: {compiler} cannot be started: {error}")),
    }
}

/// Operations a processor second of campaigns with this subject: the median.
fn rate(subject: Result<Vec<String>, String>) -> Result<f64, String> {
    let words = [subject?, vec!["--runs".to_string(), RUNS.to_string()]].concat();
    let program = build()?;
    let rate = |seed| campaign(&program, &words, seed).map(|it| it.operations / it.seconds);
    let rates: Result<Vec<f64>, String> = (1..=ROUNDS).map(rate).collect();
    Ok(median(rates?))
}
