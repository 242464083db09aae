//! `stalemap check-determinism`: one trace, one result, in this process and in another.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;
use sha2::{Digest, Sha256};
use stalemap_harness::{AnyBuild, Driver, Generator, Settings};
use stalemap_operations::{Program, Trace};
use stalemap_report::hex;

use crate::command_line::CommandLine;
use crate::ending::Ending;
use crate::interrupt::interrupted;
use crate::status::Status;
use crate::subjects::{Subjects, Work};
use crate::{hang, input, output};

/// Check that a trace gives one result: twice in one process, and in a second process
#[derive(Debug, Args)]
#[command(after_help = "\
Everything that both sides answer and show after every step goes into one digest.

Examples:
  stalemap check-determinism corpus
  stalemap check-determinism --runs 10000 --seed 3")]
pub struct DeterminismArguments {
    /// Traces, inputs of fuzzing engines, or folders of them
    #[arg(value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// Generated executions to check beside them; 1000 where neither these nor paths are given
    #[arg(long, value_name = "N")]
    runs: Option<u64>,
    /// Seed of the generated executions
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Print the digest of each item and compare nothing: what the second process does
    #[arg(long, hide = true)]
    digests: bool,
}

/// Generated executions where nothing is said.
const RUNS: u64 = 1_000;

/// Something to check.
struct Item {
    name: String,
    trace: Trace,
}

/// What a trace gives, under the name that it is told by.
#[derive(Clone, Debug)]
pub struct Digested {
    /// The file or the execution.
    pub name: String,
    /// What was run.
    pub trace: Trace,
    /// The digest of all that both sides answer and show, in this process.
    pub digest: String,
}

/// Checks each trace in this process and in a second one. `others` checks them elsewhere, prints what differs, and says how
/// many do; nothing where the user interrupts.
///
/// # Errors
/// When a trace cannot be read, the subject cannot be its machine, or the second process fails.
pub fn check<S: Subjects>(
    line: &CommandLine<S>,
    arguments: &DeterminismArguments,
    others: impl FnOnce(&[Digested]) -> Result<Option<usize>>,
) -> Result<Ending> {
    let items = items(arguments)?;
    let mut digested = Vec::new();
    let mut different = 0;
    let work = Twice {
        items,
        once: arguments.digests,
        deadline: line.limit(),
        digested: &mut digested,
        different: &mut different,
    };
    let ending = line.subjects().with(&S::Choice::default(), work)?;
    if arguments.digests || ending == Ending::Interrupted {
        return Ok(ending);
    }
    let second = digests_of_another_process(line.words())?;
    ensure!(
        second.len() == digested.len(),
        "the second process has {} digests instead of {}",
        second.len(),
        digested.len()
    );
    for (Digested { name, digest, .. }, there) in digested.iter().zip(&second) {
        if digest != there {
            different += 1;
            output::print_line(format_args!("{name}: {digest} here and {there} in another process"))?;
        }
    }
    match others(&digested)? {
        Some(differ) => different += differ,
        None => return Ok(Ending::Interrupted),
    }
    let all: String = digested.iter().map(|item| item.digest.as_str()).collect();
    let all = Sha256::digest(all);
    output::print_line(format_args!("{} traces, {different} differ, digest {}", digested.len(), hex(&all)))?;
    Ok(if different == 0 { Ending::Agree } else { Ending::Diverge })
}

/// The digest of each trace, made twice in this process; or made once and printed, as the second process does.
struct Twice<'a> {
    items: Vec<Item>,
    once: bool,
    deadline: Duration,
    digested: &'a mut Vec<Digested>,
    different: &'a mut usize,
}

impl Work for Twice<'_> {
    fn with(self, name: &str, build: &AnyBuild) -> Result<Ending> {
        // The second time the driver has used machines, which must not show.
        let mut driver = Driver::new(build.clone());
        let _watchdog = hang::watch(name, self.deadline, &mut driver, hang::tell);
        let mut status = Status::new();
        let all = self.items.len();
        for (done, Item { name, trace }) in self.items.into_iter().enumerate() {
            if interrupted() {
                return Ok(Ending::Interrupted);
            }
            let digest = digest(&mut driver, &trace)?;
            if self.once {
                output::print_line(digest)?;
                continue;
            }
            status.show(|| format!("{done} of {all} traces"));
            let again = self::digest(&mut driver, &trace)?;
            if digest != again {
                *self.different += 1;
                output::print_line(format_args!("{name}: {digest} and then {again} in one process"))?;
            }
            self.digested.push(Digested { name, trace, digest });
        }
        status.clear();
        Ok(Ending::Agree)
    }
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
fn digests_of_another_process(words: &[OsString]) -> Result<Vec<String>> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let output = Command::new(program)
        .args(words)
        .arg("--digests")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start a second process")?;
    ensure!(output.status.success(), "the second process ended with {}", output.status);
    Ok(String::from_utf8(output.stdout)?.lines().map(str::to_string).collect())
}

/// The digest of all that both sides answer and show after every step.
fn digest(driver: &mut Driver, trace: &Trace) -> Result<String> {
    stalemap_report::digest(driver, &trace.program()).map_err(|it| anyhow!(it))
}
