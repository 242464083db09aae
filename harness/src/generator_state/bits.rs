//! Words whose bits are numbers below 64.

use crate::random::Random;

/// The bit of a number; none for numbers that are not known.
#[inline]
pub(super) fn bit(number: u32) -> u64 {
    1_u64.checked_shl(number).unwrap_or(0)
}

/// The bits of all numbers below this one.
#[inline]
pub(super) fn below(number: u32) -> u64 {
    bit(number).wrapping_sub(1)
}

/// The number of the first bit from this one on, or of all.
#[inline]
pub(super) fn first_bit(bits: u64, first: u32) -> Option<u32> {
    let behind = bits & !below(first);
    let bits = if behind == 0 { bits } else { behind };
    (bits != 0).then(|| bits.trailing_zeros())
}

/// The number of one of the bits.
#[inline]
pub(super) fn pick_bit(mut bits: u64, random: &mut Random) -> Option<u32> {
    let count = bits.count_ones();
    if count == 0 {
        return None;
    }
    for _ in 0..random.below(count) {
        bits &= bits - 1;
    }
    Some(bits.trailing_zeros())
}
