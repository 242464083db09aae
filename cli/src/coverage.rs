//! `stalemap coverage`: transitions, and which lines of both sides inputs reach.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use stalemap_commands::Ending;
use stalemap_commands::coverage::{self, CoverageArguments};

use crate::catalogue::Line;

/// Show which transitions inputs meet and never meet, and which lines of both sides they reach
#[derive(Debug, Args)]
#[command(after_help = "\
Lines are counted by cargo-llvm-cov, which is built into the target folder at the first use, with the tools of the LLVM \
that Rust was built with; `stalemap doctor` says whether these are there.

Examples:
  stalemap coverage corpus
  stalemap coverage corpus --runs 1000000 --exhaust 4 --never
  stalemap coverage corpus --lines")]
pub(crate) struct CoverageCommand {
    #[command(flatten)]
    inputs: CoverageArguments,
    /// Count the lines of reference and implementation that the inputs reach
    #[arg(long)]
    lines: bool,
}

pub(crate) fn coverage(line: &Line, arguments: &CoverageCommand) -> Result<Ending> {
    let ending = coverage::coverage(line, &arguments.inputs)?;
    if arguments.lines && ending != Ending::Interrupted { lines(&arguments.inputs.paths) } else { Ok(ending) }
}

/// Lets cargo-llvm-cov replay the inputs and prints which lines of reference and implementation they reach.
#[cfg(unix)]
fn lines(paths: &[PathBuf]) -> Result<Ending> {
    use std::fs;
    use std::process::Stdio;

    use anyhow::{Context, ensure};
    use stalemap_commands::output;
    use stalemap_engines::{CARGO_LLVM_COV, Llvm};

    let workspace = crate::workspace::workspace()?;
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
        "^{root}/(operations|harness|report|campaign|commands|engines|cli|linux|subjects|ci|bench|fuzz)/|/\\.cargo/|/rustc/"
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
