//! Records in one array that are named by number, with a list of the free ones.

use alloc::vec::Vec;

/// An array of records, numbered from 1; number 0 is none.
#[derive(Debug)]
pub(crate) struct Arena<T> {
    records: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Arena<T> {
    pub(crate) const fn new() -> Self {
        Arena { records: Vec::new(), free: Vec::new() }
    }

    /// Takes every record out and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.records.clear();
        self.free.clear();
    }

    /// Number of records.
    pub(crate) fn len(&self) -> usize {
        self.records.len() - self.free.len()
    }

    /// One more than the highest number that a record ever had since the last [`clear`](Self::clear).
    pub(crate) fn numbers(&self) -> usize {
        self.records.len() + 1
    }

    /// Puts a record in; its number is the one that was freed last, or a new one.
    pub(crate) fn insert(&mut self, record: T) -> u32 {
        if let Some(number) = self.free.pop() {
            self.records[number as usize - 1] = Some(record);
            return number;
        }
        self.records.push(Some(record));
        u32::try_from(self.records.len()).expect("fewer than 2^32 records")
    }

    /// Takes a record out.
    pub(crate) fn remove(&mut self, number: u32) -> T {
        self.free.push(number);
        self.records[number as usize - 1].take().expect("a record that is there")
    }

    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        self.records.get((number as usize).wrapping_sub(1))?.as_ref()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.records.get_mut((number as usize).wrapping_sub(1))?.as_mut()
    }

    /// Numbers and records, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (1..).zip(&self.records).filter_map(|(number, record)| Some((number, record.as_ref()?)))
    }
}
