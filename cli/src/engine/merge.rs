//! libFuzzer's merge: of many inputs a small set that meets the same edges.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::process::Group;
use super::workspace::Workspace;
use super::{libfuzzer, watch};

/// Rounds at the most; it gets no smaller after two or three.
const ROUNDS: usize = 10;

/// The names of a small set of inputs that meets what all meet. It goes on until a round leaves nothing out.
///
/// # Errors
/// When the target was never built.
pub(crate) fn merge(inputs: &BTreeMap<&str, &[u8]>) -> Result<BTreeSet<String>> {
    let program = libfuzzer::built(&Workspace::find()?, "lockstep").context(
        "the target whose edges are to be met is not built; `stalemap fuzz --engine libfuzzer --seconds 1` builds it",
    )?;
    let scratch = tempfile::tempdir().context("cannot make a folder")?;
    let mut from = scratch.path().join("all");
    fs::create_dir(&from)?;
    for (name, bytes) in inputs {
        fs::write(from.join(name), bytes)?;
    }
    for round in 0..ROUNDS {
        let to = scratch.path().join(round.to_string());
        fs::create_dir(&to)?;
        let mut command = Command::new(&program);
        command.current_dir(scratch.path()).arg("-set_cover_merge=1").arg(&to).arg(&from);
        if !Group::finish(&mut command, "libFuzzer's merge", |_| ())? {
            bail!("interrupted");
        }
        let is_smaller = watch::count(&to) < watch::count(&from);
        from = to;
        if !is_smaller {
            break;
        }
    }
    let name = |file: &std::path::PathBuf| Some(file.file_name()?.to_string_lossy().into_owned());
    Ok(watch::files(&from).iter().filter_map(name).collect())
}
