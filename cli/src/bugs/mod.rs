//! `stalemap bugs`: the seeded bugs, their shortest traces, and how fast each engine finds them.

mod arguments;
mod bench;
mod bless;
mod engine;
mod hunt;
mod minimiser;
mod oracles;
#[cfg(unix)]
mod outside;
mod page;
mod results;
mod shards;
mod shortened;
mod shrink;
mod table;

use anyhow::Result;
use serde::Serialize;
use stalemap_commands::values::TableFormat;
use stalemap_commands::{Ending, output};
use stalemap_report::style::STRONG;

pub(crate) use self::arguments::BugsArguments;
use crate::catalogue::Line;

pub(crate) fn bugs(line: &Line, arguments: &BugsArguments) -> Result<Ending> {
    if arguments.bless {
        bless::bless(arguments)
    } else if arguments.bench {
        bench::bench(line, arguments)
    } else if arguments.oracles {
        oracles::oracles(line, arguments)
    } else if arguments.minimiser {
        minimiser::minimiser(line, arguments)
    } else if arguments.shards {
        shards::shards(line, arguments)
    } else {
        list(arguments)
    }
}

/// A bug as JSON.
#[derive(Serialize)]
struct Listed {
    name: &'static str,
    about: &'static str,
}

fn list(arguments: &BugsArguments) -> Result<Ending> {
    let bugs = arguments.bugs();
    match arguments.format {
        TableFormat::Json => {
            let listed: Vec<Listed> =
                bugs.iter().map(|bug| Listed { name: bug.name(), about: bug.about().trim() }).collect();
            output::print_line(serde_json::to_string_pretty(&listed)?)?;
        }
        TableFormat::Text => {
            for bug in bugs {
                output::print_line(format_args!("{STRONG}{}{STRONG:#}", bug.name()))?;
                output::print_line(format_args!("    {}\n", bug.about().trim()))?;
            }
        }
    }
    Ok(Ending::Agree)
}
