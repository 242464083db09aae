//! What kernels that count their passes have passed: a counter for each instrumented place of their code.

/// What one kernel passed in its last batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchPasses {
    /// The address of each place; place 0 is none.
    pub places: Vec<u32>,
    /// How often each was passed, 255 for as many times and more.
    pub counters: Vec<u8>,
}

/// What all kernels of a builder have passed.
///
/// ```
/// use stalemap_linux::{BatchPasses, Passes};
///
/// let mut passes = Passes::default();
/// passes.add(&BatchPasses { places: vec![0, 0x100, 0x200], counters: vec![0, 3, 0] });
/// passes.add(&BatchPasses { places: vec![0, 0x100, 0x200], counters: vec![0, 1, 0] });
/// assert_eq!(passes.last(), [0, 1, 0]);
/// assert_eq!(passes.places().collect::<Vec<_>>(), [(0x100, true), (0x200, false)]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Passes {
    places: Vec<u32>,
    last: Vec<u8>,
    ever: Vec<bool>,
}

impl Passes {
    /// Adds a batch.
    pub fn add(&mut self, batch: &BatchPasses) {
        if self.places != batch.places {
            self.places.clone_from(&batch.places);
            self.ever = vec![false; batch.places.len()];
        }
        self.last.clone_from(&batch.counters);
        self.ever.iter_mut().zip(&batch.counters).for_each(|(ever, &counter)| *ever |= counter > 0);
    }

    /// How often each place was passed in the last batch, from place 0 on; empty where nothing is counted.
    #[must_use]
    pub fn last(&self) -> &[u8] {
        &self.last
    }

    /// The address of each place, and whether it was ever passed.
    pub fn places(&self) -> impl Iterator<Item = (u32, bool)> {
        self.places.iter().copied().zip(self.ever.iter().copied()).skip(1)
    }
}
