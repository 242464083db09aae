//! `stalemap check-determinism`: one trace, one result, in this process, in another, and under other engines.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;
use sha2::{Digest, Sha256};
use stalemap_harness::{Driver, Generator, Settings};
use stalemap_operations::{Program, Trace};
use stalemap_report::hex;

use crate::ending::Ending;
use crate::interrupt::interrupted;
use crate::status::Status;
use crate::subject::BuildImplementation;
use crate::{input, output, subject};

/// Check that a trace gives one result: twice in one process, in a second process, and under other engines
#[derive(Debug, Args)]
#[command(after_help = "\
Everything that both sides answer and show after every step goes into one digest.

Examples:
  stalemap check-determinism corpus
  stalemap check-determinism --runs 10000 --seed 3
  stalemap check-determinism corpus --engines")]
pub(crate) struct DeterminismArguments {
    /// Traces, inputs of fuzzing engines, or folders of them
    #[arg(value_name = "FILE|DIR")]
    pub(crate) paths: Vec<PathBuf>,
    /// Generated executions to check beside them; 1000 where neither these nor paths are given
    #[arg(long, value_name = "N")]
    pub(crate) runs: Option<u64>,
    /// Seed of the generated executions
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Check under libFuzzer and under AFL++ as well, which are brought and built where they are missing
    #[arg(long)]
    pub(crate) engines: bool,
    /// Print the digest of each item and compare nothing: what the second process does
    #[arg(long, hide = true)]
    pub(crate) digests: bool,
}

/// Generated executions where nothing is said.
const RUNS: u64 = 1_000;

/// Something to check.
struct Item {
    name: String,
    trace: Trace,
}

pub(crate) fn check(arguments: &DeterminismArguments) -> Result<Ending> {
    let items = items(arguments)?;
    if arguments.digests {
        let mut driver = subject::driver();
        for item in &items {
            output::print_line(digest(&mut driver, &item.trace)?)?;
        }
        return Ok(Ending::Agree);
    }
    let mut first = Vec::new();
    let mut different = 0;
    // The second time the driver has used machines, which must not show.
    let mut driver = subject::driver();
    let mut status = Status::new();
    for item in &items {
        if interrupted() {
            return Ok(Ending::Interrupted);
        }
        status.show(|| format!("{} of {} traces", first.len(), items.len()));
        let once = digest(&mut driver, &item.trace)?;
        let again = digest(&mut driver, &item.trace)?;
        if once != again {
            different += 1;
            output::print_line(format_args!("{}: {once} and then {again} in one process", item.name))?;
        }
        first.push(once);
    }
    status.clear();
    let second = digests_of_another_process()?;
    ensure!(second.len() == first.len(), "the second process has {} digests instead of {}", second.len(), first.len());
    for (item, (here, there)) in items.iter().zip(first.iter().zip(&second)) {
        if here != there {
            different += 1;
            output::print_line(format_args!("{}: {here} here and {there} in another process", item.name))?;
        }
    }
    if arguments.engines {
        match under_engines(&items, &first)? {
            Some(differ) => different += differ,
            None => return Ok(Ending::Interrupted),
        }
    }
    let all = Sha256::digest(first.concat());
    output::print_line(format_args!("{} traces, {different} differ, digest {}", items.len(), hex(&all)))?;
    Ok(if different == 0 { Ending::Agree } else { Ending::Diverge })
}

fn items(arguments: &DeterminismArguments) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    for file in input::files(&arguments.paths)? {
        if file.as_os_str() == "-" {
            bail!("stdin cannot be read by two processes; name a file");
        }
        items.push(Item { name: file.display().to_string(), trace: input::read(&file)?.trace });
    }
    let runs = arguments.runs.unwrap_or(if items.is_empty() { RUNS } else { 0 });
    let mut generator = Generator::new(Settings::default());
    let mut program = Program::default();
    for index in 0..runs {
        generator.execution(arguments.seed, index, &mut program);
        let name = format!("seed {}, execution {index}", arguments.seed);
        items.push(Item { name, trace: program.clone().into() });
    }
    Ok(items)
}

/// Runs this program again, with the same items.
fn digests_of_another_process() -> Result<Vec<String>> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let output = Command::new(program)
        .args(std::env::args_os().skip(1))
        .arg("--digests")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start a second process")?;
    ensure!(output.status.success(), "the second process ended with {}", output.status);
    Ok(String::from_utf8(output.stdout)?.lines().map(str::to_string).collect())
}

/// The digest of all that both sides answer and show after every step.
fn digest(driver: &mut Driver<BuildImplementation>, trace: &Trace) -> Result<String> {
    stalemap_report::digest(driver, &trace.program()).map_err(|it| anyhow!(it))
}

/// Asks libFuzzer and AFL++ as well; how many items differ, or `None` if the user interrupts.
#[cfg(unix)]
fn under_engines(items: &[Item], here: &[String]) -> Result<Option<usize>> {
    use stalemap_engines::{Engine, digests};

    let inputs: Vec<(&Item, &String, Vec<u8>)> =
        items.iter().zip(here).filter_map(|(item, digest)| Some((item, digest, item.trace.to_bytes()?))).collect();
    ensure!(!inputs.is_empty(), "no trace has bytes: engines know machines with no size over 256 only");
    let mut different = 0;
    for engine in [Engine::Libfuzzer, Engine::Afl] {
        let word = engine.name();
        let bytes = inputs.iter().map(|(_, _, bytes)| bytes.as_slice());
        let there = crate::engine::workspace().and_then(|workspace| Ok(digests(&workspace, engine, bytes)?));
        let there = there.with_context(|| format!("{word} cannot be asked; `stalemap doctor` says what it needs"))?;
        let Some(there) = there else {
            return Ok(None);
        };
        for (item, here, bytes) in &inputs {
            let there = there.get(&stalemap_report::input_name(bytes));
            let there = there.with_context(|| format!("{word} did not run {}", item.name))?;
            if there != *here {
                different += 1;
                output::print_line(format_args!("{}: {here} here and {there} under {word}", item.name))?;
            }
        }
        output::print_line(format_args!("{word}: {} traces that have bytes", inputs.len()))?;
    }
    Ok(Some(different))
}

#[cfg(not(unix))]
fn under_engines(_items: &[Item], _here: &[String]) -> Result<Option<usize>> {
    bail!("--engines needs a Unix")
}
