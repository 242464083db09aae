//! `stalemap encode`: from a trace to the bytes that fuzzing engines read.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use stalemap_operations::Machine;

use crate::ending::Ending;
use crate::{input, output};

/// Turn a trace into the bytes that fuzzing engines read
#[derive(Debug, Args)]
#[command(after_help = "\
Comments and answers have no bytes. A machine with a size over 256, or with more than 64 spaces, has none either.

Example:
  stalemap encode my.trace -o seeds/my")]
pub struct EncodeArguments {
    /// A trace; `-` is stdin
    file: PathBuf,
    /// Where the bytes go; to stdout where nothing is given
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Reads the trace and writes its bytes.
///
/// # Errors
/// When the trace cannot be read or has no bytes, or the output cannot be written.
pub fn encode(arguments: &EncodeArguments) -> Result<Ending> {
    let trace = input::read(&arguments.file)?.trace;
    let bytes = trace.to_bytes().with_context(|| {
        let (file, machine) = (arguments.file.display(), trace.machine);
        let (size, spaces) = (Machine::BYTES_LIMIT, Machine::BYTES_SPACES);
        format!(
            "{file}: the machine ({machine}) has a size over {size} or more than {spaces} spaces, so it has text only and \
             no bytes"
        )
    })?;
    match &arguments.output {
        Some(path) => output::write_file(path, &bytes)?,
        None => output::print_bytes(&bytes)?,
    }
    Ok(Ending::Agree)
}
