//! Neighbours: mutated traces, and what share of them still diverges, by the operations that they keep.

use std::collections::BTreeMap;

use similar::{Algorithm, DiffOp, capture_diff_slices};
use stalemap_harness::{Mutator, Settings};
use stalemap_operations::{KindSet, Program, record};

use crate::verdict::{Bench, Verdict};

/// What became of neighbours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many there are.
    pub all: u64,
    /// How many show the same finding.
    pub same: u64,
    /// How many show another one.
    pub other: u64,
}

impl Counts {
    fn add(&mut self, verdict: &Verdict) {
        self.all += 1;
        match verdict {
            Verdict::Agrees => {}
            Verdict::Same => self.same += 1,
            Verdict::Other(_) => self.other += 1,
        }
    }
}

/// The neighbours of a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// All of them.
    pub all: Counts,
    /// For each operation of the trace those that do not have it any more, in its place among the others.
    pub changed: Vec<Counts>,
    /// The other findings, each with the number of neighbours that show it.
    pub others: BTreeMap<String, u64>,
}

/// Bytes of a record.
type Record = [u8; record::RECORD];

/// Runs so many neighbours, until `keep_going` says no; it hears how many were run. None where the machine has no bytes, in
/// which a mutator works.
pub(crate) fn neighbours(
    bench: &mut Bench<'_>,
    program: &Program,
    wanted: u64,
    keep_going: &mut dyn FnMut(u64) -> bool,
) -> Option<Neighbours> {
    let bytes = program.to_bytes()?;
    let original = records(&bytes);
    let count = program.operations.len();
    let kinds = bench.driver().sides(&program.machine).map(|(subject, _)| subject.capabilities().operations);
    let settings = Settings {
        operations: count + ADDED,
        kinds: kinds.unwrap_or(KindSet::ALL),
        machine: Some(program.machine),
        ..Settings::default()
    };
    let mut mutator = Mutator::new(settings);
    let most = record::RECORD * (1 + count + ADDED);
    let mut found = Neighbours { changed: vec![Counts::default(); count], ..Neighbours::default() };
    let mut seeds = 0..wanted.saturating_mul(TRIES);
    let mut batch = Vec::new();
    while found.all.all < wanted && keep_going(found.all.all) {
        let left = usize::try_from(wanted - found.all.all).unwrap_or(usize::MAX).min(BATCH);
        while batch.len() < left {
            let Some(seed) = seeds.next() else { break };
            let mutated = mutator.mutate(&bytes, most, seed);
            let changed = records(mutated);
            let kept = kept(&original, &changed);
            // What keeps less than half is a stranger.
            if changed != original && kept.iter().filter(|&&is_kept| is_kept).count() * 2 >= count {
                batch.push((Program::from_bytes(mutated), kept));
            }
        }
        if batch.is_empty() {
            break;
        }
        for (verdict, kept) in bench.verdicts(&mut batch) {
            found.add(&verdict, &kept);
        }
    }
    Some(found)
}

/// Neighbours that are run at once, where a subject is far away.
const BATCH: usize = 128;
/// Operations by which a neighbour may be longer.
const ADDED: usize = 4;
/// Mutations for each neighbour at the most; some give a stranger, or the trace itself.
const TRIES: u64 = 8;

impl Neighbours {
    fn add(&mut self, verdict: &Verdict, kept: &[bool]) {
        self.all.add(verdict);
        if let Verdict::Other(signature) = verdict {
            *self.others.entry(signature.clone()).or_default() += 1;
        }
        for (counts, _) in self.changed.iter_mut().zip(kept).filter(|(_, is_kept)| !**is_kept) {
            counts.add(verdict);
        }
    }
}

/// The operations in these bytes; the machine stands before them.
fn records(bytes: &[u8]) -> Vec<Record> {
    bytes.chunks_exact(record::RECORD).skip(1).map(|chunk| chunk.try_into().expect("a record")).collect()
}

/// Which operations stand among those of another trace, in their order.
fn kept(original: &[Record], changed: &[Record]) -> Vec<bool> {
    let mut kept = vec![false; original.len()];
    for operation in capture_diff_slices(Algorithm::Myers, original, changed) {
        if let DiffOp::Equal { old_index, len, .. } = operation {
            kept[old_index..old_index + len].fill(true);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::{Counts, Neighbours, kept};
    use crate::verdict::Verdict;

    #[test]
    fn a_neighbour_counts_for_each_operation_that_it_does_not_keep() {
        let record = |byte: u8| [byte; 8];
        let original = [1, 2, 3].map(record);
        assert_eq!(kept(&original, &[1, 9, 3].map(record)), [true, false, true]);
        assert_eq!(kept(&original, &[1, 2, 2, 3].map(record)), [true, true, true]);
        let mut found = Neighbours { changed: vec![Counts::default(); 3], ..Neighbours::default() };
        found.add(&Verdict::Same, &[true, false, true]);
        found.add(&Verdict::Other("x".to_string()), &[false, false, true]);
        found.add(&Verdict::Agrees, &[true, true, true]);
        assert_eq!(found.all, Counts { all: 3, same: 1, other: 1 });
        let counts = |all, same, other| Counts { all, same, other };
        assert_eq!(found.changed, [counts(1, 0, 1), counts(2, 1, 1), counts(0, 0, 0)]);
        assert_eq!(found.others["x"], 1);
    }
}
