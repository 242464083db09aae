//! A set of spaces: one word where the machine has at most 64 of them.

use alloc::vec::Vec;

use crate::operand::Space;

/// A set of spaces. Two sets with the same spaces are equal.
///
/// ```
/// use stalemap_operations::{Space, SpaceSet};
///
/// let mut set = SpaceSet::from(0b101);
/// set.insert(Space(300));
/// assert!(set.contains(Space(2)) && set.contains(Space(300)) && !set.contains(Space(1)));
/// assert_eq!(set.iter().collect::<Vec<Space>>(), [Space(0), Space(2), Space(300)]);
/// set.remove(Space(300));
/// assert_eq!(set, SpaceSet::from(0b101));
/// ```
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SpaceSet {
    /// Bit `i` for space `i`. Most machines have no other spaces, so that a set costs one word to compare.
    first: u64,
    /// The same for the spaces from 64 on, 64 in each word; the last word is not zero.
    others: Vec<u64>,
}

impl SpaceSet {
    /// Whether the space is in the set.
    #[inline]
    #[must_use]
    pub fn contains(&self, space: Space) -> bool {
        let (word, bit) = split(space);
        let bits = if word == 0 { self.first } else { self.others.get(word - 1).copied().unwrap_or(0) };
        bits & bit != 0
    }

    /// Adds a space.
    #[inline]
    pub fn insert(&mut self, space: Space) {
        let (word, bit) = split(space);
        if word == 0 {
            self.first |= bit;
            return;
        }
        if self.others.len() < word {
            self.others.resize(word, 0);
        }
        self.others[word - 1] |= bit;
    }

    /// Removes a space.
    #[inline]
    pub fn remove(&mut self, space: Space) {
        let (word, bit) = split(space);
        if word == 0 {
            self.first &= !bit;
        } else if let Some(bits) = self.others.get_mut(word - 1) {
            *bits &= !bit;
            while self.others.last() == Some(&0) {
                self.others.pop();
            }
        }
    }

    /// Removes all spaces and keeps the memory.
    #[inline]
    pub fn clear(&mut self) {
        self.first = 0;
        self.others.clear();
    }

    /// Whether no space is in the set.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first == 0 && self.others.is_empty()
    }

    /// The spaces, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Space> {
        (0..).zip(self.words()).flat_map(|(word, bits)| {
            let here = (0..u64::BITS).filter(move |bit| bits >> bit & 1 == 1);
            here.map(move |bit| Space(word * u64::BITS + bit))
        })
    }

    /// Bit `i` of word `w` for space `64 w + i`. At least one word; the last of several is not zero.
    #[inline]
    pub fn words(&self) -> impl Iterator<Item = u64> {
        core::iter::once(self.first).chain(self.others.iter().copied())
    }
}

/// Bit `i` for space `i`.
impl From<u64> for SpaceSet {
    fn from(bits: u64) -> SpaceSet {
        SpaceSet { first: bits, others: Vec::new() }
    }
}

impl FromIterator<Space> for SpaceSet {
    fn from_iter<T: IntoIterator<Item = Space>>(spaces: T) -> SpaceSet {
        let mut set = SpaceSet::default();
        set.extend(spaces);
        set
    }
}

impl Extend<Space> for SpaceSet {
    #[inline]
    fn extend<T: IntoIterator<Item = Space>>(&mut self, spaces: T) {
        spaces.into_iter().for_each(|space| self.insert(space));
    }
}

impl Clone for SpaceSet {
    fn clone(&self) -> SpaceSet {
        SpaceSet { first: self.first, others: self.others.clone() }
    }

    /// Keeps the memory.
    #[inline]
    fn clone_from(&mut self, from: &SpaceSet) {
        self.first = from.first;
        if !(self.others.is_empty() && from.others.is_empty()) {
            self.others.clone_from(&from.others);
        }
    }
}

/// The word of a space and its bit in it.
#[inline]
const fn split(space: Space) -> (usize, u64) {
    (space.index() / u64::BITS as usize, 1 << (space.0 % u64::BITS))
}
