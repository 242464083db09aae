//! `stalemap ops`: the table of operations.

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use stalemap_operations::{Kind, Outcome, Row};
use stalemap_report::style::{FAINT, STRONG};

use crate::ending::Ending;
use crate::output;
use crate::values::{TableFormat, operation};

/// Print the table of operations with their meaning
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stalemap ops
  stalemap ops migrate fork
  stalemap ops --format json > operations.json")]
pub struct OpsArguments {
    /// Operations to print; all where none is given
    #[arg(value_name = "OPERATION", value_parser = operation())]
    only: Vec<Kind>,
    /// How the table is printed
    #[arg(long, value_enum, default_value_t)]
    format: TableFormat,
}

/// A row as JSON.
#[derive(Serialize)]
struct Operation {
    word: &'static str,
    number: u8,
    level: u8,
    operands: Vec<&'static str>,
    effect: &'static [&'static str],
    refusals: Vec<&'static str>,
    /// The functions of Linux 7.3 that carry it out, each with the source that defines it.
    linux: Vec<(&'static str, &'static str)>,
    meaning: String,
}

/// Prints the rows that are asked for.
///
/// # Errors
/// When they cannot be printed.
pub fn ops(arguments: &OpsArguments) -> Result<Ending> {
    let kinds = if arguments.only.is_empty() { Kind::ALL } else { &arguments.only };
    let rows = kinds.iter().map(|kind| kind.row());
    match arguments.format {
        TableFormat::Json => {
            let rows: Vec<Operation> = rows.map(listed).collect();
            output::print_line(serde_json::to_string_pretty(&rows)?)?;
        }
        TableFormat::Text => {
            for row in rows {
                print_row(row)?;
            }
        }
    }
    Ok(Ending::Agree)
}

fn listed(row: &'static Row) -> Operation {
    Operation {
        word: row.word,
        number: row.number,
        level: row.level,
        operands: row.operands.iter().map(|(name, _)| *name).collect(),
        effect: row.effect.keys(),
        refusals: row.refusals.iter().map(|errno| errno.name()).collect(),
        linux: row.linux.iter().map(|function| (function.name, function.file)).collect(),
        meaning: meaning(row).join(" "),
    }
}

fn print_row(row: &Row) -> Result<()> {
    let operands: Vec<String> = row.operands.iter().map(|(_, kind)| kind.form().to_string()).collect();
    let effect: String = row.effect.keys().iter().map(|key| format!(" {key}=")).collect();
    let refusals = row.refusals.iter().map(|&errno| Outcome::Refused(errno).to_string());
    let answers: Vec<String> = [format!("ok{effect}")].into_iter().chain(refusals).collect();
    output::print_line(format_args!(
        "{STRONG}{} {}{STRONG:#}  {FAINT}level {}, record {}{FAINT:#}",
        row.word,
        operands.join(" "),
        row.level,
        row.number
    ))?;
    for line in meaning(row) {
        output::print_line(format_args!("    {line}"))?;
    }
    output::print_line(format_args!("    answers {}", answers.join(", ")))?;
    let functions: Vec<String> = row.linux.iter().map(|it| format!("{} ({})", it.name, it.file)).collect();
    output::print_line(format_args!("    in Linux 7.3 {}\n", functions.join(", ")))
}

fn meaning(row: &Row) -> Vec<&'static str> {
    row.meaning.lines().map(str::trim).collect()
}
