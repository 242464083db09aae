//! libFuzzer's merge: of many inputs a small set that meets the same edges.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use crate::error::EngineError;
use crate::process::Group;
use crate::protocol::LOCKSTEP;
use crate::workspace::Workspace;
use crate::{libfuzzer, watch};

/// Rounds at the most; it gets no smaller after two or three.
const ROUNDS: usize = 10;

/// The names of a small set of inputs that meets what all meet; `None` if the control interrupts. It goes on until a round
/// leaves nothing out.
///
/// # Errors
/// When the target cannot be built, or fails.
pub fn merge(workspace: &Workspace, inputs: &BTreeMap<&str, &[u8]>) -> Result<Option<BTreeSet<String>>, EngineError> {
    let Some(program) = libfuzzer::build_with_edges(workspace, LOCKSTEP)? else {
        return Ok(None);
    };
    let scratch = tempfile::tempdir().map_err(EngineError::Scratch)?;
    let mut from = scratch.path().join("all");
    fs::create_dir(&from).map_err(EngineError::io("make", &from))?;
    for (name, bytes) in inputs {
        let file = from.join(name);
        fs::write(&file, bytes).map_err(EngineError::io("write", &file))?;
    }
    for round in 0..ROUNDS {
        let to = scratch.path().join(round.to_string());
        fs::create_dir(&to).map_err(EngineError::io("make", &to))?;
        let mut command = Command::new(&program);
        command.current_dir(scratch.path()).arg("-set_cover_merge=1").arg(&to).arg(&from);
        if !Group::finish(&mut command, "libFuzzer's merge", workspace.control(), |_| ())? {
            return Ok(None);
        }
        let is_smaller = watch::count(&to) < watch::count(&from);
        from = to;
        if !is_smaller {
            break;
        }
    }
    let name = |file: &std::path::PathBuf| Some(file.file_name()?.to_string_lossy().into_owned());
    Ok(Some(watch::files(&from).iter().filter_map(name).collect()))
}
