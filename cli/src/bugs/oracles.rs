//! `stalemap bugs --oracles`: what each oracle, asked alone, catches.

use std::fmt::Write;

use anyhow::Result;
use stalemap_commands::interrupt::interrupted;
use stalemap_commands::status::Status;
use stalemap_commands::{Ending, output};
use stalemap_harness::{ORACLE_NAMES, Settings};
use stalemap_implementation::{Bug, Switch};

use super::arguments::BugsArguments;
use super::hunt::of_bug;
use super::page;
use crate::catalogue::Line;

/// Executions in which an oracle may catch a bug alone.
const EXECUTIONS: u64 = 4_000;

/// Prints bug × oracle: after how many executions of the native generator the oracle, asked alone, sees a mismatch.
pub(super) fn oracles(line: &Line, arguments: &BugsArguments) -> Result<Ending> {
    page::check(arguments.page.as_deref(), "oracles")?;
    let mut table = format!("| bug | {} |\n|---|{}\n", ORACLE_NAMES.join(" | "), "--:|".repeat(ORACLE_NAMES.len()));
    let mut caught = vec![0; ORACLE_NAMES.len()];
    let mut status = Status::new();
    for bug in arguments.bugs() {
        let mut cells = Vec::new();
        for (oracle, caught) in ORACLE_NAMES.iter().zip(&mut caught) {
            if interrupted() {
                return Ok(Ending::Interrupted);
            }
            status.show(|| format!("{} by {oracle}", bug.name()));
            let needed = asked_alone(bug, oracle, arguments.ops)?;
            *caught += u32::from(needed.is_some());
            cells.push(needed.map_or_else(|| "–".to_string(), |executions| executions.to_string()));
        }
        writeln!(table, "| {} | {} |", bug.name(), cells.join(" | "))?;
    }
    status.clear();
    let sums: Vec<String> = caught.iter().map(u32::to_string).collect();
    writeln!(table, "| **bugs caught** | {} |", sums.join(" | "))?;
    writeln!(table, "\nExecutions until the oracle alone sees a mismatch, at one seed; –: not in {EXECUTIONS}.")?;
    output::print(&table)?;
    page::update(line, arguments.page.as_deref(), "oracles", &table)?;
    Ok(Ending::Agree)
}

/// How many executions it takes until the oracle alone sees a difference.
fn asked_alone(bug: Bug, oracle: &str, operations: u32) -> Result<Option<u64>> {
    let settings = Settings { operations: operations as usize, ..Settings::default() };
    let hunt = of_bug(&Switch::new(Some(bug))).settings(settings).only_oracle(oracle).executions(EXECUTIONS);
    let hunted = hunt.seed(0)?;
    Ok(hunted.found.map(|_| hunted.executions))
}
