//! What an observation is to be about, and what the last operation touched.

use alloc::vec::Vec;

use crate::observation::{PageToken, Place, Slot};

/// What is to be looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Everything there is; the lists are then not looked at.
    pub everything: bool,
    /// Places, ascending, each once.
    pub places: Vec<Place>,
    /// Pages, by the subject's own tokens; tokens of ended pages are passed over.
    pub pages: Vec<PageToken>,
    /// Slots.
    pub slots: Vec<Slot>,
    /// The pages that the places and slots show are not asked for, unless the list names them: they, and the order of
    /// [`Observation::pages`](crate::Observation::pages), are left to the subject, which may show a page more than once.
    pub is_exact: bool,
}

impl Scope {
    /// Everything there is.
    #[must_use]
    pub fn everything() -> Scope {
        Scope { everything: true, ..Scope::default() }
    }
}

/// What the last operation touched: what it may have changed. Lists may name a thing more than once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Touched {
    /// Places whose mapping or entry was written.
    pub places: Vec<Place>,
    /// Pages whose facts were written, ended ones too.
    pub pages: Vec<PageToken>,
    /// Slots that were filled, emptied or advanced.
    pub slots: Vec<Slot>,
}

impl Touched {
    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.places.clear();
        self.pages.clear();
        self.slots.clear();
    }

    /// Whether nothing was touched.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.len() | self.pages.len() | self.slots.len() == 0
    }

    /// Adds what another names, which is empty afterwards.
    #[inline]
    pub fn take(&mut self, other: &mut Touched) {
        // Most operations touch nothing, since most are refused.
        if other.is_empty() {
            return;
        }
        if self.is_empty() {
            core::mem::swap(self, other);
        } else {
            self.append(other);
            other.clear();
        }
    }

    #[inline(never)]
    fn append(&mut self, other: &Touched) {
        self.places.extend_from_slice(&other.places);
        self.pages.extend_from_slice(&other.pages);
        self.slots.extend_from_slice(&other.slots);
    }
}
