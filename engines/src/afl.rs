//! AFL++: the target built by cargo-afl, a main instance and secondary ones that share a folder, and the mutator of
//! operations as a library.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use stalemap_report::input_name;

use crate::error::EngineError;
use crate::member::{AFL, Member, STOPPED};
use crate::order::Order;
use crate::process::Group;
use crate::running::{Folders, Progress, Running};
use crate::tool::CARGO_AFL;
use crate::workspace::Workspace;
use crate::{compiler, protocol, watch};

/// The environment of AFL++ (docs/env_variables.md in AFL++ 4.40c).
pub(crate) const VARIABLES: &[(&str, &str)] = &[
    ("AFL_NO_UI", "1"),
    ("AFL_SKIP_CPUFREQ", "1"),
    ("AFL_NO_AFFINITY", "1"),
    // Crashes are watched for here; no core files are needed.
    ("AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES", "1"),
    // A seed that diverges is a finding, not a reason to give up.
    ("AFL_CRASHING_SEEDS_AS_NEW_CRASH", "1"),
    ("AFL_CUSTOM_MUTATOR_ONLY", "1"),
    // Trimming cuts through records.
    ("AFL_DISABLE_TRIM", "1"),
    // Three runs show as well as seven whether an input does the same again, and a kept corpus has thousands.
    ("AFL_FAST_CAL", "1"),
    // In minutes. By default an instance reads what the others have found every twenty.
    ("AFL_SYNC_TIME", "1"),
    ("AFL_FUZZER_STATS_UPDATE_INTERVAL", "1"),
];

/// Where the usual targets are built.
pub(crate) const FOLDER: &str = "afl";
/// Where targets with seeded bugs are built.
pub(crate) const BUGS_FOLDER: &str = "afl-bugs";
/// The target that does nothing; an example, so that no list of targets has it.
const EMPTY: &str = "empty";

/// Flags of the compiler beside those of cargo-afl.
const FLAGS: &[&str] = &[
    "-Cdebug-assertions=off",
    "-Coverflow-checks=off",
    "-Cllvm-args=-sanitizer-coverage-trace-compares=0",
    // A block that is always entered with another one adds nothing.
    "-Cllvm-args=-sanitizer-coverage-prune-blocks=1",
    // Passes are counted in place; the target lays the counters into AFL++'s map (its `afl_map`).
    "-Cllvm-args=-sanitizer-coverage-trace-pc-guard=0",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    compiler::BY_FUNCTION,
];

/// Builds and starts; `None` if the control interrupts the build.
pub(crate) fn start(order: &Order<'_>) -> Result<Option<Running>, EngineError> {
    let Some((program, mutator)) = build_for(order)? else {
        return Ok(None);
    };
    // AFL++ begins with one folder.
    for file in watch::files(&order.corpus) {
        let copy = order.seeds.join(file.file_name().unwrap_or_default());
        fs::copy(&file, &copy).map_err(EngineError::io("write", &copy))?;
    }
    let shared = order.scratch.join(AFL);
    let names: Vec<String> = (0..order.jobs).map(name_of).collect();
    let folders: Vec<PathBuf> = names.iter().map(|name| shared.join(name)).collect();
    let counters: Vec<Counter> = folders.iter().map(|folder| Counter::beginning_at(executions_of(folder))).collect();
    let mut processes = Vec::new();
    for name in &names {
        let Some(mut call) = CARGO_AFL.call(order.workspace)? else {
            return Ok(None);
        };
        call.args(["fuzz", "-i"]).arg(&order.seeds).arg("-o").arg(&shared);
        call.args([if name == MAIN { "-M" } else { "-S" }, name.as_str()]);
        if order.member.is_some() {
            // The main instance reads what others keep; it passes it on to the secondary ones.
            call.args((name == MAIN).then_some("-F")).args((name == MAIN).then_some(&order.corpus));
            call.env("AFL_AUTORESUME", "1");
        }
        // By default cargo-afl has comparisons logged; the targets have none that are.
        call.args(["-c", "-", "-t", "10000", "-G", &order.longest.to_string()]);
        call.args(["-s", &(order.seed & u64::from(u32::MAX)).to_string()]);
        if let Some(seconds) = order.seconds {
            // Our deadline ends it: its own limit leaves out the time of its first inputs. This one ends it if our process
            // has died.
            call.args(["-V", &(seconds + 60).to_string()]);
        }
        call.arg("--").arg(&program).envs(VARIABLES.iter().copied());
        call.env("AFL_CUSTOM_MUTATOR_LIBRARY", &mutator).env(protocol::TARGET, order.target);
        call.envs(order.environment());
        let held = order.member.as_ref().map(Member::lock);
        let name = format!("afl-fuzz {name}");
        processes.push(Group::start_holding(held, &mut call, &name, order.workspace.control(), |_| ())?);
    }
    let of_each = |below: &'static str| folders.iter().map(move |folder| folder.join(below));
    let inputs = Folders {
        artifacts: STOPPED.into_iter().flat_map(of_each).chain(order.member.as_ref().map(Member::earlier)).collect(),
        corpora: of_each("queue").collect(),
    };
    let progress = Progress {
        executions: Box::new(move || {
            let each = counters.iter().zip(&folders);
            each.map(|(counter, folder)| counter.done(executions_of(folder))).sum()
        }),
        operations: Box::new(|| None),
    };
    Ok(Some(Running::new(processes, inputs, order.seconds.map(Duration::from_secs), progress)))
}

/// Adds what the instances have kept to the corpus, with which other campaigns begin.
pub(crate) fn gather(order: &Order<'_>) -> Result<(), EngineError> {
    let had: BTreeSet<PathBuf> = watch::files(&order.corpus).into_iter().collect();
    for instance in (0..order.jobs).map(name_of) {
        for file in watch::files(&order.scratch.join(AFL).join(instance).join("queue")) {
            let bytes = fs::read(&file).map_err(EngineError::io("read", &file))?;
            if !had.contains(&order.corpus.join(input_name(&bytes))) {
                order.add_to_corpus(&bytes)?;
            }
        }
    }
    Ok(())
}

/// The instance that does what is needed once.
const MAIN: &str = "main";

fn name_of(job: u32) -> String {
    if job == 0 { MAIN.to_string() } else { format!("secondary{job}") }
}

fn build_for(order: &Order<'_>) -> Result<Option<(PathBuf, PathBuf)>, EngineError> {
    let workspace = order.workspace;
    if order.empty {
        return with_mutator(workspace, build_empty(workspace)?);
    }
    let (feature, suffix) = order.feature().unzip();
    build(workspace, order.target, &format!("{FOLDER}{}", suffix.unwrap_or("")), feature)
}

/// Builds the target with this feature besides its usual ones, and the mutator. Returns the paths of both, or `None` if the
/// control interrupts.
///
/// # Errors
/// When the tool cannot be installed or cannot build.
pub(crate) fn build(
    workspace: &Workspace,
    target: &str,
    folder: &str,
    feature: Option<&str>,
) -> Result<Option<(PathBuf, PathBuf)>, EngineError> {
    let features = feature.map_or_else(|| FEATURE.to_string(), |feature| format!("{FEATURE},{feature}"));
    // As for libFuzzer: the operations are compared, not the values in them, and the reference's assertions at each step
    // take longer than all else; `cargo test` and the native campaign make them. Of flags that cargo-afl gives too, the
    // last one counts.
    let program = compile(workspace, &features, "--bin", target, folder, FLAGS)?;
    with_mutator(workspace, program.map(|folder| folder.join(target)))
}

/// Builds the target that does nothing, with cargo-afl's own flags only.
fn build_empty(workspace: &Workspace) -> Result<Option<PathBuf>, EngineError> {
    let folder = compile(workspace, FEATURE, "--example", EMPTY, "afl-empty", &[])?;
    Ok(folder.map(|folder| folder.join("examples").join(EMPTY)))
}

/// Compiles with cargo-afl; returns the folder of the program.
fn compile(
    workspace: &Workspace,
    features: &str,
    kind: &str,
    name: &str,
    folder: &str,
    flags: &[&str],
) -> Result<Option<PathBuf>, EngineError> {
    let Some(mut call) = CARGO_AFL.call(workspace)? else {
        return Ok(None);
    };
    let folder = workspace.builds(folder);
    let (variable, value) = compiler::OPTIMISED;
    call.current_dir(workspace.targets()).env(variable, value).env("RUSTFLAGS", flags.join(" "));
    call.arg("build").args(RELEASE).args([features, kind, name]);
    // With `--target`, the flags are not for build scripts.
    let host = compiler::host()?;
    call.args(["--target", &host, "--target-dir"]).arg(&folder);
    let is_built = Group::finish(&mut call, "cargo afl build", workspace.control(), workspace.control().lines())?;
    Ok(is_built.then(|| folder.join(host).join("release")))
}

/// Builds the mutator, without coverage: AFL++ loads it into itself.
fn with_mutator(workspace: &Workspace, program: Option<PathBuf>) -> Result<Option<(PathBuf, PathBuf)>, EngineError> {
    let Some(program) = program else {
        return Ok(None);
    };
    let folder = workspace.builds("afl-mutator");
    let mut call: Command = workspace.call(workspace.cargo());
    let (variable, value) = compiler::OPTIMISED;
    call.current_dir(workspace.targets()).env(variable, value);
    call.arg("rustc").args(RELEASE).args(["afl-mutator", "--lib", "--crate-type", "cdylib", "--target-dir"]);
    if !Group::finish(call.arg(&folder), "cargo rustc", workspace.control(), workspace.control().lines())? {
        return Ok(None);
    }
    let name = format!("{}stalemap_fuzz{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    Ok(Some((program, folder.join("release").join(name))))
}

/// Begins the arguments of each build; the features follow.
const RELEASE: [&str; 5] = ["--release", "-p", "stalemap-fuzz", "--no-default-features", "--features"];
/// The feature of targets for AFL++.
const FEATURE: &str = "afl";

/// The executions of an instance since it was started. One that goes on counts on from what its statistics say (`load_stats_file` in
/// AFL++'s afl-fuzz-stats.c), and the earlier executions are those of an earlier campaign.
struct Counter {
    /// The number that was read last.
    last: Cell<u64>,
    done: Cell<u64>,
}

impl Counter {
    /// Of an instance with these statistics before its start, if it has any.
    fn beginning_at(number: Option<u64>) -> Counter {
        Counter { last: Cell::new(number.unwrap_or(0)), done: Cell::new(0) }
    }

    /// The executions that were done, now that the statistics have this number.
    fn done(&self, number: Option<u64>) -> u64 {
        if let Some(number) = number {
            // An instance whose statistics could not be read has begun at 0.
            let more = number.checked_sub(self.last.replace(number)).unwrap_or(number);
            self.done.set(self.done.get() + more);
        }
        self.done.get()
    }
}

/// The number of executions in the statistics of an instance.
fn executions_of(folder: &Path) -> Option<u64> {
    let text = fs::read_to_string(folder.join("fuzzer_stats")).ok()?;
    let line = text.lines().find(|line| line.starts_with("execs_done"))?;
    line.split(':').nth(1)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Counter;

    #[test]
    fn an_instance_that_goes_on_counts_what_it_has_done_since_its_start() {
        let on = Counter::beginning_at(Some(1_000));
        // The statistics are those of the earlier start, are gone on from, cannot be read, and begin anew.
        let numbers = [Some(1_000), Some(1_250), None, Some(1_300), Some(20), Some(50)];
        assert_eq!(numbers.map(|number| on.done(number)), [0, 250, 250, 300, 320, 350]);
        let new = Counter::beginning_at(None);
        assert_eq!([None, Some(7), Some(9)].map(|number| new.done(number)), [0, 7, 9]);
    }
}
