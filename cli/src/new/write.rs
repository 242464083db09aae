//! A new folder that is there as a whole or not at all.

use std::fs::{self, DirEntry};
use std::io::{self, ErrorKind};
use std::path::Path;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::new::layout::NewFile;

/// Writes files into a folder, which is not there yet or is empty. They are written beside their place and renamed.
///
/// # Errors
/// When something is there, or the folder cannot be written; nothing is left of it then.
pub(crate) fn write(folder: &Path, files: &[NewFile]) -> Result<()> {
    let is_there = check_place(folder)?;
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = if is_there { folder } else { parent };
    let cannot_write = || format!("cannot write {}", folder.display());
    let staging = staging(beside).with_context(cannot_write)?;
    for file in files {
        let path = staging.path().join(&file.path);
        fs::create_dir_all(path.parent().expect("it is below the folder")).with_context(cannot_write)?;
        fs::write(path, &file.content).with_context(cannot_write)?;
    }
    if is_there {
        fill(folder, staging.path()).with_context(cannot_write)
    } else {
        fs::rename(staging.path(), folder).with_context(cannot_write)?;
        // What is no longer there need not be deleted.
        let _ = staging.keep();
        Ok(())
    }
}

/// Whether the folder is there, and empty.
fn check_place(folder: &Path) -> Result<bool> {
    match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error).with_context(|| format!("cannot write {}", folder.display())),
        Ok(_) => {}
    }
    if !folder.is_dir() {
        bail!("{} is there already, and is no folder", folder.display());
    }
    let mut entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    match entries.next() {
        None => Ok(true),
        Some(_) => bail!("the folder {} is not empty", folder.display()),
    }
}

/// A folder that deletes itself. It has the modes of any new folder, since it becomes one.
fn staging(folder: &Path) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    builder.prefix(".stalemap-new-").tempdir_in(folder)
}

/// Moves everything from one folder into another; what was moved goes back out if something cannot be.
fn fill(folder: &Path, from: &Path) -> io::Result<()> {
    let entries: Vec<DirEntry> = fs::read_dir(from)?.collect::<io::Result<_>>()?;
    for (moved, entry) in entries.iter().enumerate() {
        if let Err(error) = fs::rename(entry.path(), folder.join(entry.file_name())) {
            for entry in &entries[..moved] {
                fs::rename(folder.join(entry.file_name()), entry.path())?;
            }
            return Err(error);
        }
    }
    Ok(())
}
