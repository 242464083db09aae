//! Rows I1: subjects in a process of their own, as `stalemap fuzz` drives them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

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

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the workspace")
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
    let subject = subject?;
    let program = build()?;
    let rates: Result<Vec<f64>, String> = (1..=ROUNDS).map(|seed| campaign(&program, &subject, seed)).collect();
    Ok(median(rates?))
}

/// The program `stalemap` as it is released.
fn build() -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .current_dir(root())
        .args(["build", "--quiet", "--release", "-p", "stalemap-cli"])
        .status()
        .map_err(|error| format!("skipped: cargo cannot be started: {error}"))?;
    let ours = std::env::current_exe().map_err(|error| format!("skipped: {error}"))?;
    let program = ours.with_file_name("stalemap");
    if built.success() && program.is_file() {
        Ok(program)
    } else {
        Err(format!("skipped: {} could not be built", program.display()))
    }
}

fn campaign(program: &Path, subject: &[String], seed: u64) -> Result<f64, String> {
    let findings = tempfile::tempdir().map_err(|error| format!("skipped: no temporary folder: {error}"))?;
    let before = children_seconds()?;
    let output = Command::new(program)
        .current_dir(findings.path())
        .args(["fuzz", "--runs", RUNS, "--jobs", "1", "--format", "json", "--seed", &seed.to_string()])
        .args(subject)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("skipped: {}: {error}", program.display()))?;
    let seconds = children_seconds()? - before;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("skipped: the campaign ends with {}: {}", output.status, said.trim()));
    }
    let all: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("skipped: {error}"))?;
    let operations = all["summary"]["operations"].as_f64().ok_or("skipped: the campaign says no operations")?;
    Ok(operations / seconds)
}

/// Processor time of all processes that have ended below this one, in seconds: `cutime` and `cstime` of proc(5).
fn children_seconds() -> Result<f64, String> {
    /// Linux counts the time of processes in ticks of 10 ms for its users (`USER_HZ`, include/asm-generic/param.h).
    const TICKS: f64 = 100.0;
    let text = fs::read_to_string("/proc/self/stat").map_err(|error| format!("skipped: /proc/self/stat: {error}"))?;
    // The name of the program, in parentheses, may have spaces.
    let behind = text.rsplit(')').next().unwrap_or_default();
    let fields: Vec<f64> = behind.split_whitespace().skip(13).take(2).filter_map(|it| it.parse().ok()).collect();
    match fields[..] {
        [user, kernel] => Ok((user + kernel) / TICKS),
        _ => Err("skipped: /proc/self/stat has other fields than proc(5) says".to_string()),
    }
}
