//! Two machines that share inputs by a folder: each in a network and with a name of its own, each killed once and started again; a third is
//! of the other engine. What they find comes together, and nothing that was said is lost.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use xshell::cmd;

use super::interrupt::{BEGINS, ENDS, FOUND, MARK, count, marked, program, wait_for};
use super::start;
use crate::context::{Context, code_and_stdout, code_and_text};

/// The bug that they find, by several signatures.
const BUG: &str = "stale_mapping";
/// Inputs of the corpus with which a machine has begun.
const AT_WORK: usize = 50;
/// Seconds of the last start of each machine. AFL++ looks at what others have when it begins, and every minute.
const SECONDS: u64 = 75;

pub(super) fn run(context: &Context) -> Result<()> {
    cmd!(context.sh, "cargo build --quiet --locked -p stalemap-cli --features seeded-bugs").run()?;
    let apart =
        Command::new("unshare").args(APART).arg("true").stderr(Stdio::null()).status().is_ok_and(|it| it.success());
    if !apart {
        println!("this system gives no user a network of its own: the machines are two processes with names");
    }
    for (engine, other) in [("libfuzzer", "afl"), ("afl", "libfuzzer")] {
        let folder = context.fresh_folder(&format!("engines-shared-{engine}"))?;
        let machine = |name: &'static str, engine| Machine { context, folder: &folder, name, engine, apart };
        machines(&machine("one", engine), &machine("two", engine), &machine("three", other))?;
    }
    Ok(())
}

/// A network and a name of its own, as a user without rights may have them.
const APART: [&str; 3] = ["--map-root-user", "--net", "--uts"];

struct Machine<'a> {
    context: &'a Context,
    folder: &'a Path,
    name: &'static str,
    engine: &'static str,
    apart: bool,
}

fn machines(one: &Machine<'_>, two: &Machine<'_>, other: &Machine<'_>) -> Result<()> {
    let mut first = one.start(None)?;
    one.wait_until_at_work(&mut first)?;
    let mut second = two.start(None)?;
    two.wait_until_at_work(&mut second)?;
    let mut said = one.kill(first)?;
    said.extend(two.kill(second)?);
    // Each goes on, in its time, and the third joins.
    let ends = [one.start(Some(SECONDS))?, two.start(Some(SECONDS))?, other.start(Some(SECONDS))?];
    for (machine, mut child) in [one, two, other].into_iter().zip(ends) {
        let status = child.wait()?;
        ensure!(status.code() == Some(FOUND), "{} ended with {status}; see {}", machine.name, machine.log().display());
        said.extend(machine.said()?);
        machine.took_over()?;
    }
    let found = merged(one.context, &[one, two, other])?;
    let lost: Vec<&String> = said.iter().filter(|signature| !found.contains(*signature)).collect();
    ensure!(
        lost.is_empty() && !said.is_empty(),
        "it was said that {lost:?} was found, and the merged folder has {found:?}"
    );
    println!(
        "{}: three machines, two of them killed, come to {} findings; of {} that were told none is lost",
        one.engine,
        found.len(),
        said.len()
    );
    Ok(())
}

impl Machine<'_> {
    /// Starts the campaign of the machine, with the name that the system has.
    fn start(&self, seconds: Option<u64>) -> Result<Child> {
        let (Machine { engine, name, folder, .. }, program) = (self, program(self.context));
        let (shared, findings) = (folder.join("shared"), self.findings());
        let seconds = seconds.map(|seconds| format!("--seconds={seconds}"));
        let more = if self.apart { None } else { Some(format!("--name={name}")) };
        let fuzz = cmd!(
            self.context.sh,
            "setsid {program} fuzz --engine {engine} --bug {BUG} --jobs 1 --shared {shared} --out {findings}"
        );
        let fuzz = fuzz.args(seconds).args(more).env(MARK, self.mark());
        if !self.apart {
            return start(fuzz, &self.log());
        }
        let set_name = format!("hostname {name} && exec \"$@\"");
        let inner = Command::from(fuzz);
        let words = [inner.get_program()].into_iter().chain(inner.get_args());
        let apart = cmd!(self.context.sh, "unshare").args(APART).args(["sh", "-c", &set_name, "sh"]).args(words);
        start(apart.env(MARK, self.mark()), &self.log())
    }

    fn wait_until_at_work(&self, child: &mut Child) -> Result<()> {
        let corpus = self.of_subject().join("corpus");
        let begins = wait_for(BEGINS, || {
            ensure!(child.try_wait()?.is_none(), "the campaign is over");
            Ok(count(&corpus) >= AT_WORK && !self.said()?.is_empty() && self.executions()? > 0)
        });
        begins.with_context(|| format!("{} did not get to work; its output is in {}", self.name, self.log().display()))
    }

    /// Kills the program alone, as want of memory does. All that it has started ends, and its executions count; the signatures that it
    /// has told.
    fn kill(&self, mut child: Child) -> Result<BTreeSet<String>> {
        let before = marked(&self.mark())?.len();
        let counted = self.executions()?;
        let group = format!("-{}", child.id());
        let context = self.context;
        cmd!(context.sh, "kill -KILL -- {group}").run()?;
        child.wait()?;
        let ended = wait_for(ENDS, || Ok(marked(&self.mark())?.is_empty()));
        ended.with_context(|| {
            format!(
                "{} processes of {} outlive the one that was killed",
                marked(&self.mark()).map_or(0, |it| it.len()),
                self.name
            )
        })?;
        println!("{}, {}: all {before} processes ended with the one that was killed", self.engine, self.name);
        let kept = self.executions()?;
        println!("{}, {}: {kept} executions of the campaign that was killed count", self.engine, self.name);
        ensure!(kept >= counted, "{counted} executions counted before the kill, and {kept} after it");
        self.said()
    }

    /// The executions that count in its findings folder; none before there is one.
    fn executions(&self) -> Result<u64> {
        let (program, findings) = (program(self.context), self.findings());
        if !findings.exists() {
            return Ok(0);
        }
        let (_, said) = code_and_stdout(cmd!(self.context.sh, "{program} status --format json {findings}"))?;
        let status: serde_json::Value = serde_json::from_str(&said).context("the status is JSON")?;
        status["executions"].as_u64().context("the status has executions")
    }

    /// The signatures that it has told.
    fn said(&self) -> Result<BTreeSet<String>> {
        let text = self.context.sh.read_file(self.log())?;
        let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let found = lines.filter_map(|line| line.strip_prefix("found ")?.split_once(','));
        Ok(found.map(|(signature, _)| signature.to_string()).collect())
    }

    /// AFL++ says in the name of an input from where it has it.
    fn took_over(&self) -> Result<()> {
        if self.engine != "afl" {
            return Ok(());
        }
        let queue = self.of_subject().join("afl").join(self.name).join("afl/main/queue");
        let names = self.context.sh.read_dir(&queue)?;
        let taken = names.iter().filter(|path| path.to_string_lossy().contains("sync:corpus")).count();
        println!(
            "AFL++, {}: took over {taken} of its {} inputs from the folder that all share",
            self.name,
            names.len()
        );
        ensure!(taken > 0, "AFL++ took over nothing from the folder that all share: {}", queue.display());
        Ok(())
    }

    /// What is shared of this subject.
    fn of_subject(&self) -> PathBuf {
        self.folder.join("shared").join(format!("lockstep_--bug_{BUG}"))
    }

    fn findings(&self) -> PathBuf {
        self.folder.join(format!("findings-{}", self.name))
    }

    fn log(&self) -> PathBuf {
        self.folder.join(self.name).with_extension("log")
    }

    fn mark(&self) -> String {
        format!("{}-{}-{}", std::process::id(), self.engine, self.name)
    }
}

/// The signatures of all folders together, each of which replays.
fn merged(context: &Context, machines: &[&Machine<'_>]) -> Result<BTreeSet<String>> {
    let (program, folder) = (program(context), machines[0].folder.join("merged"));
    let parts: Vec<PathBuf> = machines.iter().map(|machine| machine.findings()).collect();
    cmd!(context.sh, "{program} merge {parts...} -o {folder}").run()?;
    let mut found = BTreeSet::new();
    for path in context.sh.read_dir(&folder)?.iter().filter(|path| path.extension().is_some_and(|it| it == "trace")) {
        let (code, said) = code_and_text(cmd!(context.sh, "{program} run --bug {BUG} {path}"))?;
        ensure!(code == FOUND, "{} does not replay (exit code {code}):\n{said}", path.display());
        let text = context.sh.read_file(path)?;
        let signature = text.lines().next().and_then(|line| line.strip_prefix("# ")).context("a finding has a name")?;
        found.insert(signature.to_string());
    }
    Ok(found)
}
