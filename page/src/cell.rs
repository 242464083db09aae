//! Cells: the single facts that a page shows of a side, each under a name that is the same on all sides.

use std::collections::BTreeMap;

/// What a cell is a fact of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// An address space.
    Space,
    /// A virtual page of a space.
    Place,
    /// A page.
    Page,
    /// A slot of a transaction, a pin, a hold or a block.
    Slot,
    /// The free frames at a home.
    Free,
    /// A frame. Only a subject has frames; the reference counts them.
    Frame,
}

impl Group {
    /// Its word in the data of a page.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Group::Space => "space",
            Group::Place => "place",
            Group::Page => "page",
            Group::Slot => "slot",
            Group::Free => "free",
            Group::Frame => "frame",
        }
    }
}

/// A fact of a thing, in the order in which a page shows them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// The sort of thing.
    pub group: Group,
    /// The number of the thing among those of its sort.
    pub order: (u32, u32),
    /// What the thing is called, such as `s0 v3`.
    pub thing: String,
    /// The number of the fact among those of the thing.
    pub place: u8,
    /// What the fact is called, such as `mapcount`.
    pub fact: &'static str,
}

/// What one side shows at one time.
pub type Facts = BTreeMap<Cell, String>;
