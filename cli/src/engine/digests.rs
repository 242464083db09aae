//! The digest of each input under another engine: the same harness, built and run as that engine has it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use stalemap_report::input_name;

use super::process::Group;
use super::tool::CARGO_AFL;
use super::workspace::Workspace;
use super::{afl, libfuzzer};
use crate::arguments::Engine;

/// The target that takes all levels.
const TARGET: &str = "lockstep";

/// Runs inputs under an engine; the digest of each by the SHA-1 of its bytes, or `None` if somebody interrupts.
///
/// # Errors
/// When the engine cannot be brought, built or run.
pub(crate) fn digests<'a>(
    engine: Engine,
    inputs: impl Iterator<Item = &'a [u8]>,
) -> Result<Option<BTreeMap<String, String>>> {
    let workspace = Workspace::find()?;
    let scratch = tempfile::tempdir().context("cannot make a folder")?;
    let (folder, told) = (scratch.path().join("inputs"), scratch.path().join("digests"));
    fs::create_dir(&folder)?;
    for bytes in inputs {
        fs::write(folder.join(input_name(bytes)), bytes)?;
    }
    let command = match engine {
        Engine::Libfuzzer => under_libfuzzer(&workspace, &folder)?,
        Engine::Afl => under_afl(&workspace, &folder, scratch.path())?,
        Engine::Native => bail!("the native engine has no target"),
    };
    let Some(mut command) = command else {
        return Ok(None);
    };
    if !Group::finish(command.env("STALEMAP_DIGESTS", &told), engine.word(), |_| ())? {
        return Ok(None);
    }
    let text = fs::read_to_string(&told).with_context(|| format!("{} ran no input", engine.word()))?;
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    Ok(Some(pairs.map(|(name, digest)| (name.to_string(), digest.to_string())).collect()))
}

/// Replays a folder in one process.
fn under_libfuzzer(workspace: &Workspace, inputs: &Path) -> Result<Option<Command>> {
    let built = libfuzzer::build(workspace, TARGET, libfuzzer::FOLDER, None)?;
    Ok(built.map(|program| {
        let mut command = Command::new(program);
        command.arg("-runs=0").arg(inputs);
        command
    }))
}

/// Replays a folder in persistent mode, as a campaign does, and asks for no more than the coverage.
fn under_afl(workspace: &Workspace, inputs: &Path, scratch: &Path) -> Result<Option<Command>> {
    let Some((program, _)) = afl::build(workspace, TARGET, afl::FOLDER, None)? else {
        return Ok(None);
    };
    let call = CARGO_AFL.call(workspace)?;
    Ok(call.map(|mut call| {
        call.args(["showmap", "-C", "-t", "10000", "-i"]).arg(inputs).arg("-o").arg(scratch.join("map"));
        call.arg("--").arg(program);
        call
    }))
}
