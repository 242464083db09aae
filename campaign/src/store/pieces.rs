//! The pieces of a campaign in their normal form, which is a function of the set of all pieces that were ever told: so pieces come to
//! one form in whatever order and grouping, and however often, they are merged.
//!
//! A piece is a fact about a shard. There are three sorts. The *whole* piece is the first executions of the campaign. A *finished* one says that
//! all executions of a shard below an index are done, because the campaign was to end there. All others are *in progress*.
//!
//! * Finished pieces of one end that are together all executions below it make the whole piece, whatever shards they are of. Pieces in
//!   progress make nothing.
//! * Of whole pieces the largest stays. A finished piece goes where the whole one reaches its end: what it could still make would be smaller. It
//!   goes for nothing else, since a part may be missing that fits this piece only.
//! * A piece in progress goes where another piece has all its executions.
//!
//! What goes makes nothing that stays, and what contained it is contained in what stays: so it does not matter when it goes. Sums of two pieces
//! that overlap are no sum of their union; for a total the largest of those that overlap are counted.

use std::collections::{BTreeMap, BTreeSet};

use super::piece::Piece;
use crate::shard::Shard;

/// Brings pieces to their normal form.
pub(super) fn normal_form(mut pieces: Vec<Piece>) -> Vec<Piece> {
    pieces.retain(|piece| piece.executions > 0);
    // Of two that are the same executions the first stays, whichever was told first: also where a subject answers differently.
    pieces.sort_by_cached_key(|it| (it.key(), u64::MAX - it.executions, serde_json::to_string(it).unwrap_or_default()));
    pieces.dedup_by_key(|it| it.key());
    let reached = |pieces: &[Piece]| pieces.iter().find(|it| it.shard == Shard::WHOLE).map_or(0, |it| it.executions);
    let before = reached(&pieces);
    let ends: BTreeSet<u64> = pieces.iter().filter_map(|it| it.below).filter(|end| *end > before).collect();
    if let Some(whole) = ends.into_iter().rev().find_map(|end| finished_whole(&pieces, end)) {
        pieces.retain(|it| it.shard != Shard::WHOLE);
        pieces.insert(0, whole);
    }
    let whole = reached(&pieces);
    pieces.retain(|it| it.below.is_none_or(|end| end > whole));
    let is_part = |part: &Piece| part.is_in_progress() && pieces.iter().any(|it| contains(it, part));
    let parts: Vec<bool> = pieces.iter().map(is_part).collect();
    let mut parts = parts.into_iter();
    pieces.retain(|_| parts.next() == Some(false));
    pieces
}

/// Pieces that do not overlap: the largest, and then those that are beside them.
pub(super) fn counted(pieces: &[Piece]) -> Vec<&Piece> {
    let mut by_size: Vec<&Piece> = pieces.iter().collect();
    by_size.sort_by_key(|piece| (u64::MAX - piece.executions, piece.key()));
    let mut counted: Vec<&Piece> = Vec::new();
    for piece in by_size {
        if counted.iter().all(|other| !overlap(piece, other)) {
            counted.push(piece);
        }
    }
    counted
}

/// Whether each execution of a piece in progress is one of another piece. Of two that are the same executions the one of fewer shards
/// contains the other, and of one shard the finished one.
fn contains(whole: &Piece, part: &Piece) -> bool {
    whole.key() != part.key() && whole.shard.contains(part.shard) && part.end() <= whole.end()
}

/// All executions below an index as one piece, where finished pieces are these.
fn finished_whole(pieces: &[Piece], end: u64) -> Option<Piece> {
    let finished: BTreeMap<Shard, &Piece> =
        pieces.iter().filter(|it| it.below == Some(end)).map(|it| (it.shard, it)).collect();
    let parts = Parts { of: finished.keys().map(|shard| shard.of()).collect(), finished, end };
    let mut found = Vec::new();
    let is_whole = parts.are_together(Shard::WHOLE, &mut found, &mut BTreeSet::new());
    is_whole.then(|| found.iter().fold(Piece::none(), |sum, part| sum.and(part)))
}

/// Finished pieces of one end.
struct Parts<'a> {
    finished: BTreeMap<Shard, &'a Piece>,
    /// Numbers of shards that there are.
    of: BTreeSet<u64>,
    end: u64,
}

impl<'a> Parts<'a> {
    /// Whether some are together a shard, which are then found: one is it, or the shard can be spread over a prime number of shards and
    /// each is there in this way. `never` has the shards of which that is known not to be so.
    fn are_together(&self, shard: Shard, found: &mut Vec<&'a Piece>, never: &mut BTreeSet<Shard>) -> bool {
        if never.contains(&shard) {
            return false;
        }
        if shard.number() >= self.end {
            // It has no execution.
            return true;
        }
        if let Some(piece) = self.finished.get(&shard) {
            found.push(piece);
            return true;
        }
        let before = found.len();
        for by in self.primes(shard.of()) {
            let is_there = |number: u64| Shard::new(shard.number() + number * shard.of(), shard.of() * by);
            if (0..by).all(|number| is_there(number).is_some_and(|part| self.are_together(part, found, never))) {
                return true;
            }
            found.truncate(before);
        }
        never.insert(shard);
        false
    }

    /// Primes by which a shard of so many can be spread on the way to shards that there are.
    fn primes(&self, of: u64) -> BTreeSet<u64> {
        self.of.iter().filter(|more| more.is_multiple_of(of)).flat_map(|more| prime_factors(more / of)).collect()
    }
}

/// The primes that divide a number, in order.
fn prime_factors(mut number: u64) -> Vec<u64> {
    let mut primes = Vec::new();
    let mut by = 2;
    while number > 1 {
        // What is left has no smaller factor.
        if by * by > number {
            by = number;
        }
        if number.is_multiple_of(by) {
            primes.push(by);
            while number.is_multiple_of(by) {
                number /= by;
            }
        }
        by += 1;
    }
    primes
}

/// Whether two pieces have an execution in common.
fn overlap(one: &Piece, other: &Piece) -> bool {
    let (many, few) = if one.shard.of() >= other.shard.of() { (one, other) } else { (other, one) };
    let [a, b] = [many.shard, few.shard];
    let common = greatest_common_divisor(a.of(), b.of());
    if a.number() % common != b.number() % common {
        return false;
    }
    let first = (0..b.of() / common).map(|position| a.index(position)).find(|index| index % b.of() == b.number());
    first.is_some_and(|first| first < many.end() && first < few.end())
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{counted, normal_form, prime_factors};
    use crate::Shard;
    use crate::findings::Times;
    use crate::store::piece::Piece;

    /// So many executions of a shard. What they come to is a function of their indices.
    fn piece(number: u64, of: u64, executions: u64) -> Piece {
        let shard = Shard::new(number, of).expect("a shard");
        let indices = || (0..executions).map(|position| shard.index(position));
        let mut times = Times::default();
        for index in indices().filter(|index| index % 7 == 3) {
            times.add(&Times { executions: 1, first: index, last: index });
        }
        let met = BTreeMap::from([("answer@read".to_string(), times)]);
        Piece { shard, executions, operations: indices().map(|index| index * index % 11).sum(), met, ..Piece::none() }
    }

    /// The shard of a campaign that ends there.
    fn finished(number: u64, of: u64, end: u64) -> Piece {
        piece(number, of, Shard::new(number, of).expect("a shard").executions_below(end)).of_a_campaign_of(end)
    }

    /// All shards of a campaign that ends there.
    fn shards(of: u64, end: u64) -> Vec<Piece> {
        (0..of).map(|number| finished(number, of, end)).collect()
    }

    #[test]
    fn finished_pieces_that_complete_each_other_are_one() {
        for (of, end) in [(2, 9), (3, 10), (100, 1000), (100, 1001), (7, 7), (9, 4), (360, 5000)] {
            assert_eq!(normal_form(shards(of, end)), [piece(0, 1, end)], "{of} shards up to {end}");
            let mut fewer = shards(of, end);
            fewer.remove(1);
            assert_ne!(normal_form(fewer), [piece(0, 1, end)], "one of {of} is missing");
        }
        // A shard that was spread again, in two ways.
        let mixed = [finished(0, 2, 1000), finished(1, 4, 1000), finished(3, 8, 1000), finished(7, 8, 1000)];
        assert_eq!(normal_form(mixed.to_vec()), [piece(0, 1, 1000)]);
        let uneven = vec![finished(0, 2, 1000), finished(1, 2, 800)];
        assert_eq!(normal_form(uneven.clone()), uneven);
        let in_progress = vec![piece(0, 2, 500), piece(1, 2, 500)];
        assert_eq!(normal_form(in_progress.clone()), in_progress, "no program has said that they end there");
    }

    #[test]
    fn a_part_of_a_piece_counts_once() {
        let cases = [
            (vec![piece(1, 3, 40), piece(1, 3, 40)], vec![piece(1, 3, 40)]),
            (vec![piece(1, 3, 40), piece(1, 3, 50)], vec![piece(1, 3, 50)]),
            (vec![piece(0, 1, 100), piece(1, 3, 33)], vec![piece(0, 1, 100)]),
            (vec![piece(0, 1, 100), piece(1, 3, 34)], vec![piece(0, 1, 100), piece(1, 3, 34)]),
            (vec![finished(1, 3, 120), piece(1, 3, 40)], vec![finished(1, 3, 120)]),
            // What fits the finished piece may still come.
            (vec![finished(1, 3, 120), piece(1, 3, 50)], vec![piece(1, 3, 50), finished(1, 3, 120)]),
            (vec![finished(1, 3, 120), piece(0, 1, 119)], vec![piece(0, 1, 119), finished(1, 3, 120)]),
            (vec![finished(1, 3, 120), piece(0, 1, 120)], vec![piece(0, 1, 120)]),
        ];
        for (pieces, expected) in cases {
            assert_eq!(normal_form(pieces.iter().rev().cloned().collect()), expected);
            assert_eq!(normal_form(pieces), expected);
        }
    }

    /// A linear congruential generator (Knuth).
    fn random(state: &mut u64, below: u64) -> u64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % below
    }

    /// What several machines may have done of one campaign: once and again with other shards, to several ends, and stopped anywhere.
    fn some(state: &mut u64) -> Vec<Piece> {
        let mut all = vec![piece(0, 1, 1)];
        for _ in 0..1 + random(state, 4) {
            let (of, end) = (1 + random(state, 12), 20 * (1 + random(state, 3)));
            all.extend(shards(of, end).into_iter().filter(|_| random(state, 8) > 0));
            for _ in 0..random(state, 4) {
                all.push(piece(random(state, of), of, 1 + random(state, 30)));
            }
        }
        all
    }

    #[test]
    fn pieces_of_any_shards_come_to_one_form_in_any_order_and_grouping_and_however_often() {
        let mut whole = 0;
        for seed in 0..3_000 {
            let state = &mut (seed + 1);
            let all = some(state);
            let expected = normal_form(all.clone());
            whole += usize::from(expected[..].iter().any(|it| it.shard == Shard::WHOLE && it.executions > 1));
            let mut groups: Vec<Vec<Piece>> = all.iter().map(|piece| vec![piece.clone()]).collect();
            while groups.len() > 1 {
                let [one, other] = [(); 2].map(|()| {
                    let at = random(state, groups.len() as u64);
                    groups.swap_remove(usize::try_from(at).expect("a few"))
                });
                let both = normal_form([&one[..], &other].concat());
                assert_eq!(normal_form([&other[..], &one].concat()), both, "commutative");
                assert_eq!(normal_form([&both[..], &one].concat()), both, "idempotent");
                groups.push(both);
            }
            assert_eq!(groups[0], expected, "associative, seed {seed}: {all:?}");
            assert_eq!(normal_form(expected.clone()), expected);
        }
        assert!((300..2_990).contains(&whole), "{whole} of 3000 come to a whole campaign");
    }

    #[test]
    fn of_pieces_that_overlap_the_largest_are_counted_and_all_are_kept() {
        let pieces = normal_form(vec![piece(0, 1, 1000), finished(0, 2, 1200), piece(1, 4, 1)]);
        assert_eq!(pieces.len(), 2);
        assert_eq!(counted(&pieces), [&piece(0, 1, 1000)]);
        // What completes it makes the whole of it.
        assert_eq!(normal_form([pieces, vec![finished(1, 2, 1200)]].concat()), [piece(0, 1, 1200)]);
        let apart = [piece(0, 6, 10), piece(3, 4, 10)];
        assert_eq!(counted(&apart).len(), 2, "even and odd");
        assert_eq!(counted(&[piece(1, 6, 10), piece(3, 4, 10)]).len(), 1, "7 is in both");
        assert_eq!(counted(&[piece(1, 6, 1), piece(3, 4, 10)]).len(), 2, "7 is not done");
    }

    #[test]
    fn primes_divide_what_they_are_of() {
        assert_eq!(prime_factors(1), [0; 0]);
        assert_eq!(prime_factors(360), [2, 3, 5]);
        assert_eq!(prime_factors(65_521), [65_521]);
    }
}
