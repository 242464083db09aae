//! A small generator of pseudo-random numbers whose sequence never changes: seeds are written down and shared.

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
#[derive(Clone, Debug)]
pub struct Random(u64);

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// The sequence of an execution: a function of campaign seed and index.
    #[must_use]
    pub fn new(seed: u64, index: u64) -> Random {
        let mut start = Random(seed);
        let mixed = start.bits();
        let mut random = Random(mixed ^ index.wrapping_mul(GOLDEN));
        random.bits();
        random
    }

    /// 64 bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below a bound, which is at least 1.
    #[inline]
    pub fn below(&mut self, bound: u32) -> u32 {
        let high = ((self.bits() >> 32) * u64::from(bound)) >> 32;
        u32::try_from(high).expect("less than the bound")
    }

    /// An index below a bound, which is at least 1 and at most 2^32 − 1.
    #[inline]
    pub fn index(&mut self, bound: usize) -> usize {
        self.below(u32::try_from(bound).expect("a small bound")) as usize
    }

    /// One of these; none where there are none.
    #[inline]
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        if choices.is_empty() { None } else { choices.get(self.index(choices.len())) }
    }

    /// Bits for a few decisions.
    #[inline]
    pub(crate) fn odds(&mut self) -> Odds {
        Odds(self.bits())
    }

    /// Whether a thing happens that happens `of` times in `out_of`.
    #[inline]
    pub fn chance(&mut self, of: u32, out_of: u32) -> bool {
        self.below(out_of) < of
    }
}

/// Some bits, out of which decisions are made: cheaper than one draw for each. There are enough for any one operation.
#[derive(Clone, Debug)]
pub(crate) struct Odds(u64);

impl Odds {
    /// What happens once in two times.
    #[inline]
    pub(crate) fn half(&mut self) -> bool {
        self.take(1) != 0
    }

    /// What happens three times in four.
    #[inline]
    pub(crate) fn often(&mut self) -> bool {
        self.take(2) != 0
    }

    /// What happens seven times in eight.
    #[inline]
    pub(crate) fn mostly(&mut self) -> bool {
        self.take(3) != 0
    }

    /// What happens once in sixteen times.
    #[inline]
    pub(crate) fn seldom(&mut self) -> bool {
        self.take(4) == 0
    }

    /// 0 half of the time, 1 half of the rest, 2 half of what then is left, else 3.
    #[inline]
    pub(crate) fn falling(&mut self) -> u32 {
        (self.take(3) | 8).trailing_zeros()
    }

    /// A number below a small bound, which is at least 1.
    #[inline]
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        (self.take(10) * bound) >> 10
    }

    /// A byte.
    #[inline]
    pub(crate) fn byte(&mut self) -> u32 {
        self.take(8)
    }

    #[inline]
    fn take(&mut self, bits: u32) -> u32 {
        let taken = u32::try_from(self.0 & ((1 << bits) - 1)).expect("at most ten bits");
        self.0 >>= bits;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_sequence_is_the_same_for_ever() {
        let mut random = Random::new(1, 2);
        let first = [random.bits(), random.bits()];
        assert_eq!(first, FROZEN, "old seeds must keep their meaning");
        assert!((0..1_000).all(|_| random.below(7) < 7));
    }

    const FROZEN: [u64; 2] = [13_723_714_407_052_988_138, 3_385_343_407_635_105_355];
}
