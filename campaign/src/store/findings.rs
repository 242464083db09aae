//! The findings of a store, which its samples show: of each the shortest trace.

use std::collections::{BTreeMap, BTreeSet};

use super::identity::CampaignId;
use super::recorded::Recorded;
use super::sample::Sample;

/// What a store holds apart: one signature of one variant of one subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) signature: String,
    pub(super) subject: String,
    pub(super) variant: String,
}

impl Key {
    /// What a sample shows.
    pub(super) fn of(campaign: &CampaignId, sample: &Sample) -> Key {
        let (signature, subject) = (sample.form.clone(), campaign.subject.clone());
        Key { signature, subject, variant: campaign.variant.clone() }
    }
}

/// The findings that some campaigns show.
pub(super) struct Shown<'a> {
    /// The samples of each finding, the first of which names it.
    pub(super) findings: BTreeMap<Key, Vec<&'a Sample>>,
    /// The texts of their files, by name: what is written into a file of this name, and all that the store may have written.
    pub(super) files: BTreeMap<String, Vec<&'a str>>,
}

impl<'a> Shown<'a> {
    /// What these campaigns show, but for the signatures that are known.
    pub(super) fn by(campaigns: impl IntoIterator<Item = &'a Recorded>, known: &BTreeSet<String>) -> Shown<'a> {
        let mut findings: BTreeMap<Key, Vec<&Sample>> = BTreeMap::new();
        for campaign in campaigns {
            for sample in campaign.samples().filter(|sample| !known.contains(&sample.form)) {
                findings.entry(Key::of(&campaign.id, sample)).or_default().push(sample);
            }
        }
        let mut files: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for samples in findings.values_mut() {
            // Those of one length and text stay in the order of campaigns and indices.
            samples.sort_by_key(|sample| (sample.operations, &sample.program));
            let named = samples[0];
            let texts = samples.iter().filter(|sample| sample.program == named.program).map(|sample| &*sample.text);
            files.entry(named.file_name()).or_default().extend(texts);
        }
        Shown { findings, files }
    }
}
