//! The tables of engines and of bug × engine as Markdown.

use std::fmt::Write;

use stalemap_implementation::Bug;

use super::engine::Engine;
use super::results::{Measured, Results, Settings};

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

    fn numbers(&self, number: impl Fn(&Measured) -> f64) -> Vec<f64> {
        self.hunts.iter().map(|hunt| number(hunt)).collect()
    }

    fn median(&self, number: impl Fn(&Measured) -> f64) -> f64 {
        median(&self.numbers(number))
    }

    fn worst(&self, number: impl Fn(&Measured) -> f64) -> f64 {
        worst(&self.numbers(number))
    }

    /// What stands before a median and before a worst: where a hunt was given up, the number is only known to be larger.
    fn censored(&self) -> (&'static str, &'static str) {
        let mark = |needed: bool| if needed { "> " } else { "" };
        let given_up = self.count(|hunt| hunt.signature.is_none());
        (mark(given_up * 2 >= self.hunts.len().max(1)), mark(given_up > 0))
    }
}

/// Both tables, and between them how they were made.
pub(crate) fn markdown(results: &Results, engines: &[Engine], bugs: &[Bug], seeds: u64) -> String {
    let mut text = String::new();
    let written = write_engines(&mut text, results, engines, bugs, seeds)
        .and_then(|()| write_settings(&mut text, results, seeds))
        .and_then(|()| write_bugs(&mut text, results, engines, bugs, seeds));
    written.expect("a string takes everything");
    text
}

/// What each engine came to with all bugs, and in as many executions without one.
fn write_engines(
    text: &mut String,
    results: &Results,
    engines: &[Engine],
    bugs: &[Bug],
    seeds: u64,
) -> std::fmt::Result {
    writeln!(
        text,
        "| engine | hunts | reached | triggered | detected | executions, median | worst | CPU, median | CPU in all | executions without a bug | false alarms |"
    )?;
    writeln!(text, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")?;
    for &engine in engines {
        let rows = bugs.iter().map(|bug| Row::new(results, engine, Some(bug.name()), seeds));
        let all = Row { hunts: rows.flat_map(|row| row.hunts).collect() };
        let alarms = Row::new(results, engine, None, seeds);
        let (median, worst) = all.censored();
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {median}{:.0} | {worst}{:.0} | {median}{} | {worst}{} | {:.0} | {} |",
            engine.name(),
            all.hunts.len(),
            all.count(|hunt| hunt.reached > 0),
            all.count(|hunt| hunt.triggered > 0),
            all.count(|hunt| hunt.signature.is_some()),
            all.median(|hunt| hunt.executions as f64),
            all.worst(|hunt| hunt.executions as f64),
            seconds(all.median(|hunt| hunt.cpu_seconds)),
            seconds(all.numbers(|hunt| hunt.cpu_seconds).iter().sum()),
            alarms.numbers(|hunt| hunt.executions as f64).iter().sum::<f64>(),
            alarms.count(|hunt| hunt.signature.is_some()),
        )?;
    }
    writeln!(text)
}

fn write_settings(text: &mut String, results: &Results, seeds: u64) -> std::fmt::Result {
    let Settings { version, operations, cap } = &results.settings;
    writeln!(
        text,
        "A hunt is one engine after one bug at one seed, in executions of at most {operations} operations, given up after \
         {cap} CPU seconds; `>` stands where one was given up. {seeds} seeds, stalemap {version}. Reached, triggered, \
         detected: in how many hunts. Without a bug an engine does as many executions as it needed for all bugs at the \
         same seed.\n"
    )
}

fn write_bugs(text: &mut String, results: &Results, engines: &[Engine], bugs: &[Bug], seeds: u64) -> std::fmt::Result {
    writeln!(
        text,
        "| bug | engine | reached | triggered | detected | executions, median | worst | operations, median | CPU, median | worst |"
    )?;
    writeln!(text, "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|")?;
    for bug in bugs {
        for &engine in engines {
            let row = Row::new(results, engine, Some(bug.name()), seeds);
            let (median, worst) = row.censored();
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
    Ok(())
}

/// The bugs that the native engine does not find at every seed; none where it was not measured.
pub(crate) fn undetected(results: &Results, bugs: &[Bug], seeds: u64) -> Vec<&'static str> {
    let missed = |bug: &&Bug| {
        let row = Row::new(results, Engine::Native, Some(bug.name()), seeds);
        row.count(|hunt| hunt.signature.is_none()) > 0
    };
    bugs.iter().filter(missed).map(|bug| bug.name()).collect()
}

/// The median; of an even number of numbers the upper one, which no hunt that gave up makes smaller.
pub(super) fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

/// The largest.
pub(super) fn worst(numbers: &[f64]) -> f64 {
    numbers.iter().copied().fold(0.0, f64::max)
}

/// Seconds with a unit that makes them readable.
pub(super) fn seconds(seconds: f64) -> String {
    if seconds < 0.001 {
        format!("{:.0} µs", seconds * 1e6)
    } else if seconds < 1.0 {
        format!("{:.1} ms", seconds * 1e3)
    } else {
        format!("{seconds:.1} s")
    }
}
