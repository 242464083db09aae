//! Rules of the workspace that neither the compiler nor clippy checks: which crate may need which, circles of imports, links of
//! documents, and tidiness.

pub mod circles;
pub mod layering;
pub mod links;
pub mod minimum_rust;
pub mod tidy;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use cargo_metadata::MetadataCommand;
use ignore::WalkBuilder;

/// The root of the workspace that holds the folder.
///
/// # Errors
/// When the folder is in no workspace.
pub fn find_root(folder: &Path) -> Result<PathBuf> {
    let metadata = MetadataCommand::new().current_dir(folder).no_deps().exec();
    let metadata = metadata.with_context(|| format!("{} is in no workspace", folder.display()))?;
    Ok(metadata.workspace_root.into_std_path_buf())
}

/// The files below a folder in order, but those of git and those that git ignores.
///
/// # Errors
/// When a folder cannot be listed.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let is_ours = |entry: &ignore::DirEntry| entry.file_name() != ".git";
    for entry in WalkBuilder::new(folder).hidden(false).require_git(false).filter_entry(is_ours).build() {
        let entry = entry?;
        if entry.file_type().is_some_and(|kind| kind.is_file()) {
            files.push(entry.into_path());
        }
    }
    files.sort();
    Ok(files)
}

/// Prints what breaks the rules.
///
/// # Errors
/// When something does.
pub fn report(broken: &[String]) -> Result<()> {
    broken.iter().for_each(|place| println!("{place}"));
    ensure!(broken.is_empty(), "{} places break a rule of the workspace; each is listed above", broken.len());
    Ok(())
}
