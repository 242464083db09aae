//! Hunts by engines that run in processes of their own, on the target `lockstep` with the seeded bugs in it.
//!
//! The target is built once. The environment tells each process which bug is on and in which folder it counts; what it
//! finds is run here again before it is believed.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use stalemap_commands::interrupt::interrupted;
use stalemap_engines::protocol::{self, Counts, LOCKSTEP};
use stalemap_engines::{CARGO_AFL, Group, ToolFailure, Workspace, afl, cpu, libfuzzer};
use stalemap_harness::Compare;
use stalemap_implementation::{Bug, Switch};
use stalemap_operations::{Program, record};
use tempfile::TempDir;

use super::engine::Engine;
use super::hunt::{Found, Hunt, Limits};
use super::shortened::Shortened;
use crate::seeded;
use crate::workspace::workspace;

/// How often it is looked whether an engine has ended, and how much CPU time it has used.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);
const BETWEEN_CLOCKS: Duration = Duration::from_millis(500);
/// Executions in which libFuzzer looks for something smaller than what it has, as its manual has it.
const MINIMISING: u64 = 10_000;
/// The smallest machine without an operation: AFL++ refuses to begin with nothing.
const NOTHING: &[u8] = &[0];

/// Engines that are ready to hunt.
pub(crate) struct Outside {
    workspace: Workspace,
    libfuzzer: PathBuf,
    /// AFL++'s target and mutator.
    afl: (PathBuf, PathBuf),
    /// Each hunt has a folder in it.
    scratch: TempDir,
}

impl Outside {
    /// Builds what these engines need; nothing where none is asked for or the user interrupts.
    ///
    /// # Errors
    /// When a tool is missing and cannot be installed, or cannot build.
    pub(crate) fn prepare(engines: &[Engine]) -> Result<Option<Outside>> {
        let asked = |engine| engines.contains(&engine);
        let (for_libfuzzer, for_afl) = (asked(Engine::Libfuzzer) || asked(Engine::LibfuzzerBytes), asked(Engine::Afl));
        if !for_libfuzzer && !for_afl {
            return Ok(None);
        }
        ensure!(cpu::is_told(), "the CPU time of an engine's processes is read from /proc, which is not there");
        let workspace = workspace()?;
        let scratch = tempfile::tempdir().context("cannot make a folder")?;
        let mut outside = Outside { workspace, libfuzzer: PathBuf::new(), afl: Default::default(), scratch };
        let workspace = &outside.workspace;
        if for_libfuzzer {
            let Some(built) = libfuzzer::build(workspace, LOCKSTEP, libfuzzer::BUGS_FOLDER, Some(protocol::BUGS))?
            else {
                return Ok(None);
            };
            outside.libfuzzer = built;
        }
        if for_afl {
            let Some(built) = afl::build(workspace, LOCKSTEP, afl::BUGS_FOLDER, Some(protocol::BUGS))? else {
                return Ok(None);
            };
            outside.afl = built;
        }
        Ok(Some(outside))
    }

    /// Hunts a bug, or with `None` false alarms; nothing where the user interrupts.
    ///
    /// # Errors
    /// When the engine fails, or what it finds is nothing here.
    pub(crate) fn hunt(&self, engine: Engine, bug: Option<Bug>, seed: u64, limits: Limits) -> Result<Option<Hunt>> {
        let folder = tempfile::tempdir_in(&self.scratch).context("cannot make a folder")?;
        let command = match engine {
            Engine::Afl => self.afl(&folder, seed, limits)?,
            Engine::Libfuzzer | Engine::LibfuzzerBytes => {
                let mut command = self.libfuzzer(engine, seed, limits.executions);
                command.arg(format!("-max_len={}", longest(limits)));
                Some(command)
            }
            Engine::Native | Engine::Uniform | Engine::Proptest => bail!("{} has no process", engine.name()),
        };
        let Some(mut command) = command else {
            return Ok(None);
        };
        command.current_dir(&folder).env(protocol::HUNT, folder.path());
        command.envs(bug.map(|bug| (protocol::BUG, bug.name())));
        let mut group = Group::start(&mut command, engine.name(), self.workspace.control(), |_| ())?;
        let used = |group: &Group| {
            // AFL++ puts the target into a group of its own; with libFuzzer it is the process that was started.
            let [_, _, target, _, _] = counts(&folder);
            let others = if engine == Engine::Afl { group.cpu_time() } else { Duration::ZERO };
            others + Duration::from_nanos(target)
        };
        let Some(ended) = follow(&mut group, limits.time, used)? else {
            return Ok(None);
        };
        let [executions, operations, nanoseconds, reached, triggered] = counts(&folder);
        let found = fs::read(folder.path().join(protocol::FINDING)).ok().map(|bytes| again(bug, &bytes)).transpose()?;
        // An engine says in its exit code as well that it has found something.
        if found.is_none() {
            ended?;
        }
        ensure!(executions > 0, "{} ended without an execution", engine.name());
        let target = Duration::from_nanos(nanoseconds);
        // AFL++ itself works as well. It waits for a target that has crashed, whose time is then in its own, and kills
        // one that goes on without waiting for it.
        let time = match engine {
            Engine::Afl if found.is_some() => group.cpu_time(),
            Engine::Afl => group.cpu_time() + target,
            Engine::Native | Engine::Uniform | Engine::Proptest | Engine::Libfuzzer | Engine::LibfuzzerBytes => target,
        };
        Ok(Some(Hunt { executions, operations, time, reached, triggered, found }))
    }

    /// Lets libFuzzer minimise a finding (`-minimize_crash=1`); nothing where the user interrupts.
    ///
    /// # Errors
    /// When it fails, or what it comes to is nothing here.
    pub(super) fn minimise(
        &self,
        engine: Engine,
        bug: Bug,
        finding: &Found,
        cap: Duration,
    ) -> Result<Option<Shortened>> {
        let folder = tempfile::tempdir_in(&self.scratch).context("cannot make a folder")?;
        let input = folder.path().join("input");
        let bytes = finding.program.to_bytes();
        fs::write(&input, bytes.context("a machine of this size has no bytes")?)?;
        let mut command = self.libfuzzer(engine, 0, Some(MINIMISING));
        command.current_dir(&folder).env(protocol::HUNT, folder.path()).env(protocol::BUG, bug.name());
        command.arg("-minimize_crash=1").arg(&input);
        let mut group = Group::start(&mut command, engine.name(), self.workspace.control(), |_| ())?;
        // It starts a process for each step, and waits for it.
        let Some(ended) = follow(&mut group, cap, Group::cpu_time)? else {
            return Ok(None);
        };
        ended?;
        let bytes =
            fs::read(folder.path().join(protocol::FINDING)).context("libFuzzer has not seen the finding diverge")?;
        let mut found = again(Some(bug), &bytes)?;
        found.program.operations.truncate(found.divergence.step + 1);
        let [executions, ..] = counts(&folder);
        Ok(Some(Shortened { found, executions, time: group.cpu_time() }))
    }

    fn libfuzzer(&self, engine: Engine, seed: u64, executions: Option<u64>) -> Command {
        let mut command = Command::new(&self.libfuzzer);
        command.args(libfuzzer::LIMITS).args(libfuzzer::ACCOUNT);
        // Seed 0 would be another one each time.
        command.arg(format!("-seed={}", seed + 1));
        command.args(executions.map(|executions| format!("-runs={executions}")));
        if engine == Engine::LibfuzzerBytes {
            command.env(protocol::MUTATE_BYTES, "1");
        }
        command
    }

    fn afl(&self, folder: &TempDir, seed: u64, limits: Limits) -> Result<Option<Command>> {
        let Some(mut call) = CARGO_AFL.call(&self.workspace)? else {
            return Ok(None);
        };
        let seeds = folder.path().join("seeds");
        fs::create_dir(&seeds)?;
        fs::write(seeds.join("nothing"), NOTHING)?;
        call.args(["fuzz", "-i"]).arg(&seeds).arg("-o").arg(folder.path().join("kept"));
        call.args(["-t", "10000", "-s", &(seed + 1).to_string(), "-G", &longest(limits).to_string()]);
        call.args(limits.executions.map(|executions| format!("-E{executions}")));
        let (program, mutator) = &self.afl;
        call.arg("--").arg(program).envs(afl::VARIABLES.iter().copied());
        call.env("AFL_CUSTOM_MUTATOR_LIBRARY", mutator).env(protocol::TARGET, LOCKSTEP);
        call.env("AFL_BENCH_UNTIL_CRASH", "1");
        Ok(Some(call))
    }
}

/// The longest input of so many operations, in bytes.
fn longest(limits: Limits) -> usize {
    record::RECORD * (1 + limits.operations as usize)
}

/// Waits until the engine ends or its time is over; how it has ended. Nothing where the user interrupts.
fn follow(
    group: &mut Group,
    time: Duration,
    used: impl Fn(&Group) -> Duration,
) -> Result<Option<Result<(), ToolFailure>>> {
    let mut looked = Instant::now();
    loop {
        if interrupted() {
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

/// What has been counted so far.
fn counts(folder: &TempDir) -> Counts {
    protocol::parse_counts(&fs::read_to_string(folder.path().join(protocol::COUNTS)).unwrap_or_default())
}

/// Runs here what an engine has found.
fn again(bug: Option<Bug>, bytes: &[u8]) -> Result<Found> {
    let program = Program::from_bytes(bytes);
    let mut driver = seeded::driver(&Switch::new(bug));
    let run = driver.run(&program, Compare::Touched).map_err(|it| anyhow!(it))?;
    let divergence = run.divergence.with_context(|| {
        let bug = bug.map_or("no bug", Bug::name);
        format!("an input that stopped the target ({bug}) does nothing here; was another source built?")
    })?;
    Ok(Found { program, divergence })
}
