//! `stalemap bugs --shards`: how many executions each of several machines does until one of them finds a bug.

use std::fmt::Write;
use std::ops::ControlFlow;

use anyhow::{Context as _, Result, ensure};
use stalemap_campaign::{Campaign, Diverged, Observer, Progress, Shard};
use stalemap_commands::interrupt::interrupted;
use stalemap_commands::status::Status;
use stalemap_commands::{Ending, output};
use stalemap_harness::Settings;
use stalemap_implementation::{Bug, Switch};

use super::arguments::BugsArguments;
use super::hunt::of_bug;
use super::page;
use crate::catalogue::Line;
use crate::seeded;

/// How many machines there are.
const MACHINES: [u64; 4] = [1, 2, 8, 100];
/// The most executions of one machine until it finds a bug.
const EXECUTIONS: u64 = 100_000;

/// The first execution that diverges.
struct First(Option<u64>);

impl Observer for First {
    fn diverged(&mut self, diverged: Diverged) -> ControlFlow<()> {
        self.0 = Some(diverged.index);
        ControlFlow::Break(())
    }

    fn progress(&mut self, _: &Progress) {}
}

/// Prints bug × number of machines: the shards of a campaign are done in turn, each as far as the execution that finds the bug.
pub(super) fn shards(line: &Line, arguments: &BugsArguments) -> Result<Ending> {
    page::check(arguments.page.as_deref(), "shards")?;
    let heads: Vec<String> = MACHINES.iter().map(u64::to_string).collect();
    let mut table = format!("| bug | {} |\n|---|{}\n", heads.join(" | "), "--:|".repeat(heads.len()));
    let mut all = MACHINES.map(|_| Vec::new());
    let mut status = Status::new();
    for bug in arguments.bugs() {
        let mut of_bug = MACHINES.map(|_| Vec::new());
        for seed in 0..arguments.seeds {
            status.show(|| format!("{}, seed {seed}", bug.name()));
            let index = first(bug, seed, arguments.ops)?;
            for (machines, of_bug) in MACHINES.into_iter().zip(&mut of_bug) {
                if interrupted() {
                    return Ok(Ending::Interrupted);
                }
                of_bug.push(by_machines(bug, seed, index, machines, arguments.ops)?);
            }
        }
        let cells = of_bug.each_mut().map(|executions| median(executions).to_string());
        writeln!(table, "| {} | {} |", bug.name(), cells.join(" | "))?;
        all.iter_mut().zip(of_bug).for_each(|(all, of_bug)| all.extend(of_bug));
    }
    status.clear();
    let sums = all.each_ref().map(|executions| executions.iter().sum::<u64>().to_string());
    let worst = all.each_ref().map(|executions| executions.iter().max().copied().unwrap_or(0).to_string());
    writeln!(table, "| **all hunts** | {} |\n| **worst hunt** | {} |", sums.join(" | "), worst.join(" | "))?;
    writeln!(
        table,
        "\nExecutions that each of so many machines does until one of them finds the bug, median of {} seeds. The shards are done \
         in turn; each finds what the whole campaign finds, at the same execution.",
        arguments.seeds
    )?;
    output::print(&table)?;
    page::update(line, arguments.page.as_deref(), "shards", &table)?;
    Ok(Ending::Agree)
}

/// The first execution of one machine that finds the bug.
fn first(bug: Bug, seed: u64, operations: u32) -> Result<u64> {
    let settings = Settings { operations: operations as usize, ..Settings::default() };
    let hunt = of_bug(&Switch::new(Some(bug))).settings(settings).executions(EXECUTIONS);
    let found = hunt.seed(seed)?.found;
    Ok(found.with_context(|| format!("{} is not found at seed {seed}", bug.name()))?.index)
}

/// How many executions each of so many machines does until one of them finds the bug; it must be the same execution.
fn by_machines(bug: Bug, seed: u64, index: u64, machines: u64, operations: u32) -> Result<u64> {
    let settings = Settings { operations: operations as usize, ..Settings::default() };
    let build = seeded::BuildSeeded::new(bug);
    let campaign = Campaign::new(build).settings(settings).seed(seed).runs(index + 1);
    let mut needed = None;
    for number in 0..machines.min(index + 1) {
        let shard = Shard::new(number, machines).expect("one of them");
        let mut first = First(None);
        let stats = campaign.clone().shard(shard).run(&mut first)?;
        if let Some(found) = first.0 {
            ensure!(found == index, "{}: shard {shard} finds execution {found}, one machine {index}", bug.name());
            needed = Some(stats.executions);
        }
    }
    needed.with_context(|| format!("{}: no shard of {machines} finds execution {index}", bug.name()))
}

fn median(executions: &mut [u64]) -> u64 {
    executions.sort_unstable();
    executions.get(executions.len() / 2).copied().unwrap_or(0)
}
