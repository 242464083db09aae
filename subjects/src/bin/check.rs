//! `check [EXECUTIONS] [--keep] [--write] [--current] [NAME]…`: a campaign with each subject, held against what is known of it.
//! `--keep` keeps traces of what is found; `--write` puts the numbers of campaigns that end as known into the README.

use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use stalemap_subjects::campaign::{campaign, keep};
use stalemap_subjects::catalogue::{ROWS, Row};
use stalemap_subjects::check::agree;
use stalemap_subjects::readme;

/// Executions of each where no number is given.
const EXECUTIONS: u64 = 20_000;

fn main() -> io::Result<ExitCode> {
    stalemap_harness::quiet_panics();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let executions = arguments.iter().find_map(|it| it.parse().ok()).unwrap_or(EXECUTIONS);
    let is_given = |flag: &str| arguments.iter().any(|it| it == flag);
    let does = Does { keep: is_given("--keep"), write: is_given("--write") };
    let current = is_given("--current");
    let is_name = |it: &&String| !it.starts_with("--") && it.parse::<u64>().is_err();
    let names: Vec<_> = arguments.iter().filter(is_name).collect();
    if let Some(unknown) = names.iter().find(|name| !ROWS.iter().any(|row| row.is_named(name))) {
        writeln!(io::stderr(), "there is no subject {unknown}")?;
        return Ok(ExitCode::from(2));
    }
    let is_named = |row: &&Row| names.is_empty() || names.iter().any(|name| row.is_named(name));
    let is_chosen = |row: &&Row| is_named(row) && (!current || row.is_current());
    let mut out = io::stdout().lock();
    writeln!(out, "| subject | released | level | executions | operations | seconds | result |")?;
    writeln!(out, "|---|---|---|---|---|---|---|")?;
    let mut wrong = Vec::new();
    for row in ROWS.iter().filter(is_chosen) {
        if let Err(sentence) = line(&mut out, row, executions, does)? {
            wrong.push(format!("{}: {sentence}", row.name()));
        }
    }
    for sentence in &wrong {
        writeln!(out, "{sentence}")?;
    }
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is done with what a campaign comes to.
#[derive(Clone, Copy)]
struct Does {
    keep: bool,
    write: bool,
}

/// Runs a row's campaign and writes its line of the table; what is not as it is known.
fn line(out: &mut impl Write, row: &Row, executions: u64, does: Does) -> io::Result<Result<(), String>> {
    let start = Instant::now();
    let outcome = campaign(row, None, executions);
    let seconds = start.elapsed().as_secs_f64();
    let operations = outcome.as_ref().map_or(0, |outcome| outcome.operations);
    if let (true, Ok(outcome)) = (does.keep, &outcome) {
        for (signature, found) in &outcome.findings {
            keep(row, signature, found)?;
        }
    }
    let result = outcome.as_ref().map_err(String::clone).and_then(|outcome| agree(row, outcome));
    if let (true, Ok(outcome), Ok(_)) = (does.write, &outcome, &result) {
        let text = fs::read_to_string(readme::path())?;
        let text =
            readme::with(&text, row, outcome).ok_or_else(|| io::Error::other("the README has no line for it"))?;
        fs::write(readme::path(), text)?;
    }
    let (name, Row { released, level, .. }) = (row.name(), row);
    let said = result.as_ref().map_or("**not as it is known**", String::as_str);
    writeln!(out, "| {name} | {released} | {level} | {executions} | {operations} | {seconds:.1} | {said} |")?;
    Ok(result.map(drop))
}
