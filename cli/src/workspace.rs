//! The clone of stalemap in which engines and tools are built and run.

use anyhow::Result;
use stalemap_commands::interrupt::interrupted;
use stalemap_commands::output;
use stalemap_engines::{Control, Workspace};

/// The clone in which the current folder lies. What runs in it stops at Ctrl-C, and its messages go to stderr.
///
/// # Errors
/// When the current folder is in no clone.
pub(crate) fn workspace() -> Result<Workspace> {
    Ok(Workspace::find(Control::new(interrupted, |event| output::tell(event)))?)
}
