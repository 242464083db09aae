//! The clone whose targets an engine runs: its root, and folders for what engines need and leave.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::control::Control;
use crate::error::EngineError;

/// A clone of the project, and the control of what runs in it.
#[derive(Clone)]
pub struct Workspace {
    root: PathBuf,
    target: PathBuf,
    control: Control,
}

impl Workspace {
    /// The one in which the current folder lies.
    ///
    /// # Errors
    /// When there is none: engines build the targets from their source.
    pub fn find(control: Control) -> Result<Workspace, EngineError> {
        let current = env::current_dir().map_err(EngineError::NoCurrentFolder)?;
        let is_root = |folder: &&Path| {
            let manifest = fs::read_to_string(folder.join("fuzz/Cargo.toml"));
            manifest.is_ok_and(|text| text.contains("name = \"stalemap-fuzz\""))
        };
        let root = current.ancestors().find(is_root).ok_or(EngineError::NoWorkspace)?;
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |target| root.join(target));
        Ok(Workspace { root: root.to_owned(), target, control })
    }

    /// The folder of the workspace's manifest.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Controls what runs in it.
    #[must_use]
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Where the tools of engines are installed.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("engines")
    }

    /// The target folder of builds with flags of an engine.
    pub(crate) fn builds(&self, name: &str) -> PathBuf {
        self.target.join("engines").join(name)
    }

    /// What cargo-fuzz takes for the corpus of a target.
    #[must_use]
    pub fn corpus(&self, target: &str) -> PathBuf {
        self.root.join("fuzz/corpus").join(target)
    }

    /// An empty folder for one campaign. It stays until the next one, so that it can be looked at.
    ///
    /// # Errors
    /// When it cannot be emptied or made.
    pub fn scratch(&self) -> Result<PathBuf, EngineError> {
        let folder = self.target.join("engines").join("campaign");
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(EngineError::io("empty", &folder))?;
        }
        fs::create_dir_all(&folder).map_err(EngineError::io("make", &folder))?;
        Ok(folder)
    }

    /// The cargo that runs this program, or else the one in the path.
    pub(crate) fn cargo(&self) -> PathBuf {
        env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
    }

    /// A call of a program at the root.
    pub(crate) fn call(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// The folder of the targets, which is a cargo workspace of its own.
    pub(crate) fn targets(&self) -> PathBuf {
        self.root.join("fuzz")
    }
}
