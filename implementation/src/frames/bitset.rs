//! A set of small numbers as bits with summaries above them, so that finding a member costs the same however large
//! the set's range is.

use alloc::vec;
use alloc::vec::Vec;

const BITS: u32 = u64::BITS;
/// Levels that any set here can need: 64^5 numbers are more than all frames of the largest machine.
const DEPTH: usize = 5;

/// A set of numbers below a capacity.
///
/// Level 0 has a bit for each number; a bit of level `k + 1` says that a word of level `k` has a bit set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BitSet {
    words: Vec<u64>,
    /// Where each level begins in `words`; the entry behind the last level is the end.
    starts: [u32; DEPTH + 1],
    depth: usize,
}

impl BitSet {
    /// An empty set for numbers below `capacity`.
    pub(crate) fn new(capacity: u32) -> Self {
        let (starts, depth) = Self::layout(capacity);
        BitSet { words: vec![0; starts[depth] as usize], starts, depth }
    }

    /// Where each level begins, and how many levels there are.
    const fn layout(capacity: u32) -> ([u32; DEPTH + 1], usize) {
        let mut starts = [0; DEPTH + 1];
        let mut depth = 0;
        let mut numbers = if capacity == 0 { 1 } else { capacity };
        loop {
            let words = numbers.div_ceil(BITS);
            starts[depth + 1] = starts[depth] + words;
            depth += 1;
            if words == 1 {
                return (starts, depth);
            }
            numbers = words;
        }
    }

    /// Bytes that a set of this capacity keeps its bits in.
    pub(crate) const fn bytes(capacity: u32) -> usize {
        let (starts, depth) = Self::layout(capacity);
        starts[depth] as usize * size_of::<u64>()
    }

    /// Bytes that this set keeps its bits in.
    #[cfg(test)]
    pub(crate) fn kept_bytes(&self) -> usize {
        size_of_val(self.words.as_slice())
    }

    /// Takes every member out.
    pub(crate) fn clear(&mut self) {
        // Most sets of a small machine are one word, for which a call costs more than what it does.
        match self.words.as_mut_slice() {
            [word] => *word = 0,
            words => words.fill(0),
        }
    }

    #[inline]
    pub(crate) fn contains(&self, number: u32) -> bool {
        self.words[(number / BITS) as usize] >> (number % BITS) & 1 == 1
    }

    #[inline]
    pub(crate) fn insert(&mut self, number: u32) {
        let word = &mut self.words[(number / BITS) as usize];
        let was = *word;
        *word |= 1 << (number % BITS);
        if was == 0 {
            self.insert_above(number / BITS);
        }
    }

    /// A word of level 0 has its first bit: puts it into the summaries. Apart from what is done each time.
    #[inline(never)]
    fn insert_above(&mut self, word: u32) {
        let mut number = word;
        for level in 1..self.depth {
            let word = &mut self.words[(self.starts[level] + number / BITS) as usize];
            let was = *word;
            *word |= 1 << (number % BITS);
            if was != 0 {
                return;
            }
            number /= BITS;
        }
    }

    #[inline]
    pub(crate) fn remove(&mut self, number: u32) {
        let word = &mut self.words[(number / BITS) as usize];
        *word &= !(1 << (number % BITS));
        if *word == 0 {
            self.remove_above(number / BITS);
        }
    }

    /// A word of level 0 has no bit any more: takes it out of the summaries. Apart from what is done each time.
    #[inline(never)]
    fn remove_above(&mut self, word: u32) {
        let mut number = word;
        for level in 1..self.depth {
            let word = &mut self.words[(self.starts[level] + number / BITS) as usize];
            *word &= !(1 << (number % BITS));
            if *word != 0 {
                return;
            }
            number /= BITS;
        }
    }

    /// Takes the smallest members out and puts them into the places; at least one if there is one, and not more than are
    /// in one word. How many.
    #[inline]
    pub(crate) fn take_first<T>(&mut self, places: &mut [T], make: impl Fn(u32) -> T) -> u32 {
        let Some(first) = self.first() else { return 0 };
        let index = first / BITS;
        let mut word = self.words[index as usize];
        let mut taken = 0;
        for place in places {
            if word == 0 {
                break;
            }
            *place = make(index * BITS + word.trailing_zeros());
            word &= word - 1;
            taken += 1;
        }
        self.words[index as usize] = word;
        if word == 0 {
            self.remove_above(index);
        }
        taken
    }

    /// The smallest member.
    #[inline]
    pub(crate) fn first(&self) -> Option<u32> {
        let top = self.words[self.starts[self.depth - 1] as usize];
        (top != 0).then(|| self.descend(self.depth - 1, top.trailing_zeros()))
    }

    /// The smallest member that is not below `from`.
    #[inline]
    pub(crate) fn next(&self, from: u32) -> Option<u32> {
        // Most sets of a small machine are one word.
        if self.depth > 1 {
            return self.next_by_level(from);
        }
        let word = if from < BITS { self.words[0] >> from << from } else { 0 };
        (word != 0).then(|| word.trailing_zeros())
    }

    #[inline(never)]
    fn next_by_level(&self, from: u32) -> Option<u32> {
        let mut number = from;
        for level in 0..self.depth {
            let index = self.starts[level] + number / BITS;
            if index >= self.starts[level + 1] {
                return None;
            }
            let word = self.words[index as usize] & (u64::MAX << (number % BITS));
            if word != 0 {
                return Some(self.descend(level, number / BITS * BITS + word.trailing_zeros()));
            }
            number = number / BITS + 1;
        }
        None
    }

    /// All members in ascending order: word by word, as the summaries find the words.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        // The first number of this word, and of the one after it; a single word needs no summaries to be found.
        let (mut word, mut base, mut after) = if self.depth == 1 { (self.words[0], 0, BITS) } else { (0, 0, 0) };
        core::iter::from_fn(move || {
            if word == 0 {
                let number = self.next(after)?;
                base = number / BITS * BITS;
                after = base + BITS;
                word = self.words[(base / BITS) as usize];
            }
            let number = base + word.trailing_zeros();
            word &= word - 1;
            Some(number)
        })
    }

    /// The smallest member under a bit that is set on a level.
    #[inline]
    fn descend(&self, level: usize, bit: u32) -> u32 {
        let mut number = bit;
        for below in (0..level).rev() {
            number = number * BITS + self.words[(self.starts[below] + number) as usize].trailing_zeros();
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::BitSet;
    use alloc::collections::BTreeSet;

    #[test]
    fn a_bit_set_answers_as_a_sorted_set_at_every_size() {
        for capacity in [1, 63, 64, 65, 4_096, 4_097, 300_000] {
            let mut bits = BitSet::new(capacity);
            let mut model = BTreeSet::new();
            let mut state = 0x9e37_79b9_u32;
            for round in 0..4_000 {
                state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
                let number = (state >> 8) % capacity;
                if round % 3 == 0 {
                    bits.remove(number);
                    model.remove(&number);
                } else {
                    bits.insert(number);
                    model.insert(number);
                }
                assert_eq!(bits.contains(number), model.contains(&number));
                assert_eq!(bits.first(), model.first().copied());
                assert_eq!(bits.next(number), model.range(number..).next().copied(), "from {number}");
            }
            assert!(bits.iter().eq(model.iter().copied()));
            bits.clear();
            assert_eq!(bits.first(), None);
            assert_eq!(bits.next(capacity - 1), None);
        }
    }
}
