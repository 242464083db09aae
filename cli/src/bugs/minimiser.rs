//! `stalemap bugs --minimiser`: how far findings are shortened, beside the minimisers of peers on the same findings.

use std::fmt::Write;
use std::time::Duration;

use anyhow::{Result, anyhow};
use stalemap_commands::interrupt::interrupted;
use stalemap_commands::status::Status;
use stalemap_commands::{Ending, output};
use stalemap_harness::{Driver, Generator, Settings, minimise, what_is_left};
use stalemap_implementation::{Bug, Switch};
use stalemap_operations::Program;

use super::arguments::BugsArguments;
use super::engine::Engine;
use super::hunt::{Found, cpu_time, of_bug};
#[cfg(unix)]
use super::outside::Outside;
use super::shortened::Shortened;
use super::table::{median, seconds, worst};
use super::{page, shrink};
use crate::catalogue::Line;
use crate::seeded;

/// Operations of the executions that are minimised.
const LENGTHS: [usize; 3] = [64, 256, 1024];
/// Findings of each length, of which the one that diverges last is minimised.
const FINDINGS: u32 = 10;
/// Executions in which these are looked for.
const MOST: u64 = 50_000;

/// One finding and what one minimiser made of it.
struct Measured {
    engine: Engine,
    bug: Bug,
    length: usize,
    /// The operation that diverged in the finding, from 1.
    at: usize,
    operations: usize,
    executions: u64,
    time: Duration,
    /// What could still go or get smaller.
    left: Option<String>,
    same_signature: bool,
}

/// Prints for each bug how far findings of several lengths are shortened, in how many executions and how long.
pub(super) fn minimiser(line: &Line, arguments: &BugsArguments) -> Result<Ending> {
    page::check(arguments.page.as_deref(), "minimiser")?;
    let engines: Vec<Engine> = arguments.engines().into_iter().filter(|engine| engine.minimises()).collect();
    let work = Work {
        #[cfg(unix)]
        outside: Outside::prepare(&engines)?,
        cap: Duration::from_secs(arguments.cap),
    };
    let mut measured = Vec::new();
    let mut status = Status::new();
    for bug in arguments.bugs() {
        for length in LENGTHS {
            let Some(finding) = late_finding(bug, length)? else { continue };
            for &engine in &engines {
                status.show(|| format!("{} from {length} operations by {}", bug.name(), engine.name()));
                measured.extend(work.measure(engine, bug, length, &finding)?);
            }
        }
        if interrupted() {
            break;
        }
    }
    status.clear();
    if interrupted() {
        return Ok(Ending::Interrupted);
    }
    let table = table(&measured, &engines, &arguments.bugs());
    output::print(&table)?;
    page::update(line, arguments.page.as_deref(), "minimiser", &table)?;
    let mut ending = Ending::Agree;
    for it in measured.iter().filter(|it| it.engine == Engine::Native) {
        if let Some(left) = &it.left {
            output::tell(format_args!("{} from {} operations: {left}", it.bug.name(), it.length));
            ending = Ending::Diverge;
        }
    }
    Ok(ending)
}

/// The minimisers that are ready.
struct Work {
    #[cfg(unix)]
    outside: Option<Outside>,
    /// CPU time after which a peer gives up.
    cap: Duration,
}

impl Work {
    /// Lets one minimiser shorten a finding, and checks what it came to; nothing where the user interrupts.
    fn measure(&self, engine: Engine, bug: Bug, length: usize, finding: &Found) -> Result<Option<Measured>> {
        let mut driver = seeded::driver(&Switch::new(Some(bug)));
        let signature = finding.divergence.signature();
        let Some(shortened) = self.shorten(engine, bug, &mut driver, finding)? else {
            return Ok(None);
        };
        let Found { program, divergence } = shortened.found;
        let came_to = divergence.signature();
        Ok(Some(Measured {
            engine,
            bug,
            length,
            at: finding.divergence.step + 1,
            operations: program.operations.len(),
            executions: shortened.executions,
            time: shortened.time,
            left: what_is_left(&mut driver, &program, &came_to),
            same_signature: came_to == signature,
        }))
    }

    fn shorten(&self, engine: Engine, bug: Bug, driver: &mut Driver, finding: &Found) -> Result<Option<Shortened>> {
        match engine {
            Engine::Native => ours(driver, finding).map(Some),
            Engine::Proptest => shrink::shrink(driver, finding, self.cap),
            #[cfg(unix)]
            Engine::Libfuzzer | Engine::LibfuzzerBytes => match &self.outside {
                Some(outside) => outside.minimise(engine, bug, finding, self.cap),
                None => Ok(None),
            },
            #[cfg(unix)]
            Engine::Afl => Err(anyhow!("{} does not minimise {}", engine.name(), bug.name())),
            Engine::Uniform => Err(anyhow!("{} does not minimise {}", engine.name(), bug.name())),
        }
    }
}

fn ours(driver: &mut Driver, finding: &Found) -> Result<Shortened> {
    let start = cpu_time();
    let signature = finding.divergence.signature();
    let found = minimise(driver, &finding.program, &signature, &mut |_| !interrupted());
    let time = cpu_time().saturating_sub(start);
    let found = found.ok_or_else(|| anyhow!("{signature}: it does not diverge again"))?;
    let (program, divergence) = (found.program, found.divergence);
    Ok(Shortened { found: Found { program, divergence }, executions: found.executions, time })
}

/// Of several findings the one that diverges at the latest operation, and is no panic; none where the user interrupts.
fn late_finding(bug: Bug, operations: usize) -> Result<Option<Found>> {
    let mut generator = Generator::new(Settings { operations, ..Settings::default() });
    let mut made = 0;
    let mut source = |program: &mut Program| {
        generator.execution(0, made, program);
        made += 1;
    };
    let hunt = of_bug(&Switch::new(Some(bug)));
    let mut latest: Option<Found> = None;
    let (mut findings, mut left) = (0, MOST);
    while findings < FINDINGS && left > 0 {
        let hunted = hunt.clone().executions(left).source(&mut source)?;
        if hunted.stopped {
            return Ok(None);
        }
        left -= hunted.executions;
        let Some(found) = hunted.found.filter(|it| it.divergence.mismatch.oracle != "panic") else { continue };
        findings += 1;
        if latest.as_ref().is_none_or(|before| before.divergence.step < found.divergence.step) {
            latest = Some(found.into());
        }
    }
    Ok(latest)
}

fn table(measured: &[Measured], engines: &[Engine], bugs: &[Bug]) -> String {
    let mut text = String::new();
    let written =
        write_engines(&mut text, measured, engines).and_then(|()| write_bugs(&mut text, measured, engines, bugs));
    written.expect("a string takes everything");
    text
}

fn write_engines(text: &mut String, measured: &[Measured], engines: &[Engine]) -> std::fmt::Result {
    writeln!(
        text,
        "| minimiser | findings | operations, median | worst | executions, median | worst | CPU, median | worst | 1-minimal | same signature |"
    )?;
    writeln!(text, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")?;
    for &engine in engines {
        let of: Vec<&Measured> = measured.iter().filter(|it| it.engine == engine).collect();
        let both = |number: fn(&Measured) -> f64| {
            let numbers: Vec<f64> = of.iter().map(|it| number(it)).collect();
            (median(&numbers), worst(&numbers))
        };
        let operations = both(|it| it.operations as f64);
        let executions = both(|it| it.executions as f64);
        let time = both(|it| it.time.as_secs_f64());
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            engine.name(),
            of.len(),
            operations.0,
            operations.1,
            executions.0,
            executions.1,
            seconds(time.0),
            seconds(time.1),
            of.iter().filter(|it| it.left.is_none()).count(),
            of.iter().filter(|it| it.same_signature).count(),
        )?;
    }
    writeln!(
        text,
        "\n1-minimal: no single operation can go and no single operand can be smaller, each tried. The peers keep what \
         diverges, whatever its signature.\n"
    )
}

fn write_bugs(text: &mut String, measured: &[Measured], engines: &[Engine], bugs: &[Bug]) -> std::fmt::Result {
    let heads: Vec<String> = LENGTHS.iter().map(|length| format!("of {length} | to | executions | CPU")).collect();
    writeln!(text, "| bug | minimiser | {} |", heads.join(" | "))?;
    writeln!(text, "|---|---|{}", "--:|".repeat(4 * LENGTHS.len()))?;
    for bug in bugs {
        for engine in engines {
            let cell = |length: usize| {
                let it = measured.iter().find(|it| (it.engine, it.bug, it.length) == (*engine, *bug, length));
                it.map_or_else(
                    || "– | – | – | –".to_string(),
                    |it| {
                        let time = seconds(it.time.as_secs_f64());
                        format!("{} | {} | {} | {time}", it.at, it.operations, it.executions)
                    },
                )
            };
            writeln!(text, "| {} | {} | {} |", bug.name(), engine.name(), LENGTHS.map(cell).join(" | "))?;
        }
    }
    Ok(())
}
