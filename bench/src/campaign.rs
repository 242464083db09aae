//! Campaigns as processes: the program as it is released, and the processor time of all that it starts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the workspace")
}

/// The program `stalemap` as it is released.
pub(crate) fn build() -> Result<PathBuf, String> {
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

/// What a campaign of one job did, and the processor time that it and all that it started took.
pub(crate) struct Measured {
    pub(crate) executions: f64,
    pub(crate) operations: f64,
    pub(crate) seconds: f64,
}

/// A campaign of one job with these words and this seed.
pub(crate) fn campaign(program: &Path, words: &[String], seed: u64) -> Result<Measured, String> {
    let findings = tempfile::tempdir().map_err(|error| format!("skipped: no temporary folder: {error}"))?;
    let before = children_seconds()?;
    let output = Command::new(program)
        .current_dir(findings.path())
        .args(["fuzz", "--jobs", "1", "--format", "json", "--seed", &seed.to_string()])
        .args(words)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("skipped: {}: {error}", program.display()))?;
    let seconds = children_seconds()? - before;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("skipped: the campaign ends with {}: {}", output.status, said.trim()));
    }
    let all: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("skipped: {error}"))?;
    let count = |what: &str| all["summary"][what].as_f64().ok_or(format!("skipped: the campaign says no {what}"));
    Ok(Measured { executions: count("executions")?, operations: count("operations")?, seconds })
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
