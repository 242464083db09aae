//! Fields: the plain numbers that operands consist of, with bounds that depend on the machine and the fields before them.

use super::{BlockSlot, HoldSlot, Order, PinSlot, TransactionSlot};
use crate::machine::Machine;

/// The kind of number that a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Number of an address space.
    Space,
    /// Number of a virtual page.
    Page,
    /// Number of pages of the range that the page field before it begins.
    Count,
    /// Number of the virtual page where a moved range begins; bounded by the count field before it.
    Destination,
    /// Index into [`Access::ALL`](crate::Access::ALL).
    Access,
    /// A stamp's byte.
    Stamp,
    /// Number of a device.
    Device,
    /// 0 is `to`, 1 is `from`.
    Direction,
    /// Number of a transaction slot.
    Transaction,
    /// Number of a pin slot.
    Pin,
    /// Number of a hold slot.
    Hold,
    /// Number of a block slot.
    Block,
    /// An order.
    Order,
    /// A mask's byte.
    Mask,
    /// Index into [`Advice::ALL`](crate::Advice::ALL).
    Advice,
}

impl Field {
    /// How many kinds of field there are.
    pub const KINDS: usize = Field::Advice as usize + 1;

    /// The smallest value.
    #[inline]
    #[must_use]
    pub const fn lowest(self) -> u32 {
        matches!(self, Field::Count) as u32
    }

    /// How many values the field can take on this machine, given the values of the fields before it in the same
    /// operation; 0 where the machine has no such thing (a device on a machine without devices).
    #[inline]
    #[must_use]
    pub fn choices(self, machine: &Machine, before: &FieldValues) -> u32 {
        match self {
            Field::Space => machine.spaces(),
            Field::Page => machine.pages(),
            Field::Count => machine.pages() - before.last(Field::Page),
            Field::Destination => machine.pages() - before.last(Field::Count) + 1,
            Field::Access => 3,
            Field::Stamp | Field::Mask => 256,
            Field::Device => machine.devices(),
            Field::Direction => 2,
            Field::Transaction => TransactionSlot::LIMIT,
            Field::Pin => PinSlot::LIMIT,
            Field::Hold => HoldSlot::LIMIT,
            Field::Block => BlockSlot::LIMIT,
            Field::Order => Order::LIMIT,
            Field::Advice => 2,
        }
    }
}

/// The fields of one operation in row order with their values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldValues {
    fields: &'static [Field],
    values: [u32; Self::MOST],
    len: usize,
}

impl FieldValues {
    /// A record has room for this many fields behind its kind.
    pub const MOST: usize = 7;

    /// No values yet for these fields.
    #[inline]
    #[must_use]
    pub const fn of(fields: &'static [Field]) -> Self {
        FieldValues { fields, values: [0; Self::MOST], len: 0 }
    }

    /// The field whose value comes next.
    #[inline]
    #[must_use]
    pub fn next_field(&self) -> Option<Field> {
        self.fields.get(self.len).copied()
    }

    /// Adds the value of the next field.
    ///
    /// # Panics
    /// When all fields have their values already.
    #[inline]
    pub fn push(&mut self, value: u32) {
        assert!(self.len < self.fields.len(), "one value for each field");
        self.values[self.len] = value;
        self.len += 1;
    }

    /// The values so far.
    #[inline]
    #[must_use]
    pub fn as_slice(&self) -> &[u32] {
        &self.values[..self.len]
    }

    /// The fields, those without a value too.
    #[inline]
    #[must_use]
    pub const fn fields(&self) -> &'static [Field] {
        self.fields
    }

    /// Replaces one value; the caller checks the whole afterwards.
    #[inline]
    pub fn set(&mut self, index: usize, value: u32) {
        self.values[..self.len][index] = value;
    }

    /// Field and value, in row order.
    pub fn iter(&self) -> impl Iterator<Item = (Field, u32)> + '_ {
        self.fields.iter().copied().zip(self.as_slice().iter().copied())
    }

    /// The value of the latest field of this kind; 0 when there is none.
    #[inline]
    #[must_use]
    pub fn last(&self, kind: Field) -> u32 {
        (0..self.len).rev().find(|&i| self.fields[i] == kind).map_or(0, |i| self.values[i])
    }
}
