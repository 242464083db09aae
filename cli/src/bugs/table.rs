//! The table bug × engine as Markdown.

use std::fmt::Write;

use stalemap_implementation::Bug;

use super::engine::Engine;
use super::results::{Measured, Results};

/// The hunts of one engine for one bug.
struct Row<'a> {
    hunts: Vec<&'a Measured>,
}

impl<'a> Row<'a> {
    fn new(results: &'a Results, engine: Engine, bug: Option<&str>, seeds: u64) -> Row<'a> {
        Row { hunts: (0..seeds).filter_map(|seed| results.find(engine, bug, seed)).collect() }
    }

    /// How many hunts have this.
    fn count(&self, has: impl Fn(&Measured) -> bool) -> usize {
        self.hunts.iter().filter(|hunt| has(hunt)).count()
    }

    fn sorted(&self, number: impl Fn(&Measured) -> f64) -> Vec<f64> {
        let mut numbers: Vec<f64> = self.hunts.iter().map(|hunt| number(hunt)).collect();
        numbers.sort_by(f64::total_cmp);
        numbers
    }

    /// The median; of an even number of hunts the upper one, which no hunt that gave up makes smaller.
    fn median(&self, number: impl Fn(&Measured) -> f64) -> f64 {
        let numbers = self.sorted(number);
        numbers.get(numbers.len() / 2).copied().unwrap_or(0.0)
    }

    fn worst(&self, number: impl Fn(&Measured) -> f64) -> f64 {
        self.sorted(number).last().copied().unwrap_or(0.0)
    }
}

/// The table, and below it what was done.
pub(crate) fn markdown(results: &Results, engines: &[Engine], bugs: &[Bug], seeds: u64) -> String {
    let mut text = String::new();
    write_markdown(&mut text, results, engines, bugs, seeds).expect("a string takes everything");
    text
}

fn write_markdown(
    text: &mut String,
    results: &Results,
    engines: &[Engine],
    bugs: &[Bug],
    seeds: u64,
) -> std::fmt::Result {
    writeln!(
        text,
        "| bug | engine | reached | triggered | detected | executions, median | worst | operations, median | CPU, median | worst |"
    )?;
    writeln!(text, "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|")?;
    for bug in bugs {
        for &engine in engines {
            let row = Row::new(results, engine, Some(bug.name()), seeds);
            // Where a hunt gave up, the number is only known to be larger.
            let censored = |needed: bool| if needed { "> " } else { "" };
            let given_up = row.count(|hunt| hunt.signature.is_none());
            let worst = censored(given_up > 0);
            let median = censored(given_up * 2 >= row.hunts.len().max(1));
            writeln!(
                text,
                "| {} | {} | {} | {} | {} | {median}{:.0} | {worst}{:.0} | {median}{:.0} | {median}{} | {worst}{} |",
                bug.name(),
                engine.name(),
                row.count(|hunt| hunt.reached > 0),
                row.count(|hunt| hunt.triggered > 0),
                row.count(|hunt| hunt.signature.is_some()),
                row.median(|hunt| hunt.executions as f64),
                row.worst(|hunt| hunt.executions as f64),
                row.median(|hunt| hunt.operations as f64),
                seconds(row.median(|hunt| hunt.cpu_seconds)),
                seconds(row.worst(|hunt| hunt.cpu_seconds)),
            )?;
        }
    }
    writeln!(text)?;
    let settings = &results.settings;
    writeln!(
        text,
        "{seeds} seeds, executions of at most {} operations, given up after {} CPU seconds (`>`: a hunt was given up), stalemap {}.",
        settings.operations, settings.cap, settings.version
    )?;
    writeln!(text, "Reached, triggered, detected: at how many of the seeds.")?;
    writeln!(text)?;
    for &engine in engines {
        let hunts: Vec<&Measured> = results
            .hunts
            .iter()
            .filter(|it| it.engine == engine && it.seed < seeds)
            .filter(|it| it.bug.as_deref().is_some_and(|name| bugs.iter().any(|bug| bug.name() == name)))
            .collect();
        let alarms = Row::new(results, engine, None, seeds);
        writeln!(
            text,
            "* {}: {} hunts, {} detected, {} of CPU in all; without a bug {} executions, {} false alarms.",
            engine.name(),
            hunts.len(),
            hunts.iter().filter(|hunt| hunt.signature.is_some()).count(),
            seconds(hunts.iter().map(|hunt| hunt.cpu_seconds).sum()),
            alarms.hunts.iter().map(|hunt| hunt.executions).sum::<u64>(),
            alarms.count(|hunt| hunt.signature.is_some()),
        )?;
    }
    Ok(())
}

/// The bugs that the native engine does not find at every seed; none where it was not asked.
pub(crate) fn undetected(results: &Results, bugs: &[Bug], seeds: u64) -> Vec<&'static str> {
    let missed = |bug: &&Bug| {
        let row = Row::new(results, Engine::Native, Some(bug.name()), seeds);
        row.count(|hunt| hunt.signature.is_none()) > 0
    };
    bugs.iter().filter(missed).map(|bug| bug.name()).collect()
}

/// Seconds with a unit that makes them readable.
fn seconds(seconds: f64) -> String {
    if seconds < 0.001 {
        format!("{:.0} µs", seconds * 1e6)
    } else if seconds < 1.0 {
        format!("{:.1} ms", seconds * 1e3)
    } else {
        format!("{seconds:.1} s")
    }
}
