//! `stalemap encode`: from a trace to the bytes that fuzzing engines read.

use anyhow::{Context, Result};
use stalemap_operations::Machine;

use crate::arguments::EncodeArguments;
use crate::ending::Ending;
use crate::{input, output};

pub(crate) fn encode(arguments: &EncodeArguments) -> Result<Ending> {
    let trace = input::read(&arguments.file)?.trace;
    let bytes = trace.to_bytes().with_context(|| {
        let (file, machine, limit) = (arguments.file.display(), trace.machine, Machine::BYTES_LIMIT);
        format!("{file}: the machine ({machine}) has a size over {limit}, so it has text only and no bytes")
    })?;
    match &arguments.output {
        Some(path) => output::write_file(path, &bytes)?,
        None => output::print_bytes(&bytes)?,
    }
    Ok(Ending::Agree)
}
