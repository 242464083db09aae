//! `stalemap bugs --oracles` and `--minimiser`: what each oracle catches alone, and how well finds are shortened.

use std::fmt::Write;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use stalemap_harness::{Compare, Divergence, Generator, ORACLE_NAMES, Settings, minimise};
use stalemap_implementation::{Bug, Switch};
use stalemap_operations::{Machine, Operation};

use super::{BugsArguments, page, seeded};
use crate::ending::Ending;
use crate::interrupt::interrupted;
use crate::status::Status;
use crate::{output, quiet};

/// Executions in which an oracle may catch a bug alone.
const EXECUTIONS: u64 = 4_000;
/// Operations of the executions that are minimised.
const LENGTHS: [usize; 3] = [64, 256, 1024];
/// Finds of each length, of which the one that diverges last is minimised.
const FINDS: u32 = 10;
/// Executions in which these are looked for.
const MOST: u64 = 50_000;

/// Prints bug × oracle: after how many executions of the native generator the oracle, asked alone, objects.
pub(super) fn oracles(arguments: &BugsArguments) -> Result<Ending> {
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
    writeln!(table, "\nExecutions until the oracle alone objects, at one seed; –: not in {EXECUTIONS}.")?;
    output::print(&table)?;
    page::update(arguments.page.as_deref(), "oracles", &table)?;
    Ok(Ending::Agree)
}

/// How many executions it takes until the oracle alone objects.
fn asked_alone(bug: Bug, oracle: &str, operations: u32) -> Result<Option<u64>> {
    let mut driver = seeded::driver(&Switch::new(Some(bug)));
    driver.ask_only(Some(oracle));
    let mut generator = Generator::new(Settings { operations: operations as usize, ..Settings::default() });
    let mut made = Vec::new();
    for index in 0..EXECUTIONS {
        let machine = generator.execution(0, index, &mut made);
        let run = quiet::driving(|| driver.run(&machine, &made, Compare::Touched)).map_err(|it| anyhow!(it))?;
        // A panic is caught whoever is asked.
        if run.divergence.is_some_and(|divergence| divergence.objection.oracle == oracle) {
            return Ok(Some(index + 1));
        }
    }
    Ok(None)
}

/// Prints for each bug how far finds of several lengths are shortened, in how many executions and how long.
pub(super) fn minimiser(arguments: &BugsArguments) -> Result<Ending> {
    let heads: Vec<String> = LENGTHS.iter().map(|length| format!("of {length} | to | executions | time")).collect();
    let mut table = format!("| bug | {} |\n|---|{}\n", heads.join(" | "), "--:|".repeat(4 * LENGTHS.len()));
    let (mut most, mut longest) = (0, Duration::ZERO);
    let mut status = Status::new();
    for bug in arguments.bugs() {
        let mut cells = Vec::new();
        for length in LENGTHS {
            status.show(|| format!("{} from {length} operations", bug.name()));
            let Some((machine, made, divergence)) = late_find(bug, length)? else {
                if interrupted() {
                    return Ok(Ending::Interrupted);
                }
                cells.push("– | – | – | –".to_string());
                continue;
            };
            let mut driver = seeded::driver(&Switch::new(Some(bug)));
            let start = Instant::now();
            let signature = divergence.signature();
            let found = quiet::driving(|| minimise(&mut driver, &machine, &made, &signature, &mut |_| true));
            let time = start.elapsed();
            let found = found.ok_or_else(|| anyhow!("{}: it does not diverge again", bug.name()))?;
            (most, longest) = (most.max(found.executions), longest.max(time));
            cells.push(format!(
                "{} | {} | {} | {:.1} ms",
                divergence.step + 1,
                found.operations.len(),
                found.executions,
                time.as_secs_f64() * 1e3
            ));
        }
        writeln!(table, "| {} | {} |", bug.name(), cells.join(" | "))?;
    }
    status.clear();
    writeln!(table, "\nWorst: {most} executions, {:.1} ms.", longest.as_secs_f64() * 1e3)?;
    output::print(&table)?;
    Ok(Ending::Agree)
}

/// Of several finds the one that diverges at the latest operation, and is no panic; none where somebody interrupts.
fn late_find(bug: Bug, operations: usize) -> Result<Option<(Machine, Vec<Operation>, Divergence)>> {
    let mut driver = seeded::driver(&Switch::new(Some(bug)));
    let mut generator = Generator::new(Settings { operations, ..Settings::default() });
    let mut made = Vec::new();
    let mut latest: Option<(Machine, Vec<Operation>, Divergence)> = None;
    let mut finds = 0;
    for index in 0..MOST {
        if interrupted() {
            return Ok(None);
        }
        let machine = generator.execution(0, index, &mut made);
        let run = quiet::driving(|| driver.run(&machine, &made, Compare::Touched)).map_err(|it| anyhow!(it))?;
        let Some(divergence) = run.divergence.filter(|it| it.objection.oracle != "panic") else { continue };
        if latest.as_ref().is_none_or(|(_, _, before)| before.step < divergence.step) {
            latest = Some((machine, made.clone(), divergence));
        }
        finds += 1;
        if finds == FINDS {
            break;
        }
    }
    Ok(latest)
}
