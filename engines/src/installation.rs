//! Where a tool is and how it is called; it is installed into the target folder when it is missing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::control::Event;
use crate::error::EngineError;
use crate::process::Group;
use crate::tool::Tool;
use crate::workspace::Workspace;

/// Where cargo-afl puts the AFL++ that it builds: below this folder, which is our own where the tool is.
const DATA: &str = "XDG_DATA_HOME";

impl Tool {
    /// Where it is in this version: in the target folder, or in the path.
    #[must_use]
    pub fn path(&self, workspace: &Workspace) -> Option<PathBuf> {
        [self.ours(workspace), PathBuf::from(self.name)].into_iter().find(|path| self.answers(path, workspace))
    }

    /// A call of it. It is installed before if it is missing; `None` if the control interrupts that.
    ///
    /// # Errors
    /// When it cannot be installed.
    pub fn call(&self, workspace: &Workspace) -> Result<Option<Command>, EngineError> {
        let path = match self.path(workspace) {
            Some(path) => path,
            None if self.install(workspace)? => self.ours(workspace),
            None => return Ok(None),
        };
        let mut call = self.program(workspace, &path);
        call.arg(self.command);
        Ok(Some(call))
    }

    /// Installs it; `false` if the control interrupts that.
    fn install(&self, workspace: &Workspace) -> Result<bool, EngineError> {
        let folder = workspace.tools();
        workspace.control().report(Event::Installs { tool: self, folder: &folder });
        let mut call = workspace.call(workspace.cargo());
        call.env(DATA, workspace.tools().join("share"));
        call.args(["install", "--locked", "--version", self.version, "--root"]).arg(&folder).arg(self.name);
        Group::finish(&mut call, "cargo install", workspace.control(), workspace.control().lines())
    }

    /// Where it is after it was installed here.
    fn ours(&self, workspace: &Workspace) -> PathBuf {
        workspace.tools().join("bin").join(self.name)
    }

    fn program(&self, workspace: &Workspace, path: &Path) -> Command {
        let mut call = workspace.call(path);
        // As cargo calls its commands; cargo-afl insists on it.
        call.env("CARGO", workspace.cargo());
        if path == self.ours(workspace) {
            call.env(DATA, workspace.tools().join("share"));
        }
        call
    }

    fn answers(&self, path: &Path, workspace: &Workspace) -> bool {
        let output = self.program(workspace, path).args([self.command, "--version"]).stdin(Stdio::null()).output();
        output.is_ok_and(|output| {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            output.status.success() && text.split_whitespace().nth(1) == Some(self.version)
        })
    }
}
