//! `stalemap coverage`: which transitions inputs meet and never meet, and which lines of both sides they reach.

use std::collections::BTreeMap;
use std::path::PathBuf;
#[cfg(unix)]
use std::{fs, process::Stdio};

#[cfg(unix)]
use anyhow::{Context, ensure};
use anyhow::{Result, anyhow};
use clap::Args;
use stalemap_harness::{Compare, Generator, Settings, Transitions};
use stalemap_operations::{Kind, Program};
use stalemap_report::style::STRONG;

use crate::ending::Ending;
use crate::{exhaust, input, output, subject};

/// Show which transitions inputs meet and never meet, and which lines of both sides they reach
#[derive(Debug, Args)]
#[command(after_help = "\
Lines are counted by cargo-llvm-cov, which is built into the target folder at the first use, with the tools of the LLVM
that Rust was built with; `stalemap doctor` says whether these are there.

Examples:
  stalemap coverage corpus
  stalemap coverage corpus --runs 1000000 --exhaust 4 --never
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
    /// Every operation from every state of the tiny machine up to this depth beside them
    #[arg(long, value_name = "DEPTH", default_value_t = 0)]
    pub(crate) exhaust: u32,
    /// List the transitions that were never met from states that are possible
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
    if arguments.lines { lines(&arguments.paths) } else { Ok(Ending::Agree) }
}

/// What the inputs, and as many generated executions as are asked for, meet.
fn transitions(files: &[PathBuf], arguments: &CoverageArguments) -> Result<Transitions> {
    let mut driver = subject::driver();
    for file in files {
        let trace = input::read(file)?.trace;
        driver.run(&trace.program(), Compare::Touched).map_err(|it| anyhow!(it))?;
    }
    let mut generator = Generator::new(Settings::default());
    let mut program = Program::default();
    for index in 0..arguments.runs {
        generator.execution(arguments.seed, index, &mut program);
        driver.run(&program, Compare::Touched).map_err(|it| anyhow!(it))?;
    }
    let mut met = driver.transitions().clone();
    if arguments.exhaust > 0 {
        let all = exhaust::transitions(exhaust::TINY, arguments.exhaust)?;
        met.merge(&all.context("interrupted")?);
    }
    Ok(met)
}

/// Prints, for each operation, how many of its cells were met, and on request the others.
fn matrix(met: &Transitions, never: bool) -> Result<()> {
    let mut is_met = vec![false; Transitions::CELLS];
    met.iter().for_each(|cell| is_met[cell] = true);
    let possible = (0..Transitions::CELLS).filter(|&cell| Transitions::can_begin(cell));
    let mut counts: BTreeMap<Kind, [usize; 2]> = BTreeMap::new();
    for cell in possible.clone() {
        let counts = counts.entry(Transitions::meaning(cell).0).or_default();
        counts[0] += usize::from(is_met[cell]);
        counts[1] += 1;
    }
    output::print_line(format_args!(
        "{STRONG}transitions{STRONG:#}  {} of {} cells (operation, state before that is possible, outcome)",
        met.count(),
        possible.clone().count(),
    ))?;
    for (kind, [met, all]) in &counts {
        output::print_line(format_args!("  {:<12}  {met:>5} of {all:>5}", kind.row().word))?;
    }
    if never {
        list_never_seen(&is_met)?;
    }
    Ok(())
}

/// Prints, for each outcome of each operation, the states in which it was never seen, or those in which it was if these
/// are fewer.
fn list_never_seen(is_met: &[bool]) -> Result<()> {
    output::print_line(format_args!("{STRONG}never seen{STRONG:#}  operation = outcome: where it was seen or not"))?;
    let mut states: BTreeMap<(Kind, usize), [Vec<String>; 2]> = BTreeMap::new();
    for cell in (0..Transitions::CELLS).filter(|&cell| Transitions::can_begin(cell)) {
        let (kind, state, outcome) = Transitions::meaning(cell);
        let in_row = kind.row().refusals.iter().position(|errno| errno.name() == outcome).map_or(0, |at| at + 1);
        states.entry((kind, in_row)).or_default()[usize::from(is_met[cell])].push(state);
    }
    for ((kind, in_row), [never, met]) in states {
        let outcome = in_row.checked_sub(1).map_or("ok", |at| kind.row().refusals[at].name());
        let list = match (never.len(), met.len()) {
            (0, _) => continue,
            (_, 0) => "in none".to_string(),
            (never_count, met_count) if met_count < never_count => format!("only in {}", met.join("; ")),
            (_, _) => format!("not in {}", never.join("; ")),
        };
        output::print_line(format_args!("  {} = {outcome}: {list}", kind.row().word))?;
    }
    Ok(())
}

/// Lets cargo-llvm-cov replay the inputs and prints which lines of reference and implementation they reach.
#[cfg(unix)]
fn lines(paths: &[PathBuf]) -> Result<Ending> {
    use stalemap_engines::{CARGO_LLVM_COV, Llvm};

    let workspace = crate::engine::workspace()?;
    let llvm = Llvm::of_this_rust();
    let tools = llvm.tools.as_ref();
    let tools = tools.with_context(|| {
        format!(
            "llvm-cov and llvm-profdata of LLVM {} are not there, with which this Rust was built: {}",
            llvm.major,
            llvm.fix()
        )
    })?;
    let paths: Vec<PathBuf> = paths
        .iter()
        .map(|path| fs::canonicalize(path).with_context(|| format!("cannot find {}", path.display())))
        .collect::<Result<_>>()?;
    let Some(mut command) = CARGO_LLVM_COV.call(&workspace)? else {
        return Ok(Ending::Interrupted);
    };
    // Everything but the two sides is left out of the table.
    let root = workspace.root().display();
    let others = format!(
        "^{root}/(operations|harness|report|campaign|engines|cli|linux|subjects|ci|bench|fuzz)/|/\\.cargo/|/rustc/"
    );
    // Of a package that is named, cargo-llvm-cov shows that package alone.
    command.args(["run", "--release", "--bin", "stalemap", "--ignore-filename-regex", &others, "--", "run"]);
    command.args(paths).stdin(Stdio::null());
    command.env("LLVM_COV", tools.join("llvm-cov")).env("LLVM_PROFDATA", tools.join("llvm-profdata"));
    output::flush()?;
    let status = command.status().context("cannot start cargo-llvm-cov")?;
    ensure!(status.success(), "cargo llvm-cov ended with {status}; `stalemap doctor` says what it needs");
    Ok(Ending::Agree)
}

#[cfg(not(unix))]
fn lines(_paths: &[PathBuf]) -> Result<Ending> {
    anyhow::bail!("--lines needs a Unix")
}
