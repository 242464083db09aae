//! What a store holds, and what several hold together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::error::StoreError;
use super::findings::{Key, Shown};
use super::identity::CampaignId;
use super::passed::Passed;
use super::recorded::Recorded;
use super::sample::Sample;
use crate::findings::Times;

/// All that lies in a store.
#[derive(Debug, Default)]
pub struct Contents {
    /// The campaigns, in the order of their seeds.
    pub campaigns: Vec<Recorded>,
    /// What cannot be read.
    pub damaged: Vec<StoreError>,
    /// Findings that an earlier version of the program has kept, which cannot be told by campaigns.
    pub earlier: Vec<Earlier>,
    /// What was passed of subjects' own code, in the order of their names.
    pub passed: Vec<Passed>,
    pub(super) folders: Vec<PathBuf>,
    pub(super) known: BTreeSet<String>,
}

/// A finding that an earlier version of the program has kept (format 1 of the store).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// Its signature.
    pub signature: String,
    /// The subject's name.
    pub subject: String,
    /// The variant of the subject.
    pub variant: String,
    /// The trace.
    pub path: PathBuf,
    /// Executions that met it, by the name of the campaign.
    pub executions: BTreeMap<String, u64>,
}

/// A finding in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its signature.
    pub signature: String,
    /// The subject's name.
    pub subject: String,
    /// The variant of the subject.
    pub variant: String,
    /// The trace.
    pub path: PathBuf,
    /// How often each campaign has met it.
    pub met: Vec<(CampaignId, Times)>,
}

impl Entry {
    /// Executions that met it.
    #[must_use]
    pub fn executions(&self) -> u64 {
        self.met.iter().map(|(_, times)| times.executions).sum()
    }
}

impl Contents {
    /// What lies in both stores, each execution once. Paths are those of the store in which a finding lies.
    #[must_use]
    pub fn and(mut self, other: Contents) -> Contents {
        for recorded in other.campaigns {
            match self.campaigns.binary_search_by(|it| it.id.cmp(&recorded.id)) {
                Ok(at) => {
                    self.campaigns[at].merge(recorded);
                }
                Err(at) => {
                    let mut normal = Recorded::new(recorded.id.clone());
                    normal.merge(recorded);
                    self.campaigns.insert(at, normal);
                }
            }
        }
        self.damaged.extend(other.damaged);
        self.earlier.extend(other.earlier);
        other.passed.iter().for_each(|passed| passed.add_to(&mut self.passed));
        self.known.extend(other.known);
        self.folders.extend(other.folders);
        self
    }

    /// All findings that are not known, in the order of their signatures.
    #[must_use]
    pub fn findings(&self) -> Vec<Entry> {
        let times: Vec<_> = self.campaigns.iter().map(|campaign| (&campaign.id, campaign.times())).collect();
        let shown = Shown::by(&self.campaigns, &self.known).findings;
        let entry = |(key, samples): (Key, Vec<&Sample>)| {
            let Key { signature, subject, variant } = key;
            let is_of = |id: &CampaignId| id.subject == subject && id.variant == variant;
            let of_this = times.iter().filter(|(id, _)| is_of(id));
            let met = of_this.filter_map(|(id, times)| Some(((*id).clone(), *times.get(&signature)?))).collect();
            Entry { path: self.path(&samples[0].file_name()), signature, subject, variant, met }
        };
        shown.into_iter().map(entry).collect()
    }

    /// Where a trace lies; where it should where a user has moved it away.
    fn path(&self, name: &str) -> PathBuf {
        let mut paths = self.folders.iter().map(|folder| folder.join(name));
        paths.clone().find(|path| path.exists()).or_else(|| paths.next()).unwrap_or_default()
    }
}
