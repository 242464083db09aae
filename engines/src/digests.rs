//! The digest of each input under another engine: the same harness, built and run as that engine has it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use stalemap_report::input_name;

use crate::error::EngineError;
use crate::order::Engine;
use crate::process::Group;
use crate::protocol::{self, LOCKSTEP};
use crate::tool::CARGO_AFL;
use crate::workspace::Workspace;
use crate::{afl, libfuzzer};

/// Runs inputs under an engine. Returns the digest of each by the SHA-1 of its bytes, or `None` if the control interrupts.
///
/// # Errors
/// When the engine cannot be installed, built or run.
pub fn digests<'a>(
    workspace: &Workspace,
    engine: Engine,
    inputs: impl Iterator<Item = &'a [u8]>,
) -> Result<Option<BTreeMap<String, String>>, EngineError> {
    let scratch = tempfile::tempdir().map_err(EngineError::Scratch)?;
    let (folder, told) = (scratch.path().join("inputs"), scratch.path().join("digests"));
    fs::create_dir(&folder).map_err(EngineError::io("make", &folder))?;
    for bytes in inputs {
        let file = folder.join(input_name(bytes));
        fs::write(&file, bytes).map_err(EngineError::io("write", &file))?;
    }
    let command = match engine {
        Engine::Libfuzzer => under_libfuzzer(workspace, &folder)?,
        Engine::Afl => under_afl(workspace, &folder, scratch.path())?,
    };
    let Some(mut command) = command else {
        return Ok(None);
    };
    if !Group::finish(command.env(protocol::DIGESTS, &told), engine.name(), workspace.control(), |_| ())? {
        return Ok(None);
    }
    let text = fs::read_to_string(&told);
    let text = text.map_err(|source| EngineError::RanNothing { engine: engine.name(), source })?;
    let pairs = text.lines().filter_map(protocol::parse_digest_line);
    Ok(Some(pairs.map(|(name, digest)| (name.to_string(), digest.to_string())).collect()))
}

/// Replays a folder in one process.
fn under_libfuzzer(workspace: &Workspace, inputs: &Path) -> Result<Option<Command>, EngineError> {
    let built = libfuzzer::build(workspace, LOCKSTEP, libfuzzer::FOLDER, None)?;
    Ok(built.map(|program| {
        let mut command = Command::new(program);
        command.arg("-runs=0").arg(inputs);
        command
    }))
}

/// Replays a folder in persistent mode, as a campaign does, for the coverage only.
fn under_afl(workspace: &Workspace, inputs: &Path, scratch: &Path) -> Result<Option<Command>, EngineError> {
    let Some((program, _)) = afl::build(workspace, LOCKSTEP, afl::FOLDER, None)? else {
        return Ok(None);
    };
    let call = CARGO_AFL.call(workspace)?;
    Ok(call.map(|mut call| {
        call.args(["showmap", "-C", "-t", "10000", "-i"]).arg(inputs).arg("-o").arg(scratch.join("map"));
        call.arg("--").arg(program);
        call
    }))
}
