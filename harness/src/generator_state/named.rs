//! What an operation names, and how it wants the places that it names.

use stalemap_operations::{Access, Act, Field, Operation, Row};

/// A space and a page in it.
pub(crate) type Position = (u32, u32);

/// What a page must be so that an operation has something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Unmapped,
    Mapped,
    /// Mapped, to be read and written.
    Open,
}

impl Want {
    /// What operations of this row want.
    #[inline]
    pub(crate) const fn of(row: &Row) -> Want {
        match row.act {
            Act::Opens => Want::Unmapped,
            Act::Closes | Act::Moves | Act::Sets => Want::Mapped,
            Act::Fills | Act::Ends | Act::Advances | Act::Uses => Want::Open,
        }
    }
}

/// What an operation names, by the sort of its fields; 0 where it has no such field.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Named {
    /// The first space, and the first page.
    pub(crate) place: Position,
    /// Pages from there on.
    pub(crate) count: u32,
    /// Index into [`Access::ALL`].
    pub(crate) access: u32,
    pub(crate) destination: u32,
    pub(crate) slot: u32,
    /// The second space.
    pub(crate) child: u32,
}

impl Named {
    /// Whether its places may be read and written afterwards.
    pub(super) const fn is_open(&self) -> bool {
        self.access == Access::ReadWrite as u32
    }

    /// What this operation names.
    pub(super) fn by(operation: &Operation) -> Named {
        let mut named = Named::default();
        let mut spaces = 0;
        for (field, value) in operation.values().iter() {
            match field {
                Field::Space if spaces > 0 => named.child = value,
                Field::Space => (named.place.0, spaces) = (value, 1),
                Field::Page => named.place.1 = value,
                Field::Count => named.count = value,
                Field::Destination => named.destination = value,
                Field::Transaction | Field::Pin | Field::Hold | Field::Block => named.slot = value,
                Field::Access => named.access = value,
                Field::Stamp | Field::Device | Field::Direction | Field::Order | Field::Mask | Field::Advice => {}
            }
        }
        named
    }
}
