//! What is at a place: a mapping and its entry.

use stalemap_operations::{Access, Advice, PageToken};

/// A mapped place; a place that is not in the map is unmapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mapped {
    pub(crate) access: Access,
    /// What was advised of huge pages; nothing at first.
    pub(crate) advice: Option<Advice>,
    pub(crate) entry: Entry,
}

impl Mapped {
    /// Whether faults may fill it with large folios.
    pub(crate) fn is_advised_huge(self) -> bool {
        self.advice == Some(Advice::Huge)
    }
}

/// What is at a mapped place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Hole,
    /// `dirty` is seen only through `protect` in dialect 6.1.
    Maps {
        page: PageToken,
        writable: bool,
        dirty: bool,
        /// One of the places of a huge entry, which are all alike.
        huge: bool,
    },
    Migrating {
        page: PageToken,
        writable: bool,
        huge: bool,
    },
}

impl Entry {
    pub(crate) fn page(self) -> Option<PageToken> {
        match self {
            Entry::Hole => None,
            Entry::Maps { page, .. } | Entry::Migrating { page, .. } => Some(page),
        }
    }

    pub(crate) fn maps(self, wanted: PageToken) -> bool {
        matches!(self, Entry::Maps { page, .. } if page == wanted)
    }

    /// The same without the writable bit.
    pub(crate) fn write_protected(self) -> Entry {
        match self {
            Entry::Hole => Entry::Hole,
            Entry::Maps { page, dirty, huge, .. } => Entry::Maps { page, writable: false, dirty, huge },
            Entry::Migrating { page, huge, .. } => Entry::Migrating { page, writable: false, huge },
        }
    }

    /// Whether it is part of a huge entry.
    pub(crate) fn is_huge(self) -> bool {
        matches!(self, Entry::Maps { huge: true, .. } | Entry::Migrating { huge: true, .. })
    }

    /// The same as a small entry.
    pub(crate) fn as_small(self) -> Entry {
        match self {
            Entry::Hole => Entry::Hole,
            Entry::Maps { page, writable, dirty, .. } => Entry::Maps { page, writable, dirty, huge: false },
            Entry::Migrating { page, writable, .. } => Entry::Migrating { page, writable, huge: false },
        }
    }
}
