//! Why a store cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a store cannot be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file or folder cannot be used. The sentence of the system is the `source`.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried, such as `read`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file of counts is damaged.
    #[error("{} does not say how often a finding was met", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        source: serde_json::Error,
    },
    /// A file of counts was written by another version of the program.
    #[error("{} has format {found}; this program reads format {expected}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The format that it has.
        found: u32,
        /// The format that is read.
        expected: u32,
    },
}

impl StoreError {
    /// For `map_err`: the action on this path has failed.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
        let path = path.to_owned();
        move |source| StoreError::Io { action, path, source }
    }
}
