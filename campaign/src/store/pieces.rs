//! The pieces of a campaign in their normal form: no piece is a part of another one, and those that are together the first
//! executions of the campaign are one piece.
//!
//! Pieces of one campaign that do not overlap come to the same normal form in whatever order, and however often, they are
//! merged. Pieces overlap where a campaign was spread over other shards when it was done again. Then no sum of the two is
//! that of their union: both are kept, and of those that overlap the largest are counted.

use super::piece::Piece;
use crate::shard::Shard;

/// Brings pieces to their normal form.
pub(super) fn normal_form(mut pieces: Vec<Piece>) -> Vec<Piece> {
    pieces.retain(|piece| piece.executions > 0);
    loop {
        pieces = without_parts(pieces);
        match collapsed(&pieces) {
            Some(whole) => pieces.push(whole),
            None => return pieces,
        }
    }
}

/// Pieces that do not overlap: the largest, and then those that are beside them.
pub(super) fn counted(pieces: &[Piece]) -> Vec<&Piece> {
    let mut by_size: Vec<&Piece> = pieces.iter().collect();
    by_size.sort_by_key(|piece| (u64::MAX - piece.executions, piece.shard));
    let mut counted: Vec<&Piece> = Vec::new();
    for piece in by_size {
        if counted.iter().all(|other| !overlap(piece, other)) {
            counted.push(piece);
        }
    }
    counted
}

/// Without the pieces that are a part of another one, in the order of the shards.
fn without_parts(mut pieces: Vec<Piece>) -> Vec<Piece> {
    // Of two that are the same executions the first stays, whichever was told first: also where a subject answers differently.
    pieces.sort_by_cached_key(|it| (it.shard, u64::MAX - it.executions, serde_json::to_string(it).unwrap_or_default()));
    pieces.dedup_by_key(|it| it.shard);
    let is_part = |at: usize| {
        let others = pieces.iter().enumerate().filter(|(other, _)| *other != at);
        others.into_iter().any(|(_, other)| contains(other, &pieces[at]))
    };
    let parts: Vec<bool> = (0..pieces.len()).map(is_part).collect();
    let mut parts = parts.into_iter();
    pieces.retain(|_| parts.next() == Some(false));
    pieces
}

/// Whether each execution of a piece is one of another piece, of another shard. Of two that are the same only that of fewer shards
/// contains the other.
fn contains(whole: &Piece, part: &Piece) -> bool {
    whole.shard.contains(part.shard) && part.shard != whole.shard && part.end() <= whole.end()
}

/// The first executions of the campaign as one piece, where some pieces are these.
fn collapsed(pieces: &[Piece]) -> Option<Piece> {
    let mut of: Vec<u64> = pieces.iter().map(|piece| piece.shard.of()).collect();
    of.sort_unstable();
    of.dedup();
    let of_one_number = of.into_iter().map(|of| pieces.iter().filter(|it| it.shard.of() == of).collect());
    let candidates = [counted(pieces)].into_iter().chain(of_one_number);
    candidates.into_iter().find_map(|disjoint| union(&disjoint))
}

/// The first executions of the campaign as one piece, where some of these are them, which do not overlap.
fn union(disjoint: &[&Piece]) -> Option<Piece> {
    let mut by_end: Vec<&&Piece> = disjoint.iter().collect();
    by_end.sort_by_key(|piece| piece.end());
    // So many different executions below an index as there are indices are all of them.
    let mut sum = 0;
    let sums = by_end.iter().map(|piece| {
        sum += piece.executions;
        sum == piece.end()
    });
    let last = sums.collect::<Vec<_>>().into_iter().rposition(|is_whole| is_whole)?;
    let parts = &by_end[..=last];
    if let [part] = parts
        && part.shard == Shard::WHOLE
    {
        return None;
    }
    let whole = parts.iter().fold(Piece::none(), |sum, part| sum.and(part));
    Some(Piece { shard: Shard::WHOLE, ..whole })
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
    use super::{counted, normal_form};
    use crate::Shard;
    use crate::store::piece::Piece;

    /// So many executions of a shard, each of which has three operations.
    fn piece(number: u64, of: u64, executions: u64) -> Piece {
        let shard = Shard::new(number, of).expect("a shard");
        Piece { shard, executions, operations: 3 * executions, ..Piece::none() }
    }

    /// The shards up to an index.
    fn shards(of: u64, end: u64) -> Vec<Piece> {
        let shard = |number| Shard::new(number, of).expect("a shard");
        (0..of).map(|number| piece(number, of, shard(number).executions_below(end))).collect()
    }

    #[test]
    fn pieces_that_complete_each_other_are_one() {
        for (of, end) in [(2, 9), (3, 10), (100, 1000), (100, 1001), (7, 7)] {
            assert_eq!(normal_form(shards(of, end)), [piece(0, 1, end)], "{of} shards up to {end}");
            let mut fewer = shards(of, end);
            fewer.remove(1);
            assert_ne!(normal_form(fewer), [piece(0, 1, end)], "one of {of} is missing");
        }
        // A shard that was spread again, and one that has come less far.
        let mixed = vec![piece(0, 2, 500), piece(1, 4, 250), piece(3, 4, 250)];
        assert_eq!(normal_form(mixed), [piece(0, 1, 1000)]);
        let uneven = vec![piece(0, 2, 500), piece(1, 2, 400)];
        assert_eq!(normal_form(uneven.clone()), uneven);
    }

    #[test]
    fn a_part_of_a_piece_counts_once() {
        let cases = [
            (vec![piece(1, 3, 40), piece(1, 3, 40)], vec![piece(1, 3, 40)]),
            (vec![piece(1, 3, 40), piece(1, 3, 50)], vec![piece(1, 3, 50)]),
            (vec![piece(0, 1, 100), piece(1, 3, 33)], vec![piece(0, 1, 100)]),
            (vec![piece(0, 1, 100), piece(1, 3, 34)], vec![piece(0, 1, 100), piece(1, 3, 34)]),
        ];
        for (pieces, expected) in cases {
            assert_eq!(normal_form(pieces.iter().rev().cloned().collect()), expected);
            assert_eq!(normal_form(pieces), expected);
        }
    }

    #[test]
    fn pieces_come_to_one_form_in_any_order_and_grouping() {
        for (of, end) in [(5, 23), (12, 60), (9, 4)] {
            let all = shards(of, end);
            for seed in 1..30 {
                let mut order: Vec<Piece> = all.clone();
                order.sort_by_key(|it| (it.shard.number() * 7919 + 1).wrapping_mul(seed * 0x9e37_79b9) % 1009);
                let merged = |pieces: &[Piece]| {
                    pieces.iter().fold(Vec::new(), |before, next| normal_form([before, vec![next.clone()]].concat()))
                };
                let middle = order.len() / 2;
                let grouped =
                    normal_form([merged(&order[..middle]), merged(&order[middle..]), merged(&order[..2])].concat());
                assert_eq!(grouped, [piece(0, 1, end)], "{of} shards up to {end}");
            }
        }
    }

    #[test]
    fn of_pieces_that_overlap_the_largest_are_counted_and_all_are_kept() {
        let pieces = normal_form(vec![piece(0, 1, 1000), piece(0, 2, 600), piece(1, 4, 1)]);
        assert_eq!(pieces.len(), 2);
        assert_eq!(counted(&pieces), [&piece(0, 1, 1000)]);
        // What completes it makes the whole of it.
        assert_eq!(normal_form([pieces, vec![piece(1, 2, 600)]].concat()), [piece(0, 1, 1200)]);
        let apart = [piece(0, 6, 10), piece(3, 4, 10)];
        assert_eq!(counted(&apart).len(), 2, "even and odd");
        assert_eq!(counted(&[piece(1, 6, 10), piece(3, 4, 10)]).len(), 1, "7 is in both");
        assert_eq!(counted(&[piece(1, 6, 1), piece(3, 4, 10)]).len(), 2, "7 is not done");
    }
}
