//! A piece of a campaign: the first executions of a shard, and what they came to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stalemap_harness::{Signature, Transitions};
use stalemap_operations::{Kind, Outcome};
use stalemap_reference::MARKS;

use crate::campaign::CampaignStats;
use crate::findings::Times;
use crate::shard::Shard;
use crate::transition_table::{from_digits, to_digits, union};

/// The first executions of a shard, and what they came to. Its sums are those of exactly these executions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// The shard.
    pub shard: Shard,
    /// How many of its executions were done.
    pub executions: u64,
    /// One more than the highest index that the campaign was to have, where all executions of the shard below it were done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) below: Option<u64>,
    /// Their operations.
    pub operations: u64,
    /// How often each signature was met.
    pub met: BTreeMap<String, Times>,
    /// How often each operation had each class of outcome.
    pub tally: BTreeMap<String, BTreeMap<String, u64>>,
    /// How often each coverage mark was met; none is 0.
    pub marks: BTreeMap<String, u64>,
    /// The transitions that were met, four a digit.
    pub(super) transitions: String,
}

impl Piece {
    /// What a campaign came to that did this shard from its beginning, with how often it met each signature.
    pub fn new<'a>(
        shard: Shard,
        stats: &CampaignStats,
        met: impl IntoIterator<Item = (&'a Signature, &'a Times)>,
    ) -> Piece {
        let mut tally = BTreeMap::new();
        for &kind in Kind::ALL {
            let classes = (0..Outcome::CLASSES).filter(|&class| stats.tally.of(kind, class) > 0);
            let row: BTreeMap<_, _> =
                classes.map(|class| (Outcome::class_name(class).to_string(), stats.tally.of(kind, class))).collect();
            if !row.is_empty() {
                tally.insert(kind.row().word.to_string(), row);
            }
        }
        let marks = MARKS.iter().zip(&stats.marks).filter(|(_, count)| **count > 0);
        Piece {
            shard,
            executions: stats.executions,
            below: None,
            operations: stats.operations,
            met: met.into_iter().map(|(signature, times)| (signature.to_string(), *times)).collect(),
            tally,
            marks: marks.map(|(name, count)| ((*name).to_string(), *count)).collect(),
            transitions: to_digits(&stats.transitions),
        }
    }

    /// Says that the campaign was to have so many executions in all its shards. Where this shard's are done, the piece is a finished one: those of
    /// all shards make the whole campaign.
    #[must_use]
    pub fn of_a_campaign_of(self, executions: u64) -> Piece {
        let is_done = self.executions == self.shard.executions_below(executions);
        // Nothing is missing of the whole campaign, wherever it was to end.
        Piece { below: Some(executions).filter(|_| is_done && self.shard != Shard::WHOLE), ..self }
    }

    /// Nothing of the campaign.
    #[must_use]
    pub fn none() -> Piece {
        Piece::new(Shard::WHOLE, &CampaignStats::default(), [])
    }

    /// The transitions that were met; none where another version of the program has written the piece.
    #[must_use]
    pub fn transitions(&self) -> Option<Transitions> {
        from_digits(&self.transitions)
    }

    /// The same where it is not known which transitions were met.
    #[must_use]
    pub fn without_transitions(self) -> Piece {
        Piece { transitions: String::new(), ..self }
    }

    /// Adds the sums of other executions, but for how often each signature was met.
    #[must_use]
    pub fn and_coverage(mut self, other: &Piece) -> Piece {
        self.executions += other.executions;
        self.operations += other.operations;
        for (kind, row) in &other.tally {
            let sums = self.tally.entry(kind.clone()).or_default();
            row.iter().for_each(|(class, count)| *sums.entry(class.clone()).or_default() += count);
        }
        other.marks.iter().for_each(|(mark, count)| *self.marks.entry(mark.clone()).or_default() += count);
        self.transitions = union(&self.transitions, &other.transitions);
        self
    }

    /// Adds what other executions came to.
    pub(super) fn and(self, other: &Piece) -> Piece {
        let mut sum = self.and_coverage(other);
        other.met.iter().for_each(|(met, times)| sum.met.entry(met.clone()).or_default().add(times));
        sum
    }

    /// Adds the transitions of others.
    pub(super) fn and_transitions(mut self, other: &Piece) -> Piece {
        self.transitions = union(&self.transitions, &other.transitions);
        self
    }

    /// What a store has one of: pieces of one shard in progress replace each other.
    pub(super) fn key(&self) -> (Shard, Option<u64>) {
        (self.shard, self.below)
    }

    /// Whether it may be replaced by one with more executions.
    pub(super) fn is_in_progress(&self) -> bool {
        self.shard != Shard::WHOLE && self.below.is_none()
    }

    /// One more than the highest index.
    pub(super) fn end(&self) -> u64 {
        self.shard.end(self.executions)
    }
}
