//! `stalemap seeds`: from the traces of a corpus to the inputs that an engine begins with.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::Args;
use stalemap_report::{counted, input_name};

use crate::ending::Ending;
use crate::input::Inputs;
use crate::output;

/// Write the inputs that a fuzzing engine begins with
#[derive(Debug, Args)]
#[command(after_help = "\
Each trace that has bytes becomes a file named by their SHA-1, as libFuzzer names what it keeps. The target trace_text \
reads the traces themselves.

Examples:
  stalemap seeds corpus -o fuzz/corpus/lockstep
  stalemap seeds findings corpus/regressions -o seeds")]
pub struct SeedsArguments {
    /// Traces, inputs of fuzzing engines, or folders of them
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// The folder for the seeds
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

/// Writes the seeds and tells how many there are.
///
/// # Errors
/// When a seed cannot be written, or none of the traces has bytes.
pub fn seeds(arguments: &SeedsArguments) -> Result<Ending> {
    output::check_folder(&arguments.output)?;
    let mut inputs = Inputs::of(&arguments.paths);
    let written = write(&mut inputs, &arguments.output)?;
    let ending = inputs.ending(Ending::Agree);
    ensure!(
        written > 0 || ending == Ending::Trouble,
        "none of the traces has bytes: the machine of each has a size over 256 or more than 64 spaces"
    );
    output::tell(format_args!("{} in {}", counted(written as u64, "seed"), arguments.output.display()));
    Ok(ending)
}

/// Writes the bytes of every trace that has some into a folder, under the name that libFuzzer would give them; how many
/// different ones there are.
///
/// # Errors
/// When a seed cannot be written, or the user interrupts.
pub fn write(inputs: &mut Inputs, folder: &Path) -> Result<usize> {
    let mut names = std::collections::BTreeSet::new();
    while let Some((_, input)) = inputs.read_next()? {
        let Some(bytes) = input.trace.to_bytes() else {
            continue;
        };
        let name = input_name(&bytes);
        output::write_file(&folder.join(&name), &bytes)?;
        names.insert(name);
    }
    Ok(names.len())
}
