//! `stalemap check-determinism`: one trace, one result, in this process and in another.

mod second_process;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;
use sha2::{Digest, Sha256};
use stalemap_harness::{Driver, Generator, Settings};
use stalemap_operations::{Program, Trace};
use stalemap_report::{counted, grouped, hex};

use self::second_process::SecondProcess;
use crate::command_line::CommandLine;
use crate::ending::Ending;
use crate::input::Inputs;
use crate::interrupt::{Interrupted, interrupted};
use crate::status::Status;
use crate::subjects::{ChosenSubject, Subjects};
use crate::{hang, output};

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

/// Checks traces elsewhere, prints what differs, and says how many do; nothing where the user interrupts.
pub type Others = fn(&[Digested]) -> Result<Option<u64>>;

/// Checks each trace in this process and in a second one, which runs beside it. `others` is given all traces in the end; where
/// it is none, no trace is kept.
///
/// # Errors
/// When there is nothing to check, the subject cannot be a trace's machine, or the second process fails.
pub fn check<S: Subjects>(
    line: &CommandLine<S>,
    arguments: &DeterminismArguments,
    others: Option<Others>,
) -> Result<Ending> {
    ensure!(
        arguments.runs != Some(0) || !arguments.paths.is_empty(),
        "there is nothing to check: --runs is 0, and no file is named"
    );
    for path in &arguments.paths {
        // A missing file is told when it is read.
        let is_shared = path != Path::new("-") && fs::metadata(path).is_ok_and(|it| !it.is_file() && !it.is_dir());
        ensure!(path != Path::new("-") && !is_shared, "{}: two processes cannot read it; name a file", path.display());
    }
    let mut items = Items::of(arguments);
    if arguments.digests {
        let subject = line.subjects().chosen(&S::Choice::default())?;
        return once(&subject, &mut items, line.limit());
    }
    let mut digested = others.map(|_| Vec::new());
    let mut sums = Sums::default();
    let second = SecondProcess::start(line.words())?;
    let subject = line.subjects().chosen(&S::Choice::default())?;
    let work = Twice { items, second, digested: digested.as_mut(), sums: &mut sums };
    let ending = work.check(&subject, line.limit())?;
    if let (Some(others), Some(digested)) = (others, digested) {
        match others(&digested)? {
            Some(differ) => sums.different += differ,
            None => return Err(Interrupted.into()),
        }
    }
    if sums.traces == 0 {
        return Ok(ending);
    }
    let (traces, digest) = (counted(sums.traces, "trace"), hex(&sums.all.finalize()));
    output::print_line(format_args!("{traces}, {} differ, digest {digest}", grouped(sums.different)))?;
    Ok(if ending == Ending::Agree && sums.different > 0 { Ending::Diverge } else { ending })
}

/// What was checked.
#[derive(Default)]
struct Sums {
    traces: u64,
    different: u64,
    /// The digest of all digests.
    all: Sha256,
}

/// What is to be checked, one after the other: files, then generated executions.
struct Items {
    inputs: Inputs,
    generator: Generator,
    program: Program,
    seed: u64,
    next: u64,
    end: u64,
}

impl Items {
    fn of(arguments: &DeterminismArguments) -> Items {
        let runs = arguments.runs.unwrap_or(if arguments.paths.is_empty() { RUNS } else { 0 });
        Items {
            inputs: Inputs::of(&arguments.paths),
            generator: Generator::new(Settings::default()),
            program: Program::default(),
            seed: arguments.seed,
            next: 0,
            end: runs,
        }
    }

    /// The next one and its name.
    fn next(&mut self) -> Result<Option<(String, Trace)>, Interrupted> {
        if interrupted() {
            return Err(Interrupted);
        }
        if let Some((file, input)) = self.inputs.read_next()? {
            return Ok(Some((file.display().to_string(), input.trace)));
        }
        if self.next == self.end {
            return Ok(None);
        }
        let index = self.next;
        self.next += 1;
        self.generator.execution(self.seed, index, &mut self.program);
        Ok(Some((format!("seed {}, execution {index}", self.seed), self.program.clone().into())))
    }

    fn left(&self) -> u64 {
        self.inputs.left() as u64 + self.end - self.next
    }
}

/// The digest of each trace, printed: what the second process does.
fn once(subject: &ChosenSubject, items: &mut Items, deadline: Duration) -> Result<Ending> {
    let mut driver = Driver::new(subject.build.clone());
    let _watchdog = hang::watch(&subject.name, deadline, &mut driver, hang::tell);
    while let Some((_, trace)) = items.next()? {
        output::print_line(digest(&mut driver, &trace)?)?;
    }
    Ok(Ending::Agree)
}

/// The digest of each trace, made twice in this process and once in another.
struct Twice<'a> {
    items: Items,
    second: SecondProcess,
    /// The traces, where they are kept.
    digested: Option<&'a mut Vec<Digested>>,
    sums: &'a mut Sums,
}

impl Twice<'_> {
    fn check(mut self, subject: &ChosenSubject, deadline: Duration) -> Result<Ending> {
        // The second time the driver has used machines, which must not show.
        let mut driver = Driver::new(subject.build.clone());
        let _watchdog = hang::watch(&subject.name, deadline, &mut driver, hang::tell);
        let mut status = Status::new();
        while let Some((name, trace)) = self.items.next()? {
            let here = digest(&mut driver, &trace)?;
            let again = digest(&mut driver, &trace)?;
            let there = self.second.next()?;
            let mut differs = false;
            if here != again {
                differs = true;
                output::print_line(format_args!("{name}: {here} and then {again} in one process"))?;
            }
            if here != there {
                differs = true;
                output::print_line(format_args!("{name}: {here} here and {there} in another process"))?;
            }
            self.sums.traces += 1;
            self.sums.different += u64::from(differs);
            self.sums.all.update(&here);
            let (done, left) = (self.sums.traces, self.items.left());
            status.show(|| format!("{} of {} traces", grouped(done), grouped(done + left)));
            if let Some(digested) = &mut self.digested {
                digested.push(Digested { name, trace, digest: here });
            }
        }
        status.clear();
        self.second.end()?;
        Ok(self.items.inputs.ending(Ending::Agree))
    }
}

/// The digest of all that both sides answer and show after every step.
fn digest(driver: &mut Driver, trace: &Trace) -> Result<String> {
    Ok(stalemap_report::digest(driver, &trace.program())?)
}
