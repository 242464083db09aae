//! The workspace whose targets an engine runs: its root, and folders for what engines need and leave.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// A clone of the project.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// The one in which the current folder lies.
    ///
    /// # Errors
    /// When there is none: engines build the targets from their source.
    pub(crate) fn find() -> Result<Workspace> {
        let current = env::current_dir().context("the current folder is not there")?;
        let is_root = |folder: &&Path| {
            let manifest = fs::read_to_string(folder.join("fuzz/Cargo.toml"));
            manifest.is_ok_and(|text| text.contains("name = \"stalemap-fuzz\""))
        };
        let root = current.ancestors().find(is_root).context(
            "libfuzzer and afl build their targets from source, and the current folder is in no clone of stalemap; go \
             into one, or use --engine native",
        )?;
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |target| root.join(target));
        Ok(Workspace { root: root.to_owned(), target })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where the engines' tools are brought to.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("engines")
    }

    /// Where what is built with other flags than usual goes.
    pub(crate) fn builds(&self, name: &str) -> PathBuf {
        self.target.join("engines").join(name)
    }

    /// What cargo-fuzz takes for the corpus of a target.
    pub(crate) fn corpus(&self, target: &str) -> PathBuf {
        self.root.join("fuzz/corpus").join(target)
    }

    /// An empty folder for one campaign. It stays until the next one, so that it can be looked at.
    pub(crate) fn scratch(&self) -> Result<PathBuf> {
        let folder = self.target.join("engines").join("campaign");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
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
}
