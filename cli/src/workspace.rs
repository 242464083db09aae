//! The clone of stalemap in which engines and tools are built and run.

use anyhow::{Error, Result, anyhow};
use stalemap_commands::interrupt::interrupted;
use stalemap_commands::output;
use stalemap_engines::{Control, EngineError, Workspace};

/// The clone in which the current folder lies. What runs in it stops at Ctrl-C, and its messages go to stderr.
///
/// # Errors
/// When the current folder is in no clone.
pub(crate) fn workspace() -> Result<Workspace> {
    Workspace::find(Control::new(interrupted, |event| output::tell(event))).map_err(hinted)
}

/// An engine's error, with what to type against it.
pub(crate) fn hinted(error: EngineError) -> Error {
    if matches!(error, EngineError::NoWorkspace) {
        anyhow!("{error}; go into one, or use --engine native")
    } else {
        error.into()
    }
}
