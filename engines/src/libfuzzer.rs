//! libFuzzer: the target built by cargo-fuzz, in as many processes as there are jobs.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::error::EngineError;
use crate::member::{ARTIFACTS, Member};
use crate::order::Order;
use crate::process::Group;
use crate::running::{Folders, Progress, Running};
use crate::tool::CARGO_FUZZ;
use crate::workspace::Workspace;
use crate::{compiler, protocol};

/// Where the usual targets are built.
pub(crate) const FOLDER: &str = "libfuzzer";
/// Where targets with seeded bugs are built.
pub(crate) const BUGS_FOLDER: &str = "libfuzzer-bugs";
/// Where the target is built that counts edges.
const EDGES_FOLDER: &str = "libfuzzer-edges";
/// Seconds that an input may take, and megabytes of memory.
pub(crate) const LIMITS: [&str; 2] = ["-timeout=10", "-rss_limit_mb=2048"];
/// How long it may take to end by itself behind its time.
const GRACE: Duration = Duration::from_secs(20);

/// Builds and starts; `None` if the control interrupts the build.
pub(crate) fn start(order: &Order<'_>) -> Result<Option<Running>, EngineError> {
    let Some(program) = build_for(order)? else {
        return Ok(None);
    };
    let artifacts = order.scratch.join(ARTIFACTS);
    fs::create_dir_all(&artifacts).map_err(EngineError::io("make", &artifacts))?;
    let executions: Arc<Vec<AtomicU64>> = Arc::new((0..order.jobs).map(|_| AtomicU64::new(0)).collect());
    let operations = Arc::new(AtomicU64::new(0));
    let mut processes = Vec::new();
    for job in 0..order.jobs {
        let (heard, done) = (executions.clone(), operations.clone());
        let mut command = command(order, &program, &artifacts, job);
        let held = order.member.as_ref().map(Member::lock);
        processes.push(Group::start_holding(
            held,
            &mut command,
            "libFuzzer",
            order.workspace.control(),
            move |line| {
                if let Some(count) = executions_of(line) {
                    heard[job as usize].fetch_max(count, Ordering::Relaxed);
                }
                if let Some(count) = protocol::parse_operations_line(line) {
                    done.fetch_add(count, Ordering::Relaxed);
                }
            },
        )?);
    }
    let artifacts = [artifacts].into_iter().chain(order.member.as_ref().map(Member::earlier)).collect();
    let inputs = Folders { artifacts, corpora: vec![order.corpus.clone()] };
    let time = order.seconds.map(|seconds| Duration::from_secs(seconds) + GRACE);
    let progress = Progress {
        executions: Box::new(move || executions.iter().map(|count| count.load(Ordering::Relaxed)).sum()),
        operations: Box::new(move || Some(operations.load(Ordering::Relaxed)).filter(|&count| count > 0)),
    };
    Ok(Some(Running::new(processes, inputs, time, progress)))
}

/// One of the processes. They share the corpus: each takes over what the others put there.
fn command(order: &Order<'_>, program: &Path, artifacts: &Path, job: u32) -> Command {
    let mut command = Command::new(program);
    command.current_dir(artifacts).env(protocol::KEEP, artifacts).args(LIMITS);
    command.envs(order.environment());
    command.arg(format!("-seed={}", order.seed.wrapping_add(job.into()) & u64::from(u32::MAX)));
    command.args(["-reload=1", protocol::FINAL_STATISTICS]);
    command.arg(format!("-max_len={}", order.longest));
    command.arg(format!("-artifact_prefix={}/", artifacts.display()));
    command.args(order.seconds.map(|seconds| format!("-max_total_time={seconds}")));
    command.arg(&order.corpus).arg(&order.seeds);
    command
}

fn build_for(order: &Order<'_>) -> Result<Option<PathBuf>, EngineError> {
    let (feature, suffix) = order.feature().unzip();
    build(order.workspace, order.target, &format!("{FOLDER}{}", suffix.unwrap_or("")), feature)
}

/// Builds the target with this feature besides its usual ones. Returns its path, or `None` if the control interrupts.
///
/// # Errors
/// When the tool cannot be installed or cannot build.
pub(crate) fn build(
    workspace: &Workspace,
    target: &str,
    folder: &str,
    feature: Option<&str>,
) -> Result<Option<PathBuf>, EngineError> {
    compile(workspace, target, folder, feature, compiler::BY_FUNCTION)
}

/// Builds the target so that its coverage counts edges. Returns its path, or `None` if the control interrupts.
///
/// # Errors
/// As [`build`].
pub(crate) fn build_with_edges(workspace: &Workspace, target: &str) -> Result<Option<PathBuf>, EngineError> {
    compile(workspace, target, EDGES_FOLDER, None, "")
}

fn compile(
    workspace: &Workspace,
    target: &str,
    folder: &str,
    feature: Option<&str>,
    flags: &str,
) -> Result<Option<PathBuf>, EngineError> {
    let Some(mut call) = CARGO_FUZZ.call(workspace)? else {
        return Ok(None);
    };
    let given = env::var("RUSTFLAGS").unwrap_or_default();
    call.env("RUSTFLAGS", format!("{given} {flags}")).env(compiler::OPTIMISED.0, compiler::OPTIMISED.1);
    // Compared values are no use to a mutator of operations, and noting them takes half of the time.
    call.args(["build", "--sanitizer", "none", "--release", "--no-trace-compares", "--target-dir"]);
    call.arg(workspace.builds(folder)).args(feature.map(|feature| format!("--features={feature}"))).arg(target);
    if !Group::finish(&mut call, "cargo fuzz build", workspace.control(), workspace.control().lines())? {
        return Ok(None);
    }
    let program = built_in(workspace, folder, target);
    program.map(Some).ok_or_else(|| EngineError::NotBuilt { target: target.to_string() })
}

fn built_in(workspace: &Workspace, folder: &str, target: &str) -> Option<PathBuf> {
    let folders = fs::read_dir(workspace.builds(folder)).ok()?.flatten();
    let programs = folders.map(|entry| entry.path().join("release").join(target)).filter(|path| path.is_file());
    programs.max_by_key(|path| path.metadata().and_then(|it| it.modified()).ok())
}

/// The number of executions in a line such as `#4096 pulse cov: 12 ft: 34 corp: 5 exec/s: 6 …`, or in the last ones.
fn executions_of(line: &str) -> Option<u64> {
    if let Some(count) = line.strip_prefix("stat::number_of_executed_units:") {
        return count.trim().parse().ok();
    }
    line.strip_prefix('#')?.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::executions_of;

    #[test]
    fn lines_of_statistics_tell_the_executions() {
        let cases = [
            ("#4096\tNEW    cov: 3325 ft: 9001 corp: 12/9Kb lim: 520 exec/s: 2048 rss: 33Mb L: 8/9", Some(4096)),
            ("stat::number_of_executed_units: 100000", Some(100_000)),
            ("#65536\tpulse  cov: 3438 ft: 15230 corp: 1852/806Kb lim: 4096", Some(65536)),
            ("INFO: Seed: 12", None),
            ("###### Recommended dictionary. ######", None),
        ];
        for (line, expected) in cases {
            assert_eq!(executions_of(line), expected, "{line}");
        }
    }
}
