//! The filled slots of one kind, in ascending order.

use alloc::vec::Vec;

/// What is in each filled slot. There are few slots of a kind, so looking for one is a walk over those that are filled.
#[derive(Clone, Debug)]
pub(crate) struct Slots<K, T>(Vec<(K, T)>);

impl<K: Copy + Ord, T> Slots<K, T> {
    /// No slot is filled.
    pub(crate) const fn new() -> Self {
        Slots(Vec::new())
    }

    /// Empties all slots.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// How many slots are filled.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the slot is filled.
    #[inline]
    pub(crate) fn is_filled(&self, slot: K) -> bool {
        self.get(slot).is_some()
    }

    /// What is in a slot.
    #[inline]
    pub(crate) fn get(&self, slot: K) -> Option<&T> {
        self.0.iter().find(|(it, _)| *it == slot).map(|(_, held)| held)
    }

    /// What is in a slot, to change it.
    #[inline]
    pub(crate) fn get_mut(&mut self, slot: K) -> Option<&mut T> {
        self.0.iter_mut().find(|(it, _)| *it == slot).map(|(_, held)| held)
    }

    /// Fills an empty slot.
    #[inline]
    pub(crate) fn fill(&mut self, slot: K, with: T) {
        debug_assert!(!self.is_filled(slot), "a slot is emptied before it is filled again");
        let index = self.0.partition_point(|(it, _)| *it < slot);
        self.0.insert(index, (slot, with));
    }

    /// Empties a slot; what was in it.
    #[inline]
    pub(crate) fn empty(&mut self, slot: K) -> Option<T> {
        let index = self.0.iter().position(|(it, _)| *it == slot)?;
        Some(self.0.remove(index).1)
    }

    /// The filled slots.
    pub(crate) fn keys(&self) -> impl Iterator<Item = K> {
        self.0.iter().map(|(slot, _)| *slot)
    }

    /// What is in them.
    #[inline]
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, held)| held)
    }
}
