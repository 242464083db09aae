//! `stalemap merge`: the folders of several machines become one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Error, Result, ensure};
use clap::Args;
use sha2::{Digest, Sha256};
use stalemap_campaign::Store;
use stalemap_report::{counted, grouped};

use crate::ending::Ending;
use crate::known::{KNOWN_FILE, List};
use crate::{input, output};

/// Merge folders of findings: what several machines have done and found comes together
#[derive(Debug, Args)]
#[command(after_help = "\
The order does not matter, nor whether a folder is merged twice. Shards of one campaign come to the folder of one machine that \
has done all of it, byte for byte. Of the executions with one signature a few are brought to their canonical form: the four of \
lowest index, and the first from each power of two on. A finding that a shard has kept may be left out where other shards have \
lower ones: `merge` names it, and it stays in the shard's folder.

A known.toml comes along: the merged folder knows what one of the folders knows. Where they have different words for one finding, \
those with the later day count, of one day the reason that comes first in the alphabet; `merge` says so. The traces that the entries name \
are copied into known/. Comments stay where they are.

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
    // What is wrong with a known.toml is said before anything is written.
    let known = Known::of(arguments)?;
    let active = known.list.entries().filter(|entry| !entry.has_expired()).map(|entry| &entry.signature);
    let store = Store::open(&arguments.out)?.known(active);
    let others: Vec<Store> = arguments.folders.iter().map(Store::to_read).collect();
    let merged = store.merge(&others).context("the folders are not merged")?;
    known.write(&arguments.out)?;
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

/// What the folders know, that of the merged one included.
struct Known {
    list: List,
    /// The traces that the entries name, by name in the merged folder: that of their content, so that copies are one.
    traces: BTreeMap<PathBuf, Vec<u8>>,
}

impl Known {
    fn of(arguments: &MergeArguments) -> Result<Known> {
        let folders = [arguments.folders.as_slice(), std::slice::from_ref(&arguments.out)].concat();
        let mut traces = BTreeMap::new();
        let list = List::of(&folders, |path| {
            let content = input::read_content(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let hash: String = Sha256::digest(&content)[..4].iter().map(|byte| format!("{byte:02x}")).collect();
            let name = Path::new("known").join(format!("{hash}.trace"));
            traces.insert(name.clone(), content);
            Ok(name)
        })?;
        Ok(Known { list, traces })
    }

    /// Writes what has changed.
    fn write(&self, folder: &Path) -> Result<()> {
        self.list.tell_differences();
        let here = List::of(&[folder.to_owned()], |path| Ok(path.strip_prefix(folder).unwrap_or(&path).to_owned()))?;
        if self.list == here {
            return Ok(());
        }
        for name in self.list.entries().filter_map(|entry| entry.trace.as_ref()) {
            output::write_file(&folder.join(name), &self.traces[name])?;
        }
        output::write_file(&folder.join(KNOWN_FILE), self.list.text()?.as_bytes())
    }
}
