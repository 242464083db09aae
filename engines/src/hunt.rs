//! Hunts for a seeded bug: one process of an engine, until it stops at an input or its processor time is over. The target is
//! built once, and learns at its start which bug is on and in which folder it counts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::error::{EngineError, ToolFailure};
use crate::order::Engine;
use crate::process::Group;
use crate::protocol::{self, Counts, LOCKSTEP};
use crate::tool::CARGO_AFL;
use crate::workspace::Workspace;
use crate::{afl, cpu, libfuzzer};

/// How often it is looked whether an engine has ended, and how much processor time it has used.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);
const BETWEEN_CLOCKS: Duration = Duration::from_millis(500);
/// Executions in which libFuzzer looks for something smaller than what it has, as its manual has it.
const MINIMISING: u64 = 10_000;
/// The smallest machine without an operation: AFL++ refuses to begin with nothing.
const NOTHING: &[u8] = &[0];

/// The target [`LOCKSTEP`] with the seeded bugs in it, built for an engine.
pub struct Hunter {
    workspace: Workspace,
    target: Target,
    /// Each hunt has a folder in it.
    scratch: TempDir,
}

enum Target {
    Libfuzzer { program: PathBuf },
    Afl { program: PathBuf, mutator: PathBuf },
}

/// What is hunted, and when it is given up.
#[derive(Clone, Copy, Debug)]
pub struct HuntOrder {
    /// The seeded bug that is on; with none every input that stops the target is a false alarm.
    pub bug: Option<&'static str>,
    /// Seed of the mutations.
    pub seed: u64,
    /// The longest input in bytes.
    pub longest: usize,
    /// Executions after which the hunt is given up.
    pub executions: Option<u64>,
    /// Processor time after which it is given up.
    pub time: Duration,
    /// Leaves mutation to libFuzzer, which mutates bytes. Nothing else for AFL++.
    pub mutates_bytes: bool,
}

/// What a hunt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HuntResult {
    /// What the target has counted.
    pub counts: Counts,
    /// Processor time of the engine and the target.
    pub time: Duration,
    /// The input that stopped the target.
    pub input: Option<Vec<u8>>,
}

impl Hunter {
    /// Builds the target; `None` if the control interrupts the build.
    ///
    /// # Errors
    /// When a tool is missing and cannot be installed, when it cannot build, or where processor time cannot be read.
    pub fn prepare(workspace: Workspace, engine: Engine) -> Result<Option<Hunter>, EngineError> {
        if !cpu::is_told() {
            return Err(EngineError::NoCpuTime);
        }
        let target = match engine {
            Engine::Libfuzzer => {
                let built = libfuzzer::build(&workspace, LOCKSTEP, libfuzzer::BUGS_FOLDER, Some(protocol::BUGS))?;
                built.map(|program| Target::Libfuzzer { program })
            }
            Engine::Afl => {
                let built = afl::build(&workspace, LOCKSTEP, afl::BUGS_FOLDER, Some(protocol::BUGS))?;
                built.map(|(program, mutator)| Target::Afl { program, mutator })
            }
        };
        let scratch = tempfile::tempdir().map_err(EngineError::Scratch)?;
        Ok(target.map(|target| Hunter { workspace, target, scratch }))
    }

    /// Hunts; `None` if the control interrupts.
    ///
    /// # Errors
    /// When the engine cannot be started, or fails without having stopped at an input.
    pub fn hunt(&self, order: &HuntOrder) -> Result<Option<HuntResult>, EngineError> {
        let folder = self.folder()?;
        let (engine, command) = match &self.target {
            Target::Libfuzzer { program } => {
                let mut command = libfuzzer_command(program, order.seed, order.executions, order.mutates_bytes);
                command.arg(format!("-max_len={}", order.longest));
                (Engine::Libfuzzer, Some(command))
            }
            Target::Afl { program, mutator } => {
                (Engine::Afl, self.afl_command(program, mutator, folder.path(), order)?)
            }
        };
        let Some(mut command) = command else {
            return Ok(None);
        };
        command.current_dir(&folder).env(protocol::HUNT, folder.path());
        command.envs(order.bug.map(|bug| (protocol::BUG, bug)));
        let mut group = Group::start(&mut command, engine.name(), self.workspace.control(), |_| ())?;
        let used = |group: &Group| {
            // AFL++ puts the target into a group of its own; with libFuzzer it is the process that was started.
            let [_, _, target, _, _] = counts(folder.path());
            let others = if engine == Engine::Afl { group.cpu_time() } else { Duration::ZERO };
            others + Duration::from_nanos(target)
        };
        let Some(ended) = self.follow(&mut group, order.time, used)? else {
            return Ok(None);
        };
        let counts = counts(folder.path());
        let [executions, _, nanoseconds, _, _] = counts;
        let input = fs::read(folder.path().join(protocol::FINDING)).ok();
        // An engine says in its exit code as well that it has found something.
        if input.is_none() {
            ended?;
        }
        if executions == 0 {
            return Err(EngineError::NoExecution { engine: engine.name() });
        }
        let target = Duration::from_nanos(nanoseconds);
        // AFL++ itself works as well. It waits for a target that has crashed, whose time is then in its own, and kills
        // one that goes on without waiting for it.
        let time = match engine {
            Engine::Afl if input.is_some() => group.cpu_time(),
            Engine::Afl => group.cpu_time() + target,
            Engine::Libfuzzer => target,
        };
        Ok(Some(HuntResult { counts, time, input }))
    }

    /// Lets libFuzzer make an input smaller at which the target stops (`-minimize_crash=1`), for this much processor time;
    /// `None` if the control interrupts.
    ///
    /// # Errors
    /// When it fails, does not stop at the input, or the engine is AFL++, which minimises bytes only.
    pub fn minimise(&self, input: &[u8], order: &HuntOrder) -> Result<Option<HuntResult>, EngineError> {
        let Target::Libfuzzer { program } = &self.target else {
            return Err(EngineError::DoesNotMinimise { engine: Engine::Afl.name() });
        };
        let folder = self.folder()?;
        let file = folder.path().join("input");
        fs::write(&file, input).map_err(EngineError::io("write", &file))?;
        let mut command = libfuzzer_command(program, order.seed, Some(MINIMISING), order.mutates_bytes);
        command.current_dir(&folder).env(protocol::HUNT, folder.path());
        command.envs(order.bug.map(|bug| (protocol::BUG, bug)));
        command.arg("-minimize_crash=1").arg(&file);
        let mut group = Group::start(&mut command, Engine::Libfuzzer.name(), self.workspace.control(), |_| ())?;
        // It starts a process for each step, and waits for it.
        let Some(ended) = self.follow(&mut group, order.time, Group::cpu_time)? else {
            return Ok(None);
        };
        ended?;
        let smallest = folder.path().join(protocol::FINDING);
        let input = fs::read(&smallest).map_err(|source| EngineError::NotStopped { source })?;
        Ok(Some(HuntResult { counts: counts(folder.path()), time: group.cpu_time(), input: Some(input) }))
    }

    fn folder(&self) -> Result<TempDir, EngineError> {
        tempfile::tempdir_in(&self.scratch).map_err(EngineError::Scratch)
    }

    fn afl_command(
        &self,
        program: &Path,
        mutator: &Path,
        folder: &Path,
        order: &HuntOrder,
    ) -> Result<Option<Command>, EngineError> {
        let Some(mut call) = CARGO_AFL.call(&self.workspace)? else {
            return Ok(None);
        };
        let seeds = folder.join("seeds");
        fs::create_dir(&seeds).map_err(EngineError::io("make", &seeds))?;
        let nothing = seeds.join("nothing");
        fs::write(&nothing, NOTHING).map_err(EngineError::io("write", &nothing))?;
        call.args(["fuzz", "-i"]).arg(&seeds).arg("-o").arg(folder.join("kept"));
        call.args(["-t", "10000", "-s", &(order.seed + 1).to_string(), "-G", &order.longest.to_string()]);
        call.args(order.executions.map(|executions| format!("-E{executions}")));
        call.arg("--").arg(program).envs(afl::VARIABLES.iter().copied());
        call.env("AFL_CUSTOM_MUTATOR_LIBRARY", mutator).env(protocol::TARGET, LOCKSTEP);
        call.env("AFL_BENCH_UNTIL_CRASH", "1");
        Ok(Some(call))
    }

    /// Waits until the engine ends or its time is over; how it has ended. `None` if the control interrupts.
    fn follow(
        &self,
        group: &mut Group,
        time: Duration,
        used: impl Fn(&Group) -> Duration,
    ) -> Result<Option<Result<(), ToolFailure>>, EngineError> {
        let mut looked = Instant::now();
        loop {
            if self.workspace.control().is_interrupted() {
                return Ok(None);
            }
            if let Some(ended) = group.ended()? {
                return Ok(Some(ended));
            }
            if looked.elapsed() >= BETWEEN_CLOCKS {
                looked = Instant::now();
                if used(group) >= time {
                    group.end();
                    return Ok(Some(Ok(())));
                }
            }
            thread::sleep(BETWEEN_LOOKS);
        }
    }
}

fn libfuzzer_command(program: &Path, seed: u64, executions: Option<u64>, mutates_bytes: bool) -> Command {
    let mut command = Command::new(program);
    command.args(libfuzzer::LIMITS);
    // libFuzzer replaces seed 0 by another one at each start.
    command.arg(format!("-seed={}", seed + 1));
    command.args(executions.map(|executions| format!("-runs={executions}")));
    if mutates_bytes {
        command.env(protocol::MUTATE_BYTES, "1");
    }
    command
}

/// What has been counted so far.
fn counts(folder: &Path) -> Counts {
    protocol::parse_counts(&fs::read_to_string(folder.join(protocol::COUNTS)).unwrap_or_default())
}
