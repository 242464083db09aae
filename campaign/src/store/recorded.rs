//! What a store knows of one campaign: pieces and samples, and how two of them are merged.

use std::collections::{BTreeMap, BTreeSet};

use stalemap_harness::Transitions;

use super::identity::CampaignId;
use super::piece::Piece;
use super::pieces::{counted, normal_form};
use super::sample::Sample;
use crate::findings::{Times, count_by_form};
use crate::sampling::sampled;
use crate::shard::Shard;

/// What a store knows of a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Which campaign it is.
    pub id: CampaignId,
    /// The executions that were done.
    pub(super) pieces: Vec<Piece>,
    /// By the signature that was met and the index.
    pub(super) samples: BTreeMap<String, BTreeMap<u64, Sample>>,
}

impl Recorded {
    pub(super) fn new(id: CampaignId) -> Recorded {
        Recorded { id, pieces: Vec::new(), samples: BTreeMap::new() }
    }

    /// Takes in a sample, beside all that are there.
    pub(super) fn insert(&mut self, sample: Sample) {
        let of_met = self.samples.entry(sample.met.clone()).or_default();
        match of_met.get(&sample.index) {
            Some(there) if there.rank() <= sample.rank() => {}
            Some(_) | None => {
                of_met.insert(sample.index, sample);
            }
        }
    }

    /// Takes in what another store knows of the campaign, in normal form; the samples that are left out.
    pub(super) fn merge(&mut self, other: Recorded) -> Vec<Sample> {
        self.pieces.extend(other.pieces);
        self.pieces = normal_form(std::mem::take(&mut self.pieces));
        other.samples.into_values().flat_map(BTreeMap::into_values).for_each(|sample| self.insert(sample));
        let mut left_out = Vec::new();
        for of_met in self.samples.values_mut() {
            let kept = sampled(of_met.keys().copied());
            let (stays, goes) = std::mem::take(of_met).into_iter().partition(|(index, _)| kept.contains(index));
            *of_met = stays;
            left_out.extend(BTreeMap::into_values(goes));
        }
        left_out
    }

    /// All samples, in the order of the signatures that were met and of the indices.
    pub fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.samples.values().flat_map(BTreeMap::values)
    }

    /// The pieces of it that were done.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// What all pieces come to; of those that overlap the largest count. The transitions are those of all.
    #[must_use]
    pub fn total(&self) -> Piece {
        let sum = counted(&self.pieces).into_iter().fold(Piece::none(), |sum, piece| sum.and(piece));
        self.pieces.iter().fold(sum, Piece::and_transitions)
    }

    /// The piece that is the first executions of this shard and nothing else.
    #[must_use]
    pub fn piece(&self, shard: Shard) -> Option<Piece> {
        let is_it =
            |piece: &&Piece| piece.shard.contains(shard) && shard.executions_below(piece.end()) == piece.executions;
        let furthest = self.pieces.iter().filter(is_it).max_by_key(|piece| piece.executions);
        furthest.map(|piece| Piece { shard, below: None, ..piece.clone() })
    }

    /// The shards that were begun and are not in the whole campaign yet, each with how many of its executions were done.
    #[must_use]
    pub fn shards(&self) -> BTreeMap<Shard, u64> {
        let mut shards = BTreeMap::new();
        for piece in self.pieces.iter().filter(|piece| piece.shard != Shard::WHOLE) {
            let executions: &mut u64 = shards.entry(piece.shard).or_default();
            *executions = piece.executions.max(*executions);
        }
        shards
    }

    /// Transitions that were met; none where another version of the program has written them.
    #[must_use]
    pub fn transitions(&self) -> Option<Transitions> {
        self.total().transitions()
    }

    /// How often each finding was met, by the signature of its form, with the lowest index and the highest that are known.
    #[must_use]
    pub fn times(&self) -> BTreeMap<String, Times> {
        let met = self.total().met;
        let none = BTreeMap::new();
        let mut times: BTreeMap<String, Times> = BTreeMap::new();
        for signature in met.keys().chain(self.samples.keys()).collect::<BTreeSet<_>>() {
            let of_met = met.get(signature).copied().unwrap_or_default();
            let samples = self.samples.get(signature).unwrap_or(&none);
            let forms = samples.values().map(|sample| &sample.form);
            count_by_form(signature, of_met.executions, forms.clone(), |form, executions| {
                times.entry(form.clone()).or_default().executions += executions;
            });
            for (index, sample) in samples {
                times.entry(sample.form.clone()).or_default().add(&Times {
                    executions: 0,
                    first: *index,
                    last: *index,
                });
            }
            // The others were counted for the lowest form.
            let lowest = samples.values().next().map_or(signature, |sample| &sample.form);
            if of_met.executions > 0 {
                times.entry(lowest.clone()).or_default().add(&Times { executions: 0, ..of_met });
            }
        }
        times
    }
}
