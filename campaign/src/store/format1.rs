//! Format 1 of the store: how often each campaign has met a finding, in a small file for each. It is read and carried along.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::contents::Earlier;
use super::error::StoreError;
use super::folder::{Folder, Locked, entries};

/// How often one campaign has met a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    format: u32,
    signature: String,
    subject: String,
    variant: String,
    campaign: String,
    executions: u64,
}

/// The counts of a trace: the trace's name, and the files of counts.
type OfTrace = (String, Vec<(PathBuf, Record)>);

/// All findings in the order of their signatures.
pub(super) fn read_all(folder: &Folder, damaged: &mut Vec<StoreError>) -> Result<Vec<Earlier>, StoreError> {
    let mut found: BTreeMap<(String, String, String, String), BTreeMap<String, u64>> = BTreeMap::new();
    for (name, records) in records(folder, damaged)? {
        for (_, record) in records {
            let key = (record.signature, record.subject, record.variant, name.clone());
            found.entry(key).or_default().insert(record.campaign, record.executions);
        }
    }
    let earlier = found.into_iter().map(|((signature, subject, variant, name), executions)| {
        let path = folder.trace(&format!("{name}.trace"));
        Earlier { signature, subject, variant, path, executions }
    });
    Ok(earlier.filter(|it| it.path.exists()).collect())
}

/// Copies findings with their counts into another store, where none lie there or lower counts.
pub(super) fn copy(
    from: &Folder,
    to: &Folder,
    locked: &Locked<'_>,
    damaged: &mut Vec<StoreError>,
) -> Result<(), StoreError> {
    for (name, records) in records(from, damaged)? {
        let file = format!("{name}.trace");
        let Ok(trace) = fs::read(from.trace(&file)) else { continue };
        if !to.trace(&file).exists() {
            locked.write(&to.trace(&file), &trace)?;
        }
        for (path, record) in records {
            let Some(file) = path.file_name() else { continue };
            let place = to.inside().join(&name).join(file);
            let there = read(&place).ok().flatten();
            if there.is_none_or(|there| there.executions < record.executions) {
                let text = serde_json::to_string(&record).expect("texts and numbers") + "\n";
                locked.write(&place, text.as_bytes())?;
            }
        }
    }
    Ok(())
}

/// The counts of each trace.
fn records(folder: &Folder, damaged: &mut Vec<StoreError>) -> Result<Vec<OfTrace>, StoreError> {
    let mut all = Vec::new();
    for counts in entries(&folder.inside())? {
        let name = counts.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        // Other folders have no signature for a name.
        if !name.contains('@') || !counts.is_dir() {
            continue;
        }
        let mut records = Vec::new();
        for path in entries(&counts)? {
            match read(&path) {
                Ok(record) => records.extend(record.map(|record| (path, record))),
                Err(error) => damaged.push(error),
            }
        }
        all.push((name, records));
    }
    Ok(all)
}

fn read(path: &PathBuf) -> Result<Option<Record>, StoreError> {
    let Ok(text) = fs::read_to_string(path) else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| StoreError::damaged(path, error.to_string()))
}
