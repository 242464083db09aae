//! `stalemap coverage`: which transitions inputs meet and never meet, and which lines of both sides they reach.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{env, fs};

use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;
use stalemap_harness::{Compare, Generator, Settings, Transitions};
use stalemap_operations::{Kind, Operation};
use stalemap_report::style::STRONG;

use crate::ending::Ending;
use crate::{input, output, quiet, subject};

/// Show which transitions inputs meet and never meet, and which lines of both sides they reach
#[derive(Debug, Args)]
#[command(after_help = "\
Lines are counted by cargo-llvm-cov with the LLVM that Rust was built with; `stalemap doctor` says whether both are there.

Examples:
  stalemap coverage corpus
  stalemap coverage corpus --runs 100000 --never
  stalemap coverage corpus --lines")]
pub(crate) struct CoverageArguments {
    /// Traces, inputs of fuzzing engines, or folders of them
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(crate) paths: Vec<PathBuf>,
    /// Generated executions beside them
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) runs: u64,
    /// Seed of the generated executions
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// List the transitions that were never met
    #[arg(long)]
    pub(crate) never: bool,
    /// Count the lines of reference and implementation that the inputs reach
    #[arg(long)]
    pub(crate) lines: bool,
}

pub(crate) fn coverage(arguments: &CoverageArguments) -> Result<Ending> {
    let files = input::files(&arguments.paths)?;
    let met = transitions(&files, arguments)?;
    matrix(&met, arguments.never)?;
    if arguments.lines {
        lines(&arguments.paths)?;
    }
    Ok(Ending::Agree)
}

/// What the inputs, and as many generated executions as are asked for, meet.
fn transitions(files: &[PathBuf], arguments: &CoverageArguments) -> Result<Transitions> {
    let mut driver = subject::driver();
    for file in files {
        let trace = input::read(file)?.trace;
        let operations: Vec<Operation> = trace.operations().collect();
        quiet::driving(|| driver.run(&trace.machine, &operations, Compare::Touched)).map_err(|it| anyhow!(it))?;
    }
    let mut generator = Generator::new(Settings::default());
    let mut operations = Vec::new();
    for index in 0..arguments.runs {
        let machine = generator.execution(arguments.seed, index, &mut operations);
        quiet::driving(|| driver.run(&machine, &operations, Compare::Touched)).map_err(|it| anyhow!(it))?;
    }
    Ok(driver.transitions().clone())
}

/// Prints, for each operation, how many of its cells were met, and on request the others.
fn matrix(met: &Transitions, never: bool) -> Result<()> {
    let mut is_met = vec![false; Transitions::CELLS];
    met.iter().for_each(|cell| is_met[cell] = true);
    let mut counts: BTreeMap<Kind, [usize; 2]> = BTreeMap::new();
    for (cell, is_met) in is_met.iter().enumerate() {
        let counts = counts.entry(Transitions::meaning(cell).0).or_default();
        counts[0] += usize::from(*is_met);
        counts[1] += 1;
    }
    output::print_line(format_args!(
        "{STRONG}transitions{STRONG:#}  {} of {} cells (operation, state before, outcome); no sequence reaches all",
        met.count(),
        Transitions::CELLS
    ))?;
    for (kind, [met, all]) in &counts {
        output::print_line(format_args!("  {:<12}  {met:>5} of {all:>5}", kind.row().word))?;
    }
    if never {
        output::print_line(format_args!("{STRONG}never seen{STRONG:#}"))?;
        for cell in (0..Transitions::CELLS).filter(|&cell| !is_met[cell]) {
            let (kind, state, outcome) = Transitions::meaning(cell);
            output::print_line(format_args!("  {:<12}  {state}  = {outcome}", kind.row().word))?;
        }
    }
    Ok(())
}

/// Lets cargo-llvm-cov replay the inputs and prints which lines of reference and implementation they reach.
fn lines(paths: &[PathBuf]) -> Result<()> {
    let root = root()?;
    let paths: Vec<PathBuf> = paths
        .iter()
        .map(|path| fs::canonicalize(path).with_context(|| format!("cannot find {}", path.display())))
        .collect::<Result<_>>()?;
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Everything but the two sides is left out of the table.
    let others =
        format!("^{}/(operations|harness|report|cli|linux|subjects|ci|bench|fuzz)/|/\\.cargo/|/rustc/", root.display());
    command.args(["llvm-cov", "run", "--release", "-p", "stalemap", "--ignore-filename-regex", &others, "--", "run"]);
    command.args(paths).current_dir(&root).stdin(Stdio::null());
    for (variable, program) in tools() {
        command.env(variable, program);
    }
    output::flush()?;
    let status = command.status().context("cannot start cargo")?;
    ensure!(status.success(), "cargo llvm-cov ended with {status}; `stalemap doctor` says what it needs");
    Ok(())
}

/// The tools of the LLVM that this Rust was built with, where Debian has put them.
fn tools() -> Vec<(&'static str, String)> {
    let version = Command::new("rustc").arg("-vV").output().map(|it| String::from_utf8_lossy(&it.stdout).into_owned());
    let version = version.unwrap_or_default();
    let major = version.lines().find_map(|line| line.strip_prefix("LLVM version: ")?.split('.').next());
    let folder = major.map(|major| format!("/usr/lib/llvm-{major}/bin"));
    let found = folder.filter(|folder| fs::exists(format!("{folder}/llvm-cov")).unwrap_or(false));
    let with = |folder: String| {
        vec![("LLVM_COV", format!("{folder}/llvm-cov")), ("LLVM_PROFDATA", format!("{folder}/llvm-profdata"))]
    };
    found.map_or_else(Vec::new, with)
}

#[cfg(unix)]
fn root() -> Result<PathBuf> {
    Ok(crate::engine::Workspace::find()?.root().to_owned())
}

#[cfg(not(unix))]
fn root() -> Result<PathBuf> {
    env::current_dir().context("the current folder is not there")
}
