//! The switch of the seeded bugs: which are on, and how far they came.
//!
//! A bug has one of two forms: `choose` takes the wrong of two values, `skips` leaves a thing undone. Both count how often
//! the faulty line was reached and how often what it did differs from the right thing. Without the feature `seeded-bugs`
//! the switch is a unit type, and both forms come to the right value, so that nothing is left of them.

#[cfg(not(feature = "seeded-bugs"))]
pub(crate) use off::Switch;
#[cfg(feature = "seeded-bugs")]
pub use on::Switch;

#[cfg(feature = "seeded-bugs")]
mod on {
    use alloc::rc::Rc;
    use core::cell::Cell;

    use crate::seeded::Bug;

    /// Which bugs are on, and how far they came. Clones share the counters, so that they can be read when the machine
    /// is gone.
    #[derive(Clone, Debug, Default)]
    pub struct Switch {
        /// Bit `i` for the bug with this index.
        on: u64,
        reached: Rc<Cell<u64>>,
        triggered: Rc<Cell<u64>>,
    }

    const _: () = assert!(Bug::ALL.len() <= u64::BITS as usize, "a bit for each bug");

    impl Switch {
        /// This bug and no other is on; with `None` every one is off.
        #[must_use]
        pub fn new(on: Option<Bug>) -> Self {
            Switch::of(on.as_slice())
        }

        /// These bugs and no others are on. Their counters are one: each counts the sum.
        #[must_use]
        pub fn of(bugs: &[Bug]) -> Self {
            Switch { on: bugs.iter().fold(0, |on, &bug| on | 1 << bug as u32), ..Switch::default() }
        }

        /// How often a faulty line ran.
        #[must_use]
        pub fn reached(&self) -> u64 {
            self.reached.get()
        }

        /// How often what it did differed from the right thing.
        #[must_use]
        pub fn triggered(&self) -> u64 {
            self.triggered.get()
        }

        /// The right value, or the wrong one where the bug is on.
        #[inline]
        pub(crate) fn choose<T: PartialEq>(&self, bug: Bug, right: T, wrong: impl FnOnce() -> T) -> T {
            if !self.is_on(bug) {
                return right;
            }
            let wrong = wrong();
            self.count(wrong != right);
            wrong
        }

        /// Whether what follows is left undone; `matters` says whether that makes a difference.
        #[inline]
        pub(crate) fn skips(&self, bug: Bug, matters: bool) -> bool {
            let skips = self.is_on(bug);
            if skips {
                self.count(matters);
            }
            skips
        }

        #[inline]
        fn is_on(&self, bug: Bug) -> bool {
            self.on >> bug as u32 & 1 == 1
        }

        #[cold]
        fn count(&self, matters: bool) {
            self.reached.set(self.reached.get() + 1);
            self.triggered.set(self.triggered.get() + u64::from(matters));
        }
    }
}

#[cfg(not(feature = "seeded-bugs"))]
mod off {
    use crate::seeded::Bug;

    /// No bug can be switched on.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Switch(());

    impl Switch {
        /// The right value.
        #[inline(always)]
        pub(crate) fn choose<T>(&self, _: Bug, right: T, _: impl FnOnce() -> T) -> T {
            right
        }

        /// Nothing is left undone.
        #[inline(always)]
        pub(crate) fn skips(&self, _: Bug, _: bool) -> bool {
            false
        }
    }
}
