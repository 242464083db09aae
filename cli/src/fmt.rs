//! `stalemap fmt`: traces in their canonical text, with the reference's answers where they are wanted.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use stalemap_report::answered;

use crate::arguments::FmtArguments;
use crate::ending::Ending;
use crate::{input, output};

pub(crate) fn fmt(arguments: &FmtArguments) -> Result<Ending> {
    let files = input::files(&arguments.paths)?;
    if files.len() > 1 && !arguments.check && !arguments.write {
        bail!("{} files are given; say --write to write each back, or --check", files.len());
    }
    let mut ending = Ending::Agree;
    for file in &files {
        let input = input::read(file)?;
        let trace = if arguments.answers { answered(&input.trace) } else { input.trace };
        let canonical = trace.to_string();
        let is_canonical = input.text.as_deref() == Some(canonical.as_str());
        if arguments.check {
            if !is_canonical {
                output::print_line(format_args!("not canonical  {}", file.display()))?;
                ending = Ending::Diverge;
            }
        } else if arguments.write {
            ensure!(file != Path::new("-"), "stdin cannot be written back; leave --write out");
            ensure!(input.text.is_some(), "{}: bytes are not written back as text; leave --write out", file.display());
            if !is_canonical {
                output::write_file(file, canonical.as_bytes())?;
            }
        } else {
            output::print(canonical)?;
        }
    }
    Ok(ending)
}
