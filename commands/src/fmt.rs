//! `stalemap fmt`: traces in their canonical text, with the reference's answers where they are wanted.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use clap::Args;
use stalemap_report::{answered, grouped};

use crate::ending::Ending;
use crate::input::Inputs;
use crate::output;

/// Print a trace in its canonical text
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stalemap fmt crash-1f2e                    an engine's input as text
  stalemap fmt --answers --write my.trace    fill in what the reference answers, in place
  stalemap fmt --check corpus                end with 1 if a trace is not canonical")]
pub struct FmtArguments {
    /// Traces, inputs of fuzzing engines, or folders of them; `-` is stdin
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// Write nothing; list the traces that are not canonical and end with 1 if there is one
    #[arg(long, conflicts_with = "write")]
    check: bool,
    /// Write each text back to its file instead of to stdout
    #[arg(short, long)]
    write: bool,
    /// Write behind each operation what the reference answers
    #[arg(long)]
    answers: bool,
}

/// Prints, checks or writes back each trace.
///
/// # Errors
/// When a trace cannot be read or written back, or several are given and neither --check nor --write is.
pub fn fmt(arguments: &FmtArguments) -> Result<Ending> {
    let mut inputs = Inputs::of(&arguments.paths);
    if inputs.left() > 1 && !arguments.check && !arguments.write {
        bail!("{} files are given; say --write to write each back, or --check", grouped(inputs.left() as u64));
    }
    let mut ending = Ending::Agree;
    while let Some((file, input)) = inputs.read_next()? {
        let trace = if arguments.answers { answered(&input.trace) } else { input.trace };
        let canonical = trace.to_string();
        let is_canonical = input.text.as_deref() == Some(canonical.as_str());
        if arguments.check {
            if !is_canonical {
                output::print_line(format_args!("not canonical  {}", file.display()))?;
                ending = Ending::Diverge;
            }
        } else if arguments.write {
            if !is_canonical && let Err(error) = write_back(&file, input.text.is_some(), &canonical) {
                inputs.tell(&error);
            }
        } else {
            output::print(canonical)?;
        }
    }
    Ok(inputs.ending(ending))
}

fn write_back(file: &Path, is_text: bool, canonical: &str) -> Result<()> {
    ensure!(file != Path::new("-"), "stdin cannot be written back; leave --write out");
    ensure!(is_text, "{}: bytes are not written back as text; leave --write out", file.display());
    output::write_file(file, canonical.as_bytes())
}
