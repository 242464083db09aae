//! Operands: the typed values that an operation names, each with its letter, its limit and its fields.
//!
//! An operand is one or two **fields** (a range is a first page and a count). Fields are plain numbers with bounds
//! that depend on the machine and on the fields before them; everything that must treat operations alike (records,
//! generator, mutator, minimiser) works on fields and knows no operation in particular.

use core::fmt;

use crate::machine::Machine;
use crate::observation::Slot;

/// Declares a numbered operand that prints as a letter and a number.
macro_rules! lettered {
    ($(#[$doc:meta])* $name:ident, $letter:literal, limit $limit:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// How many there can be at the most, whatever the machine.
            pub const LIMIT: u32 = $limit;
            /// The letter that stands before the number in text.
            pub const LETTER: char = $letter;

            /// The number as an index.
            #[inline]
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $letter, self.0)
            }
        }
    };
}

lettered!(
    /// An address space (Linux: `mm_struct`), `s0` to `s63`.
    Space, 's', limit 64
);
lettered!(
    /// One virtual page of an address space, `v0` to `v65535`.
    VirtualPage, 'v', limit 1 << 16
);
lettered!(
    /// A device with private memory, `d0` or `d1`.
    Device, 'd', limit 2
);
lettered!(
    /// A slot that holds a migration transaction, `t0` to `t3`.
    TransactionSlot, 't', limit 4
);
lettered!(
    /// A slot that holds a pin (`FOLL_PIN | FOLL_LONGTERM | FOLL_WRITE`), `k0` to `k3`.
    PinSlot, 'k', limit 4
);
lettered!(
    /// A slot that holds a bare reference to a page (`FOLL_GET`), `h0` to `h15`.
    HoldSlot, 'h', limit 16
);
lettered!(
    /// A slot that holds a block of frames, `b0` to `b7`.
    BlockSlot, 'b', limit 8
);

/// The binary logarithm of a block's number of frames, 0 to 11; the machine decides which of them it can serve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Order(pub u32);

impl Order {
    /// One more than the largest order that can be asked for. The largest that can ever be served is 10, as in
    /// Linux (`MAX_PAGE_ORDER`); 11 is there to be refused.
    pub const LIMIT: u32 = 12;
    /// The largest order that any machine serves.
    pub const HIGHEST: Order = Order(10);

    /// Number of frames in a block of this order.
    #[inline]
    #[must_use]
    pub const fn frames(self) -> u32 {
        1 << self.0
    }
}

/// Which candidates of a transaction get no frame: bit `i mod 8` set means that candidate `i` gets none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mask(pub u8);

/// What was last written to a page, one byte; 0 when fresh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub u8);

/// The rights of a mapping (Linux: the access flags of the VMA).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Neither reading nor writing.
    #[default]
    None,
    /// Reading only.
    Read,
    /// Reading and writing.
    ReadWrite,
}

impl Access {
    /// All of them, from the least to the most.
    pub const ALL: [Access; 3] = [Access::None, Access::Read, Access::ReadWrite];

    /// The word in a trace.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Access::None => "none",
            Access::Read => "r",
            Access::ReadWrite => "rw",
        }
    }

    /// Whether reading is allowed.
    #[inline]
    #[must_use]
    pub const fn readable(self) -> bool {
        !matches!(self, Access::None)
    }

    /// Whether writing is allowed.
    #[inline]
    #[must_use]
    pub const fn writable(self) -> bool {
        matches!(self, Access::ReadWrite)
    }
}

/// A run of virtual pages of one space, `v3+2`; never empty, never past the end of the space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageRange {
    /// The first page.
    pub first: VirtualPage,
    /// How many pages, at least 1.
    pub count: u32,
}

impl PageRange {
    /// The pages in ascending order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = VirtualPage> + Clone {
        (self.first.0..self.first.0 + self.count).map(VirtualPage)
    }

    /// Whether the two ranges share a page.
    #[must_use]
    pub const fn overlaps(self, other: PageRange) -> bool {
        self.first.0 < other.first.0 + other.count && other.first.0 < self.first.0 + self.count
    }
}

impl From<VirtualPage> for PageRange {
    fn from(first: VirtualPage) -> Self {
        PageRange { first, count: 1 }
    }
}

/// Where a moved range begins afterwards; the whole range fits behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Destination(pub VirtualPage);

/// Which way pages migrate between RAM and a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Route {
    /// From RAM to the device.
    To(Device),
    /// From the device to RAM.
    From(Device),
}

impl Route {
    /// The device at one end of it.
    #[must_use]
    pub const fn device(self) -> Device {
        match self {
            Route::To(device) | Route::From(device) => device,
        }
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}", self.0)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for PageRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            1 => write!(f, "{}", self.first),
            count => write!(f, "{}+{count}", self.first),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Route::To(device) => write!(f, "to {device}"),
            Route::From(device) => write!(f, "from {device}"),
        }
    }
}

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
    /// Index into [`Access::ALL`].
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
}

impl Field {
    /// How many kinds of field there are.
    pub const KINDS: usize = Field::Mask as usize + 1;

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

/// What kind of thing stands at a place of an operation's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperandKind {
    /// [`Space`]
    Space,
    /// [`VirtualPage`]
    Page,
    /// [`PageRange`]
    Range,
    /// [`Destination`]
    Destination,
    /// [`Access`]
    Access,
    /// [`Stamp`]
    Stamp,
    /// [`Device`]
    Device,
    /// [`Route`]
    Route,
    /// [`TransactionSlot`]
    Transaction,
    /// [`PinSlot`]
    Pin,
    /// [`HoldSlot`]
    Hold,
    /// [`BlockSlot`]
    Block,
    /// [`Order`]
    Order,
    /// [`Mask`]
    Mask,
}

impl OperandKind {
    /// How it looks in text, for tables of operations.
    #[must_use]
    pub const fn form(self) -> &'static str {
        match self {
            OperandKind::Space => "sN",
            OperandKind::Page | OperandKind::Destination => "vN",
            OperandKind::Range => "vN+n",
            OperandKind::Access => "none|r|rw",
            OperandKind::Stamp => "#xx",
            OperandKind::Device => "dN",
            OperandKind::Route => "to|from dN",
            OperandKind::Transaction => "tN",
            OperandKind::Pin => "kN",
            OperandKind::Hold => "hN",
            OperandKind::Block => "bN",
            OperandKind::Order => "order",
            OperandKind::Mask => "mask",
        }
    }
}

/// A type that can stand in a row of the operation table.
pub trait Operand: Copy {
    /// What it is in text.
    const KIND: OperandKind;
    /// The fields that it consists of, at most two.
    const FIELDS: &'static [Field];
    /// Appends the values of its fields.
    fn push(self, values: &mut FieldValues);
    /// Makes it from the values of its fields, which are in range.
    fn from_fields(values: &[u32]) -> Self;
    /// Itself, if it is a space.
    #[inline]
    fn space(self) -> Option<Space> {
        None
    }
    /// The page where it begins, if it is a page or a range.
    #[inline]
    fn first_page(self) -> Option<VirtualPage> {
        None
    }
    /// Itself, if it is a slot.
    #[inline]
    fn slot(self) -> Option<Slot> {
        None
    }
}

macro_rules! one_field {
    ($($name:ident: $kind:ident/$field:ident, from $make:expr, to $number:expr
        $(, $question:ident $answer:expr => $type:ty)?;)+) => {$(
        impl Operand for $name {
            const KIND: OperandKind = OperandKind::$kind;
            const FIELDS: &'static [Field] = &[Field::$field];
            #[inline]
            fn push(self, values: &mut FieldValues) {
                let number: fn($name) -> u32 = $number;
                values.push(number(self));
            }
            #[inline]
            fn from_fields(values: &[u32]) -> Self {
                let make: fn(u32) -> $name = $make;
                make(values[0])
            }
            $(
                #[inline]
                fn $question(self) -> Option<$type> {
                    let answer: fn($name) -> $type = $answer;
                    Some(answer(self))
                }
            )?
        }
    )+};
}

one_field! {
    Space: Space/Space, from Space, to |it| it.0, space |it| it => Space;
    VirtualPage: Page/Page, from VirtualPage, to |it| it.0, first_page |it| it => VirtualPage;
    Destination: Destination/Destination, from |n| Destination(VirtualPage(n)), to |it| it.0.0;
    Access: Access/Access, from |n| Access::ALL[n as usize], to |it| it as u32;
    Stamp: Stamp/Stamp, from |n| Stamp(n.to_le_bytes()[0]), to |it| it.0.into();
    Device: Device/Device, from Device, to |it| it.0;
    TransactionSlot: Transaction/Transaction, from TransactionSlot, to |it| it.0, slot Slot::Transaction => Slot;
    PinSlot: Pin/Pin, from PinSlot, to |it| it.0, slot Slot::Pin => Slot;
    HoldSlot: Hold/Hold, from HoldSlot, to |it| it.0, slot Slot::Hold => Slot;
    BlockSlot: Block/Block, from BlockSlot, to |it| it.0, slot Slot::Block => Slot;
    Order: Order/Order, from Order, to |it| it.0;
    Mask: Mask/Mask, from |n| Mask(n.to_le_bytes()[0]), to |it| it.0.into();
}

impl Operand for PageRange {
    const KIND: OperandKind = OperandKind::Range;
    const FIELDS: &'static [Field] = &[Field::Page, Field::Count];
    #[inline]
    fn push(self, values: &mut FieldValues) {
        values.push(self.first.0);
        values.push(self.count);
    }
    #[inline]
    fn from_fields(values: &[u32]) -> Self {
        PageRange { first: VirtualPage(values[0]), count: values[1] }
    }
    #[inline]
    fn first_page(self) -> Option<VirtualPage> {
        Some(self.first)
    }
}

impl Operand for Route {
    const KIND: OperandKind = OperandKind::Route;
    const FIELDS: &'static [Field] = &[Field::Direction, Field::Device];
    #[inline]
    fn push(self, values: &mut FieldValues) {
        values.push(matches!(self, Route::From(_)).into());
        values.push(self.device().0);
    }
    #[inline]
    fn from_fields(values: &[u32]) -> Self {
        let device = Device(values[1]);
        if values[0] == 0 { Route::To(device) } else { Route::From(device) }
    }
}
