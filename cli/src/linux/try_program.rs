//! `stalemap linux try`: runs an exported C program as the only process of a kernel.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use stalemap_commands::{Ending, output};
use stalemap_linux::{Cache, Fault, Flavour, Kernels, Version, last_words};
use stalemap_report::style::{BAD, GOOD};

use super::checks::WithChecks;
use crate::export::rules_of;

/// Compile an exported C program and run it as the only process of a kernel
#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    after_help = "\
Examples:
  stalemap export --as c findings/mapping.writable@migrate-3f1a09c2.trace -o reproducer.c
  stalemap linux try reproducer.c
  stalemap linux try --version 6.12 --fault stale_mapping reproducer.c"
)]
pub(super) struct TryArguments {
    /// The program
    file: PathBuf,
    /// The kernel's version; the one whose rules the program has where none is given
    #[arg(long, value_name = "VERSION")]
    version: Option<Version>,
    #[command(flatten)]
    checks: WithChecks,
    /// A fault that is switched on in the kernel
    #[arg(long, value_name = "NAME", value_parser = Fault::by_name)]
    fault: Option<Fault>,
}

/// The program waits itself for steps that hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the program prints when every step answered as it should.
const PASS: &str = "# stalemap: PASS";

pub(super) fn try_program(cache: &Cache, arguments: &TryArguments) -> Result<Ending> {
    let source = &arguments.file;
    let text = std::fs::read_to_string(source).with_context(|| format!("cannot read {}", source.display()))?;
    let flavour = Flavour::new(version(arguments.version, &text), arguments.checks.checks());
    let kernels = Kernels::cached(cache, flavour, arguments.fault.map_or(0, |fault| 1 << fault.bit))?;
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("init");
    let mut compiler = Command::new("cc");
    compiler.args(["-static", "-O1", "-o"]).arg(&program).arg(source);
    let compiled = compiler.output().context("cannot start cc, which compiles the program")?;
    if !compiled.status.success() {
        bail!("{} does not compile:\n{}", source.display(), String::from_utf8_lossy(&compiled.stderr).trim_end());
    }
    let console = kernels.run_alone(&std::fs::read(&program)?, &[], PATIENCE)?;
    let is_tap =
        |line: &&str| ["TAP ", "1..", "ok ", "not ok ", "# ", "Bail out!"].iter().any(|it| line.starts_with(it));
    for line in console.lines().filter(is_tap) {
        output::print_line(line)?;
    }
    let passes = console.contains(PASS);
    if !console.contains("# stalemap: ") {
        output::print_line(format_args!("Bail out! {}", last_words(&console)))?;
    }
    let verdict = if passes { format!("{GOOD}pass{GOOD:#}") } else { format!("{BAD}fail{BAD:#}") };
    output::print_line(format_args!("{verdict}  {} on {}", source.display(), kernels.version().subject()))?;
    Ok(if passes { Ending::Agree } else { Ending::Diverge })
}

/// The version that is asked for, else the one whose rules the program has.
fn version(asked: Option<Version>, program: &str) -> Version {
    let rules = rules_of(program);
    let version = asked.or(rules).unwrap_or_default();
    if rules != Some(version) {
        let rules = rules.map_or("names no rules".to_string(), |rules| format!("has the rules of {}", rules.subject()));
        output::tell(format_args!("the program {rules}; it is run on {}", version.subject()));
    }
    version
}
