//! What a stage works with: a shell at the root of the workspace, the target folder, and what the command line chose.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use xshell::{Cmd, Shell, cmd};

/// What the command line says to stages.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// The sources or folders that the stage `mutants` changes, as paths from the root; none stands for all.
    pub(crate) sources: Vec<String>,
    /// The stage `mutants` only writes what earlier runs came to.
    pub(crate) only_known: bool,
    /// Seconds of the longest test that the stage `mutants` asks.
    pub(crate) test_seconds: Option<u64>,
    /// How many tests the stage `mutants` runs at once.
    pub(crate) jobs: Option<usize>,
    /// How long each campaign and each target runs, where it is not as long as the stage has it.
    pub(crate) seconds: Option<u64>,
    /// The seeded bug that the stage `nightly` runs with.
    pub(crate) bug: Option<String>,
}

/// The profile of the workspace with which the stages build `stalemap`.
const PROFILE: &str = "stages";

/// Where stages work.
pub(crate) struct Context {
    /// Its folder is the root; it prints each command before it runs it.
    pub(crate) sh: Shell,
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) options: Options,
}

impl Context {
    /// Of the workspace that holds the folder.
    pub(crate) fn new(folder: &Path, options: Options) -> Result<Self> {
        let root = stalemap_ci::find_root(folder)?;
        let sh = Shell::new()?;
        sh.change_dir(&root);
        let target = sh.var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |target| root.join(target));
        Ok(Context { sh, root, target, options })
    }

    /// The program `stalemap`, with the seeded bugs behind their switches: all stages share one build, which takes minutes. The
    /// stage `fuzz-target` builds what it drives without that feature.
    pub(crate) fn stalemap(&self) -> Cmd<'_> {
        cmd!(self.sh, "cargo run --profile {PROFILE} --locked -p stalemap-cli --features seeded-bugs --")
    }

    /// The folder in which that build puts the program.
    pub(crate) fn programs(&self) -> PathBuf {
        self.target.join(PROFILE)
    }

    /// The time for a campaign or a target, as an argument.
    pub(crate) fn seconds(&self, usual: u64) -> String {
        self.options.seconds.unwrap_or(usual).to_string()
    }

    /// An empty folder for what a stage makes. It stays after the stage, so that what failed can be looked at.
    pub(crate) fn fresh_folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.target.join("ci").join(name);
        self.sh.remove_path(&folder)?;
        Ok(self.sh.create_dir(folder)?)
    }
}

/// Runs a command of which some failures mean something, and lets its output through: its exit code.
pub(crate) fn exit_code(command: Cmd<'_>) -> Result<i32> {
    Ok(finish(command, Stdio::inherit(), Stdio::inherit())?.0)
}

/// The same, but what it writes to stdout is returned.
pub(crate) fn code_and_stdout(command: Cmd<'_>) -> Result<(i32, String)> {
    finish(command, Stdio::piped(), Stdio::inherit())
}

/// The same, but what it writes to stdout and stderr is returned.
pub(crate) fn code_and_text(command: Cmd<'_>) -> Result<(i32, String)> {
    finish(command, Stdio::piped(), Stdio::piped())
}

/// Runs a command that must succeed: what it wrote to stdout and stderr, which is shown only if it fails.
pub(crate) fn text(command: Cmd<'_>) -> Result<String> {
    let name = command.to_string();
    let (code, text) = code_and_text(command)?;
    ensure!(code == 0, "`{name}` ended with exit code {code}:\n{}", text.trim_end());
    Ok(text)
}

/// xshell takes every failure for an error, or tells no exit code.
fn finish(command: Cmd<'_>, stdout: Stdio, stderr: Stdio) -> Result<(i32, String)> {
    let name = command.to_string();
    eprintln!("$ {name}");
    let child = Command::from(command).stdin(Stdio::null()).stdout(stdout).stderr(stderr).spawn();
    let output = child.and_then(Child::wait_with_output).with_context(|| format!("cannot run `{name}`"))?;
    let code = output.status.code().with_context(|| format!("`{name}` ended with {}", output.status))?;
    Ok((code, String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()))
}
