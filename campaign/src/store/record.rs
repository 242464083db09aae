//! How often one campaign has met a finding: a small file for each, so that folders are merged file by file.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stalemap_report::hex;

use super::error::StoreError;
use crate::whole::write_whole;

/// The format of these files.
const FORMAT: u32 = 1;

/// What a store holds apart: one signature of one variant of one subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Key {
    pub(super) signature: String,
    pub(super) subject: String,
    pub(super) variant: String,
}

/// How often one campaign has met a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    format: u32,
    #[serde(flatten)]
    pub(super) key: Key,
    pub(super) campaign: String,
    pub(super) executions: u64,
}

impl Record {
    pub(super) fn new(key: Key, campaign: String, executions: u64) -> Record {
        Record { format: FORMAT, key, campaign, executions }
    }

    /// Writes it into the folder of a trace, unless a higher count of this campaign stands there.
    pub(super) fn write(&self, folder: &Path) -> Result<(), StoreError> {
        let path = folder.join(self.file_name());
        if let Ok(Some(there)) = read(&path)
            && there.executions >= self.executions
        {
            return Ok(());
        }
        let text = serde_json::to_string(self).expect("texts and numbers") + "\n";
        write_whole(&path, text.as_bytes()).map_err(StoreError::io("write", &path))
    }

    /// Removes it from the folder of a trace.
    pub(super) fn remove(&self, folder: &Path) -> Result<(), StoreError> {
        let path = folder.join(self.file_name());
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(StoreError::io("remove", &path)(error)),
            _ => Ok(()),
        }
    }

    /// The same for the same finding and campaign.
    fn file_name(&self) -> String {
        let Key { signature, subject, variant } = &self.key;
        let digest = Sha256::digest([signature, subject, variant, &self.campaign].map(String::as_str).join("\n"));
        format!("{}.json", hex(&digest[..8]))
    }
}

/// Reads a record; `None` where the file has gone meanwhile.
fn read(path: &Path) -> Result<Option<Record>, StoreError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io("read", path)(error)),
    };
    /// What every format has.
    #[derive(Deserialize)]
    struct Any {
        format: u32,
    }
    let damaged = |source| StoreError::Damaged { path: path.to_owned(), source };
    let Any { format } = serde_json::from_str(&text).map_err(damaged)?;
    if format != FORMAT {
        return Err(StoreError::Format { path: path.to_owned(), found: format, expected: FORMAT });
    }
    serde_json::from_str(&text).map(Some).map_err(damaged)
}

/// The records in the folder of a trace, and those that cannot be read.
pub(super) fn read_all(folder: &Path) -> Result<(Vec<Record>, Vec<StoreError>), StoreError> {
    let (mut records, mut unreadable) = (Vec::new(), Vec::new());
    for path in entries(folder)? {
        if path.extension().is_some_and(|it| it == "json") {
            match read(&path) {
                Ok(record) => records.extend(record),
                Err(error) => unreadable.push(error),
            }
        }
    }
    Ok((records, unreadable))
}

/// What stands in a folder, in the order of the names; nothing where there is no folder.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let listed = match fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io("list", folder)(error)),
    };
    let paths = listed.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut paths = paths.map_err(StoreError::io("list", folder))?;
    paths.sort_unstable();
    Ok(paths)
}
