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
    /// A file is not what a store writes: damaged, or half of it is there. It is passed over and stays.
    #[error("{} is damaged: {reason}; it is passed over, and all else is used", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        reason: String,
    },
    /// A file was written by a later version of the program.
    #[error("{} has format {found}; this program reads formats 1 to {expected}: use the version that has written it", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The format that it has.
        found: u32,
        /// The latest format that is read.
        expected: u32,
    },
}

impl StoreError {
    /// The file or folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            StoreError::Io { path, .. } | StoreError::Damaged { path, .. } | StoreError::Format { path, .. } => path,
        }
    }

    /// For `map_err`: the action on this path has failed.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
        let path = path.to_owned();
        move |source| StoreError::Io { action, path, source }
    }

    /// The file is not what it should be.
    pub(super) fn damaged(path: &Path, reason: impl Into<String>) -> StoreError {
        StoreError::Damaged { path: path.to_owned(), reason: reason.into() }
    }
}
