//! Why an engine cannot do its work.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use thiserror::Error;

/// Why an engine cannot be installed, built, started or followed. The sentence of an I/O error is its `source`.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// A file or folder cannot be used.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried, such as `read`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// No temporary folder can be made.
    #[error("cannot make a folder")]
    Scratch(#[source] io::Error),
    /// A name in a shared folder is none of a file.
    #[error("\"{name}\" is no name: give letters, digits and ._- by --name, which do not begin with a point")]
    NotAName {
        /// The name.
        name: String,
    },
    /// Another process has this name in a shared folder.
    #[error("another process has the name {name} in {}; give each that joins a name of its own by --name", folder.display())]
    NameInUse {
        /// The name.
        name: String,
        /// The shared folder.
        folder: PathBuf,
    },
    /// The current folder has been removed.
    #[error("the current folder is not there")]
    NoCurrentFolder(#[source] io::Error),
    /// Engines build the targets from source, which is not here.
    #[error("libfuzzer and afl build their targets from source, and the current folder is in no clone of stalemap")]
    NoWorkspace,
    /// The compiler does not say which machine it is for.
    #[error("`rustc -vV` says nothing of its host; is Rust in the path?")]
    NoCompiler,
    /// A program cannot be started.
    #[error("cannot start {name}")]
    Start {
        /// The program.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// The end of a program cannot be waited for.
    #[error("cannot wait for {name}")]
    Wait {
        /// The program.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// A program has failed.
    #[error(transparent)]
    Failed(#[from] ToolFailure),
    /// The build succeeded and left no program.
    #[error("cargo fuzz built no {target}")]
    NotBuilt {
        /// The target that was named.
        target: String,
    },
    /// A hunt is measured in the processor time of the engine's processes, which this system does not show.
    #[error("the CPU time of an engine's processes is read from /proc, which is not there")]
    NoCpuTime,
    /// An engine ended well and did nothing.
    #[error("{engine} ended without an execution")]
    NoExecution {
        /// The word for the engine.
        engine: &'static str,
    },
    /// An engine has no minimiser of its own for records.
    #[error("{engine} does not minimise")]
    DoesNotMinimise {
        /// The word for the engine.
        engine: &'static str,
    },
    /// The target does not stop at an input that was to be made smaller.
    #[error("the target does not stop at the input that is to be made smaller")]
    NotStopped {
        /// Why there is no smaller one.
        source: io::Error,
    },
    /// An engine ended well and wrote no digest.
    #[error("{engine} ran no input")]
    RanNothing {
        /// The word for the engine.
        engine: &'static str,
        /// Why the digests cannot be read.
        source: io::Error,
    },
}

/// A program that ended with an error, and its last lines.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name} ended with {status}; it said last:\n  {}", said.join("\n  "))]
pub struct ToolFailure {
    /// The program.
    pub name: String,
    /// How it ended.
    pub status: ExitStatus,
    /// The last lines of both its outputs, at most 30.
    pub said: Vec<String>,
}

impl EngineError {
    /// For `map_err`: the action on this path has failed.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EngineError {
        let path = path.to_owned();
        move |source| EngineError::Io { action, path, source }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::ToolFailure;

    #[test]
    fn a_failure_shows_the_last_lines_below_each_other() {
        let said = vec!["one".to_string(), "two".to_string()];
        let failure = ToolFailure { name: "cargo".to_string(), status: ExitStatus::from_raw(256), said };
        assert_eq!(failure.to_string(), "cargo ended with exit status: 1; it said last:\n  one\n  two");
    }
}
