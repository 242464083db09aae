//! `stalemap merge`: the folders of several machines become one.

use std::path::PathBuf;

use anyhow::{Context as _, Error, Result, ensure};
use clap::Args;
use stalemap_campaign::Store;
use stalemap_report::{counted, grouped};

use crate::ending::Ending;
use crate::output;

/// Merge folders of findings: what several machines have done and found comes together
#[derive(Debug, Args)]
#[command(after_help = "\
The order does not matter, nor whether a folder is merged twice. Shards of one campaign come to the folder of one machine that \
has done all of it, byte for byte. Of the executions with one signature a few are brought to their canonical form: the four of \
lowest index, and the first from each power of two on. A finding that a shard has kept may be left out where other shards have \
lower ones: `merge` names it, and it stays in the shard's folder.

Examples:
  stalemap merge shard-0 shard-1 shard-2 -o all
  stalemap merge monday tuesday -o findings
  stalemap merge -o findings                 brings together what was copied into it")]
pub struct MergeArguments {
    /// Folders of findings
    #[arg(value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// The folder that takes in all of them; what lies there stays a part of it
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
}

/// Merges.
///
/// # Errors
/// When a folder is not there, belongs to a later version of the program, or cannot be written.
pub fn merge(arguments: &MergeArguments) -> Result<Ending> {
    for folder in &arguments.folders {
        ensure!(folder.is_dir(), "{} is no folder", folder.display());
    }
    let store = Store::open(&arguments.out)?;
    let others: Vec<Store> = arguments.folders.iter().map(Store::to_read).collect();
    let merged = store.merge(&others).context("the folders are not merged")?;
    for (signature, place) in &merged.left_out {
        output::tell(format_args!(
            "left out: {signature} of {place}, since lower executions are met alike; it stays there"
        ));
    }
    let has_damage = !merged.damaged.is_empty();
    merged.damaged.into_iter().for_each(|error| output::complain(&Error::new(error)));
    let contents = store.read()?;
    let executions: u64 = contents.campaigns.iter().map(|campaign| campaign.total().executions).sum();
    let (findings, campaigns) = (contents.findings().len(), contents.campaigns.len());
    output::print_line(format_args!(
        "{}: {}, {} of {}",
        arguments.out.display(),
        counted(findings as u64, "finding"),
        counted(executions, "execution"),
        counted(campaigns as u64, "campaign")
    ))?;
    if !contents.earlier.is_empty() {
        output::print_line(format_args!(
            "{} of an earlier version of the program, carried along as they are",
            grouped(contents.earlier.len() as u64)
        ))?;
    }
    Ok(if has_damage { Ending::Trouble } else { Ending::Agree })
}
