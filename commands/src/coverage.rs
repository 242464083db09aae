//! `stalemap coverage`: which transitions inputs meet and never meet.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use stalemap_harness::{Compare, Driver, Generator, Settings, Transitions};
use stalemap_operations::{Kind, Program};
use stalemap_report::grouped;
use stalemap_report::style::STRONG;

use crate::command_line::CommandLine;
use crate::ending::Ending;
use crate::input::Inputs;
use crate::interrupt::interrupted;
use crate::subjects::{ChosenSubject, Subjects};
use crate::{exhaust, hang, output};

/// Show which transitions inputs meet and never meet
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stalemap coverage corpus
  stalemap coverage corpus --runs 1000000 --exhaust 4 --never")]
pub struct CoverageArguments {
    /// Traces, inputs of fuzzing engines, or folders of them
    #[arg(required = true, value_name = "FILE|DIR")]
    pub paths: Vec<PathBuf>,
    /// Generated executions beside them
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub runs: u64,
    /// Seed of the generated executions
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Every operation from every state of the tiny machine up to this depth beside them
    #[arg(long, value_name = "DEPTH", default_value_t = 0)]
    pub exhaust: u32,
    /// List the transitions that were never met from states that are possible
    #[arg(long)]
    pub never: bool,
}

/// Runs the inputs, and prints what they meet.
///
/// # Errors
/// When an input cannot be read, the subject cannot be its machine, or the sides diverge while all operations are tried.
pub fn coverage<S: Subjects>(line: &CommandLine<S>, arguments: &CoverageArguments) -> Result<Ending> {
    let mut inputs = Inputs::of(&arguments.paths);
    let subject = line.subjects().chosen(&S::Choice::default())?;
    let mut met = meet(&subject, &mut inputs, arguments, line.limit())?;
    let ending = inputs.ending(Ending::Agree);
    if arguments.exhaust > 0 && !interrupted() {
        let all = exhaust::transitions(line, exhaust::TINY, arguments.exhaust)?;
        if let Some(all) = all {
            met.merge(&all);
        }
    }
    matrix(&met, arguments.never)?;
    Ok(if interrupted() { Ending::Interrupted } else { ending })
}

/// What the inputs meet, and as many generated executions as are asked for.
fn meet(
    subject: &ChosenSubject,
    inputs: &mut Inputs,
    arguments: &CoverageArguments,
    deadline: Duration,
) -> Result<Transitions> {
    let mut driver = Driver::new(subject.build.clone());
    let _watchdog = hang::watch(&subject.name, deadline, &mut driver, hang::tell);
    // What was met until an interruption is shown.
    while let Ok(Some((_, input))) = inputs.read_next() {
        driver.run(&input.trace.program(), Compare::Touched)?;
    }
    let mut generator = Generator::new(Settings::of(&subject.build));
    let mut program = Program::default();
    for index in 0..arguments.runs {
        if interrupted() {
            break;
        }
        generator.execution(arguments.seed, index, &mut program);
        driver.run(&program, Compare::Touched)?;
    }
    Ok(driver.transitions().clone())
}

/// Prints, for each operation, how many of its cells were met, and on request the others.
fn matrix(met: &Transitions, never: bool) -> Result<()> {
    let mut is_met = vec![false; Transitions::CELLS];
    met.iter().for_each(|cell| is_met[cell] = true);
    let possible = Transitions::possible();
    let mut counts: BTreeMap<Kind, [usize; 2]> = BTreeMap::new();
    for cell in possible.clone() {
        let counts = counts.entry(Transitions::meaning(cell).0).or_default();
        counts[0] += usize::from(is_met[cell]);
        counts[1] += 1;
    }
    output::print_line(format_args!(
        "{STRONG}transitions{STRONG:#}  {} of {} cells (operation, state before that is possible, outcome)",
        grouped(met.count() as u64),
        grouped(possible.clone().count() as u64),
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
    for cell in Transitions::possible() {
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
