//! `stalemap linux compare`: the same executions in the virtual machine and in the native process of a kernel.

use anyhow::{Result, anyhow};
use clap::Args;
use stalemap_commands::interrupt::interrupted;
use stalemap_commands::status::Status;
use stalemap_commands::{Ending, output};
use stalemap_harness::{Generator, Settings};
use stalemap_linux::{Beside, Cache, Kernels, Target, Version};
use stalemap_operations::{Program, Trace};
use stalemap_report::style::BAD;

use super::which::chosen;

/// Run the same executions in the virtual machine and in the native process, and compare all that both show
#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    after_help = "\
Answers, places, pages with content, mapcount and reverse map, and slots are compared after each operation. RAM is larger than an \
execution can use, as it always is in the virtual machine. 0 if both show the same, 1 if they part.

Examples:
  stalemap linux compare --version 6.12 --runs 500"
)]
pub(super) struct CompareArguments {
    /// The kernel's version; each that there is where none is given
    #[arg(long, value_name = "VERSION")]
    version: Option<Version>,
    /// Executions of each version
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    runs: u64,
    /// Seed of the executions
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The most operations in an execution
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1024))]
    ops: u32,
}

/// Executions that are run at once.
const BATCH: u64 = 64;

pub(super) fn compare(cache: &Cache, arguments: &CompareArguments) -> Result<Ending> {
    let mut all_agree = true;
    for version in chosen(arguments.version) {
        let [guest, agent] = [false, true].map(|native| Kernels::cached(cache, Target::new(version, native), 0));
        let (guest, agent) = (guest?, agent?);
        let names = format!("{} and {}", guest.subject(), agent.subject());
        let settings = guest.settings(arguments.ops as usize);
        let beside = Beside::new(guest, agent).map_err(|it| anyhow!(it))?;
        let Some(partings) = parting(&beside, settings, &names, arguments)? else {
            return Ok(Ending::Interrupted);
        };
        let verdict =
            if partings == 0 { "equal in all that both show".to_string() } else { format!("{partings} part") };
        output::print_line(format_args!("{names}: {} executions: {verdict}", arguments.runs))?;
        all_agree &= partings == 0;
    }
    Ok(if all_agree { Ending::Agree } else { Ending::Diverge })
}

/// In how many executions the kernels part; each is told. None where the user interrupts.
fn parting(beside: &Beside, settings: Settings, names: &str, arguments: &CompareArguments) -> Result<Option<u64>> {
    let mut generator = Generator::new(settings);
    let mut status = Status::new();
    let (mut index, mut partings) = (0, 0);
    while index < arguments.runs {
        if interrupted() {
            status.clear();
            output::tell(format_args!("{names}: {index} executions, in {partings} of which they part"));
            return Ok(None);
        }
        let batch = generator.executions(arguments.seed, index..arguments.runs.min(index + BATCH));
        let batch: Vec<Program> = batch.iter().map(Beside::of_both).collect();
        beside.look_ahead(&batch).map_err(|it| anyhow!(it))?;
        for program in batch {
            if let Some(it) = beside.compare(&program).map_err(|it| anyhow!(it))? {
                partings += 1;
                let (seed, step, operation) = (arguments.seed, it.step + 1, it.operation);
                let trace = Trace::from(program);
                status.aside(|| {
                    output::print_line(format_args!(
                        "{BAD}part{BAD:#}  seed {seed}, execution {index}, at operation {step}: {operation}\n  virtual \
                         machine: {}\n  native process:  {}\n{trace}",
                        it.guest, it.agent
                    ))
                })?;
            }
            index += 1;
        }
        status.show(|| format!("{names}: {index} executions, in {partings} of which they part"));
    }
    status.clear();
    Ok(Some(partings))
}
