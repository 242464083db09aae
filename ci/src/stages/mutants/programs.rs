//! The programs of tests: what tests they have, which places each test runs, and what a test says of a change.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

/// The most memory that a test may ask for, in KiB, since a change may ask for more and more.
const MOST_MEMORY: u64 = 8_000_000;

/// How much longer a test may take with a change than without it, and seconds on top.
const PATIENCE: (f64, f64) = (4.0, 0.3);

/// Seconds of waiting for each second of computing: other programs have the processors too, and this one is the last to get them.
const MOST_WAITING: f64 = 400.0;

/// A test.
#[derive(Clone, Debug)]
pub(super) struct Test {
    program: PathBuf,
    /// Where it runs: the folder of its package.
    folder: PathBuf,
    name: String,
    /// Package, program and name.
    pub(super) id: String,
    /// How much of a processor it takes without a change, in seconds; infinite where it takes longer than a test may.
    pub(super) seconds: f64,
    /// The places that it runs.
    pub(super) places: BTreeSet<u32>,
}

/// What a test says of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    Failed,
    Endless,
}

/// The tests of a program, without those that are ignored.
pub(super) fn tests_of(program: &Path, folder: &Path) -> Result<Vec<Test>> {
    let list = |more: &[&str]| -> Result<BTreeSet<String>> {
        let mut command = Command::new(program);
        let output = command.args(["--list", "--format", "terse"]).args(more).current_dir(folder).output()?;
        ensure!(output.status.success(), "{} does not list its tests", program.display());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
    };
    let (all, ignored) = (list(&[])?, list(&["--ignored"])?);
    let short = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    // Cargo adds a number to the name.
    let stem = short(program).rsplit_once('-').map(|(stem, _)| stem.to_owned()).unwrap_or_default();
    let test = |name: String| Test {
        program: program.to_owned(),
        folder: folder.to_owned(),
        id: format!("{}/{stem}/{name}", short(folder)),
        name,
        seconds: 0.0,
        places: BTreeSet::new(),
    };
    Ok(all.into_iter().filter(|name| !ignored.contains(name)).map(test).collect())
}

impl Test {
    /// Runs it without a change: which places does it run, and how long? It must pass, but for a test that takes longer than so
    /// many seconds, which is ended.
    pub(super) fn trace(&mut self, kept: &Path, most_seconds: f64) -> Result<()> {
        /// How the shell says that a test has used up its time.
        const OUT_OF_TIME: [i32; 2] = [128 + 24, 128 + 9];
        let _ = fs::remove_file(kept);
        let script = "ulimit -v \"$0\"; ulimit -t \"$1\"; shift; \"$@\" >/dev/null 2>&1; code=$?; times; exit $code";
        let mut command = self.command(script, &[MOST_MEMORY.to_string(), format!("{:.0}", most_seconds.ceil() + 1.0)]);
        let output = command.env("STALEMAP_PLACES", kept).stdout(Stdio::piped()).output()?;
        if output.status.code().is_some_and(|code| OUT_OF_TIME.contains(&code)) {
            self.seconds = f64::INFINITY;
            return Ok(());
        }
        if !output.status.success() {
            println!("{} fails without a change, and is not asked", self.id);
            self.seconds = f64::INFINITY;
            return Ok(());
        }
        let times = String::from_utf8_lossy(&output.stdout).into_owned();
        self.seconds = times.lines().nth(1).map_or(0.0, |line| line.split_whitespace().map(seconds).sum());
        let places = fs::read_to_string(kept).unwrap_or_default();
        self.places = places.lines().filter_map(|line| line.parse().ok()).collect();
        Ok(())
    }

    /// Reads what an earlier trace came to, if there is one that says enough.
    pub(super) fn recall(&mut self, kept: &Path, most_seconds: f64) -> Result<bool> {
        let Ok(text) = fs::read_to_string(kept.with_extension("kept")) else { return Ok(false) };
        let (first, places) = text.split_once('\n').context("an empty trace is kept")?;
        self.seconds = match first.strip_prefix("more than ") {
            Some(least) if least.parse::<f64>()? < most_seconds => return Ok(false),
            Some(_) => f64::INFINITY,
            None => first.parse()?,
        };
        self.places = places.lines().map(str::parse).collect::<Result<_, _>>()?;
        Ok(true)
    }

    /// Keeps what the trace came to.
    pub(super) fn remember(&self, kept: &Path, most_seconds: f64) -> Result<()> {
        let _ = fs::remove_file(kept);
        let first =
            if self.seconds.is_finite() { self.seconds.to_string() } else { format!("more than {most_seconds}") };
        let places: String = self.places.iter().map(|place| format!("{place}\n")).collect();
        Ok(fs::write(kept.with_extension("kept"), format!("{first}\n{places}"))?)
    }

    /// Runs it with a change.
    pub(super) fn ask(&self, change: u32) -> Result<Verdict> {
        let limit = self.seconds * PATIENCE.0 + PATIENCE.1;
        let script = "ulimit -v \"$0\"; ulimit -t \"$1\"; shift; exec \"$@\"";
        let limits = [MOST_MEMORY.to_string(), format!("{:.0}", limit.ceil())];
        let mut command = self.command(script, &limits);
        command.env("STALEMAP_CHANGE", change.to_string()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.process_group(0).spawn().with_context(|| format!("cannot run {}", self.id))?;
        let verdict = wait(&mut child, Duration::from_secs_f64(limit * MOST_WAITING))?;
        Ok(verdict)
    }

    fn command(&self, script: &str, first: &[String]) -> Command {
        let mut command = Command::new("nice");
        command.args(["-n", "10", "sh", "-c", script]).args(first).arg(&self.program);
        command.args(["--exact", &self.name, "--test-threads", "1"]);
        command.current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder).stdin(Stdio::null());
        command
    }
}

/// The seconds of a time as the shell prints it, such as `0m1.25s`.
fn seconds(time: &str) -> f64 {
    let parts = time
        .trim_end_matches('s')
        .split_once('m')
        .and_then(|(minutes, seconds)| Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?));
    parts.unwrap_or(0.0)
}

/// Waits until a test ends, and ends it when it takes too long.
fn wait(child: &mut Child, most: Duration) -> Result<Verdict> {
    /// The signals of a process that has used up its time.
    const OUT_OF_TIME: [i32; 2] = [24, 9];
    let (start, mut pause) = (Instant::now(), Duration::from_millis(1));
    loop {
        if let Some(status) = child.try_wait()? {
            let signal = std::os::unix::process::ExitStatusExt::signal(&status);
            return Ok(match signal {
                _ if status.success() => Verdict::Passed,
                Some(signal) if OUT_OF_TIME.contains(&signal) => Verdict::Endless,
                _ => Verdict::Failed,
            });
        }
        if start.elapsed() > most {
            child.kill()?;
            child.wait()?;
            return Ok(Verdict::Endless);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_of_the_shell_are_read() {
        assert!((seconds("1m2.50s") - 62.5).abs() < 1e-9);
        assert!((seconds("0m0.000000s")).abs() < 1e-9);
    }
}
