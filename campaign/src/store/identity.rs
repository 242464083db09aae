//! What a campaign's executions are a function of: where it is the same, so is the campaign, on whatever machine it runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stalemap_harness::{Compare, HugeOrders, Settings};
use stalemap_operations::{Kind, KindSet, Machine};
use stalemap_report::hex;

use crate::transition_table::transition_table;

/// A campaign: what its executions and their results are a function of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CampaignId {
    /// The seed.
    pub seed: u64,
    /// What makes the executions, such as `native`.
    pub engine: String,
    /// The version of Stalemap.
    pub version: String,
    /// The subject's name.
    pub subject: String,
    /// The options that choose a variant of the subject, such as one with a seeded bug; often empty.
    pub variant: String,
    /// The revision of the subject, as its user names it; often empty.
    pub revision: String,
    /// All other settings, by the name of their option.
    pub settings: BTreeMap<String, String>,
    /// A digest of what the transitions mean, of which a piece says which were met.
    pub transitions: String,
}

impl CampaignId {
    /// A campaign of the native generator.
    #[must_use]
    pub fn native(seed: u64, subject: &str, settings: &Settings, compare: Compare) -> CampaignId {
        let kinds: Vec<&str> = settings.kinds.iter().map(|kind| kind.row().word).collect();
        let machine =
            |machine: Option<Machine>| machine.map_or_else(|| "any".to_string(), |machine| machine.to_string());
        let named = [
            ("ops", settings.operations.to_string()),
            ("only", kinds.join(",")),
            ("machine", machine(settings.machine)),
            ("largest machine", machine(settings.largest)),
            ("compare", if compare == Compare::Touched { "touched" } else { "full" }.to_string()),
        ];
        // A campaign without huge pages has the name that it had before there were any.
        let huge = settings.huge.filter(|_| settings.draws_huge()).map(|HugeOrders { lowest, highest, always }| {
            ("huge", format!("{lowest} to {highest}{}", if always { ", always" } else { "" }))
        });
        let settings = named.into_iter().chain(huge).map(|(name, value)| (name.to_string(), value));
        CampaignId { settings: settings.collect(), ..CampaignId::of_engine("native", seed, subject) }
    }

    /// A campaign of an engine whose executions nothing repeats: one that began at another time is another one.
    #[must_use]
    pub fn unrepeatable(engine: &str, seed: u64, subject: &str, begun: &str) -> CampaignId {
        let settings = BTreeMap::from([("begun".to_string(), begun.to_string())]);
        CampaignId { settings, ..CampaignId::of_engine(engine, seed, subject) }
    }

    fn of_engine(engine: &str, seed: u64, subject: &str) -> CampaignId {
        CampaignId {
            seed,
            engine: engine.to_string(),
            version: env!("CARGO_PKG_VERSION").to_string(),
            subject: subject.to_string(),
            variant: String::new(),
            revision: String::new(),
            settings: BTreeMap::new(),
            transitions: transition_table(),
        }
    }

    /// Of this variant of the subject: findings of other variants, such as one with a seeded bug, are others.
    #[must_use]
    pub fn variant(self, variant: impl Into<String>) -> CampaignId {
        CampaignId { variant: variant.into(), ..self }
    }

    /// Of this revision of the subject.
    #[must_use]
    pub fn revision(self, revision: impl Into<String>) -> CampaignId {
        CampaignId { revision: revision.into(), ..self }
    }

    /// The operations that it does.
    #[must_use]
    pub fn kinds(&self) -> KindSet {
        match self.settings.get("only") {
            Some(words) => words.split(',').filter_map(Kind::by_word).collect(),
            None => KindSet::ALL,
        }
    }

    /// What differs from another campaign, but for the seed: name, the value here, the value there.
    #[must_use]
    pub fn differences<'a>(&'a self, other: &'a CampaignId) -> Vec<(&'a str, &'a str, &'a str)> {
        let fields = [
            ("engine", &self.engine, &other.engine),
            ("version", &self.version, &other.version),
            ("subject", &self.subject, &other.subject),
            ("variant", &self.variant, &other.variant),
            ("revision", &self.revision, &other.revision),
            ("table of transitions", &self.transitions, &other.transitions),
        ];
        let fields = fields.into_iter().map(|(name, here, there)| (name, here.as_str(), there.as_str()));
        let names = self.settings.keys().chain(other.settings.keys().filter(|it| !self.settings.contains_key(*it)));
        let of = |id: &'a CampaignId, name: &str| id.settings.get(name).map_or("", String::as_str);
        let settings = names.map(|name| (name.as_str(), of(self, name), of(other, name)));
        fields.chain(settings).filter(|(_, here, there)| here != there).collect()
    }

    /// The name of its folder in a store.
    #[must_use]
    pub fn folder(&self) -> String {
        let text = serde_json::to_string(self).expect("texts and numbers");
        format!("{}-seed-{}-{}", self.engine, self.seed, hex(&Sha256::digest(text)[..6]))
    }
}
