//! Which of the executions that are met with one signature are brought to their canonical form.
//!
//! They are the [`LOWEST`] with the lowest index, and of each octave of the index (0, 1, 2 to 3, 4 to 7, …) the first. Which they
//! are is a function of the set of executions: it does not matter who has met them, in which order, or how often they are
//! told. Of two sets that were sampled the sample of both is that of all executions.

use std::collections::{BTreeMap, BTreeSet};

/// How many executions with the lowest index are sampled of each signature.
const LOWEST: usize = 4;

/// Whether an execution is sampled beside these, of which each was.
pub(crate) fn is_sampled<T>(beside: &BTreeMap<u64, T>, index: u64) -> bool {
    let is_low = beside.range(..index).take(LOWEST).count() < LOWEST;
    is_low || beside.range(..index).next_back().is_none_or(|(&before, _)| octave(before) < octave(index))
}

/// Those of some executions that are sampled.
pub(crate) fn sampled(indices: impl IntoIterator<Item = u64>) -> BTreeSet<u64> {
    let indices: BTreeSet<u64> = indices.into_iter().collect();
    let mut kept = BTreeMap::new();
    for index in indices {
        if is_sampled(&kept, index) {
            kept.insert(index, ());
        }
    }
    kept.into_keys().collect()
}

/// The octave of an index: the number of its bits.
fn octave(index: u64) -> u32 {
    u64::BITS - index.leading_zeros()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::sampled;

    /// Indices that a multiplier spreads over some octaves.
    fn some(seed: u64) -> BTreeSet<u64> {
        (0..200u64).map(|it| (it * seed + seed / 7).wrapping_mul(0x9e37_79b9) % (1 << (it % 20 + 1))).collect()
    }

    #[test]
    fn the_lowest_and_the_first_of_each_octave_are_sampled() {
        let expected = BTreeSet::from([3, 5, 6, 7, 9, 40, 64]);
        assert_eq!(sampled([64, 40, 9, 7, 6, 5, 3, 10, 41, 65, 99]), expected);
        assert_eq!(sampled([]), BTreeSet::new());
    }

    #[test]
    fn samples_of_parts_come_to_the_sample_of_the_whole_in_any_order() {
        for seed in 1..40 {
            let all = some(seed);
            let part = |k: u64| sampled(all.iter().copied().filter(move |it| it % 3 == k));
            let whole = sampled(all.iter().copied());
            let [one, two, three] = [0, 1, 2].map(part);
            let merged = |parts: [&BTreeSet<u64>; 2]| sampled(parts.into_iter().flatten().copied());
            assert_eq!(merged([&merged([&one, &two]), &three]), whole);
            assert_eq!(merged([&one, &merged([&three, &two])]), whole);
            assert_eq!(merged([&whole, &two]), whole, "told twice it is the same");
        }
    }
}
