//! Merging: what stores know of the same campaigns comes together.

use std::collections::BTreeSet;

use super::error::StoreError;
use super::findings::{Key, Shown};
use super::{Gone, Store, format1, passed};

/// What came of a merge.
#[derive(Debug, Default)]
pub struct Merged {
    /// Findings that lay in a store and do not lie in the merged one, with that store's folder. Other executions of lower index
    /// were met alike, and one machine that does all of them looks at those. The traces stay where they are.
    pub left_out: Vec<(String, String)>,
    /// What could not be read.
    pub damaged: Vec<StoreError>,
}

impl Store {
    /// Takes in all that lies in other stores. The result is what one machine has that did the executions of all: it does
    /// not matter in which order stores are merged, nor whether one is merged twice.
    ///
    /// # Errors
    /// When a file cannot be written, or a store belongs to a later version of the program. What cannot be read in a store is passed
    /// over and told.
    pub fn merge<'a>(&self, others: impl IntoIterator<Item = &'a Store>) -> Result<Merged, StoreError> {
        let mut merged = Merged::default();
        let mut findings: BTreeSet<(Key, String)> = BTreeSet::new();
        let locked = self.folder.lock()?;
        // What lies here already comes first: it may be left out.
        let others: Vec<&Store> = others.into_iter().filter(|other| other.folder.0 != self.folder.0).collect();
        for other in [self].into_iter().chain(others) {
            let (theirs, damaged) = other.folder.read_all()?;
            merged.damaged.extend(damaged);
            let place = other.path().display().to_string();
            let shown = Shown::by(&theirs, &self.known).findings;
            findings.extend(shown.into_keys().map(|key| (key, place.clone())));
            for recorded in theirs {
                let (ours, _) = self.folder.read_all()?;
                self.absorb(&locked, ours, recorded, Gone::Removed)?;
            }
            if other.folder.0 != self.folder.0 {
                format1::copy(&other.folder, &self.folder, &locked, &mut merged.damaged)?;
                for more in passed::read_all(&other.folder, &mut merged.damaged)? {
                    passed::add(&self.folder, &locked, &more)?;
                }
            }
        }
        let (all, _) = self.folder.read_all()?;
        let shown = Shown::by(&all, &self.known).findings;
        findings.retain(|(key, _)| !shown.contains_key(key));
        merged.left_out = findings.into_iter().map(|(key, place)| (key.signature, place)).collect();
        Ok(merged)
    }
}
