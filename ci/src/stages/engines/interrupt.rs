//! Interrupts: a campaign of an engine ends with all its processes, and keeps its corpus and what it has found.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use xshell::{Cmd, cmd};

use super::start;
use crate::context::{Context, code_and_text};

/// By this a process is known to come from here, in whichever group it is and whatever its parent is now.
pub(super) const MARK: &str = "STALEMAP_CI_MARK";
/// How long an engine may take to begin, its building included, and to end.
pub(super) const BEGINS: Duration = Duration::from_secs(900);
pub(super) const ENDS: Duration = Duration::from_secs(20);

/// How many inputs an engine at work has at least.
const AT_WORK: usize = 100;
/// The exit code of a program that was interrupted before it found anything, and of one that has found something.
const INTERRUPTED: i32 = 130;
pub(super) const FOUND: i32 = 1;

/// The bug that campaigns find before they are interrupted.
const BUG: &str = "stale_mapping";

/// What gets the signal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    /// The program, as from `kill`.
    Program,
    /// Its whole group, as from a terminal.
    Group,
}

/// A campaign that is interrupted.
struct Case {
    engine: &'static str,
    bug: Option<&'static str>,
    to: To,
}

/// Interrupts campaigns of each engine, with and without a finding.
pub(super) fn run(context: &Context) -> Result<()> {
    for (features, bug) in [(&[][..], None), (&["--features", "seeded-bugs"][..], Some(BUG))] {
        cmd!(context.sh, "cargo build --quiet --locked -p stalemap-cli {features...}").run()?;
        for engine in ["libfuzzer", "afl"] {
            for to in [To::Program, To::Group] {
                Case { engine, bug, to }.run(context)?;
            }
        }
    }
    Ok(())
}

impl Case {
    /// Interrupts the campaign at work, and demands that all its processes end and nothing is lost.
    fn run(&self, context: &Context) -> Result<()> {
        let Case { engine, bug, to } = *self;
        let folder = context.fresh_folder(&format!("engines-interrupt-{engine}"))?;
        let (findings, log) = (folder.join("findings"), folder.join("said.log"));
        let mark = format!("{}-{engine}", std::process::id());
        let mut child = start(self.command(context, &findings).env(MARK, &mark), &log)?;
        let campaign = context.target.join("engines/campaign");
        let at_work = if engine == "afl" { campaign.join("afl/main/queue") } else { campaign.join("corpus") };
        let began = wait_for(BEGINS, || {
            ensure!(child.try_wait()?.is_none(), "the campaign is over");
            let has_found = bug.is_none() || count(&findings) > 0;
            Ok(has_found && marked(&mark)?.len() > 2 && count(&at_work) >= AT_WORK)
        });
        let before = marked(&mark)?;
        let whom = if to == To::Group { format!("-{}", child.id()) } else { child.id().to_string() };
        let told = cmd!(context.sh, "kill -INT -- {whom}").run();
        let ended = told.map_err(Into::into).and_then(|()| end_of(&mut child));
        let after = marked(&mark)?;
        for process in &after {
            // Nothing that was started here stays, whatever this stage says of it.
            let _ = Command::new("kill").args(["-KILL", process]).stderr(Stdio::null()).status();
        }
        began.with_context(|| format!("{engine} did not get to work; its output is in {}", log.display()))?;
        let status = ended?;
        ensure!(after.is_empty(), "{engine} left processes behind: {}", after.join(", "));
        let expected = if bug.is_some() { FOUND } else { INTERRUPTED };
        ensure!(status.code() == Some(expected), "the interrupted campaign ended with {status}, not with {expected}");
        let kept = count(&campaign.join("corpus"));
        ensure!(kept >= AT_WORK, "{engine} has kept {kept} inputs only of those that it had when it was interrupted");
        let found = self.check_findings(context, &findings)?;
        println!(
            "{engine}: {} processes ended with the interrupt, {kept} inputs and {found} findings are kept",
            before.len()
        );
        Ok(())
    }

    /// The program; `setsid` makes it the leader of a group of its own.
    fn command<'a>(&self, context: &'a Context, findings: &Path) -> Cmd<'a> {
        let (program, engine) = (program(context), self.engine);
        let bug = self.bug.iter().flat_map(|bug| ["--bug", bug]);
        cmd!(
            context.sh,
            "setsid {program} fuzz --engine {engine} {bug...} --from-nothing --jobs 2 --seed 1 --out {findings}"
        )
    }

    /// How many findings are kept; each is minimised and replays.
    fn check_findings(&self, context: &Context, findings: &Path) -> Result<usize> {
        let Some(bug) = self.bug else {
            return Ok(0);
        };
        let mut kept = context.sh.read_dir(findings)?;
        kept.retain(|path| path.extension().is_some_and(|it| it == "trace"));
        for path in &kept {
            let text = context.sh.read_file(path)?;
            ensure!(text.contains("minimised in"), "{} was not minimised:\n{text}", path.display());
            let program = program(context);
            let (code, said) = code_and_text(cmd!(context.sh, "{program} run --bug {bug} {path}"))?;
            ensure!(code == FOUND, "{} does not replay (exit code {code}):\n{said}", path.display());
        }
        Ok(kept.len())
    }
}

pub(super) fn program(context: &Context) -> PathBuf {
    context.target.join("debug").join("stalemap")
}

pub(super) fn count(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

fn end_of(child: &mut Child) -> Result<ExitStatus> {
    wait_for(ENDS, || Ok(child.try_wait()?.is_some())).context("the campaign did not end when it was interrupted")?;
    Ok(child.wait()?)
}

pub(super) fn wait_for(limit: Duration, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !holds()? {
        if start.elapsed() > limit {
            bail!("nothing came of it within {} s", limit.as_secs());
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// The numbers of the processes that have this mark in their environment and are not over (proc(5)).
pub(super) fn marked(mark: &str) -> Result<Vec<String>> {
    let mark = format!("{MARK}={mark}");
    let has_mark = |folder: &PathBuf| {
        // A process that is over and was not waited for has no environment any more.
        let environment = fs::read(folder.join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    };
    let entries = fs::read_dir("/proc").context("the table of processes is read from /proc")?.flatten();
    let folders = entries.map(|entry| entry.path()).filter(has_mark);
    Ok(folders.filter_map(|folder| Some(folder.file_name()?.to_string_lossy().into_owned())).collect())
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::{ENDS, MARK, marked, wait_for};

    #[test]
    fn a_process_is_found_by_its_mark_while_it_lives() {
        let mark = format!("test-{}", std::process::id());
        let mut child = Command::new("sleep").arg("60").env(MARK, &mark).stdin(Stdio::null()).spawn().unwrap();
        let number = child.id().to_string();
        // A program that has only just begun has no environment yet.
        let found = wait_for(ENDS, || Ok(!marked(&mark)?.is_empty())).and_then(|()| marked(&mark)).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!((found, marked(&mark).unwrap()), (vec![number], Vec::new()));
    }
}
