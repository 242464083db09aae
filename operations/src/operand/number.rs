//! Operands of one number: spaces, pages, devices, slots, orders and masks.

use core::fmt;

use super::{Field, FieldValues, Operand, read_number};
use crate::machine::Machine;
use crate::observation::Slot;
use crate::text::{Line, ParseError};

/// An operand that is one number behind a letter, or behind nothing: its text and its field.
macro_rules! one_number {
    ($name:ident, form $form:expr, behind $letter:expr, called $called:literal, field $field:ident,
        from $make:expr, to $number:expr $(, $question:ident $answer:expr => $type:ty)?) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let number: fn($name) -> u32 = $number;
                write!(f, "{}{}", $letter, number(*self))
            }
        }

        impl Operand for $name {
            const FORM: &'static str = $form;
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
            fn read(line: &mut Line<'_>, machine: &Machine, values: &mut FieldValues) -> Result<(), ParseError> {
                read_number($called, $letter, line, machine, values)
            }
            $(
                #[inline]
                fn $question(self) -> Option<$type> {
                    let answer: fn($name) -> $type = $answer;
                    Some(answer(self))
                }
            )?
        }
    };
}

/// An operand that is a letter and a number below a limit.
macro_rules! lettered {
    ($(#[$doc:meta])* $name:ident, $letter:literal, called $called:literal, field $field:ident, limit $limit:expr
        $(, $question:ident $answer:expr => $type:ty)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(pub u32);

        impl $name {
            /// How many there can be at the most, whatever the machine.
            pub const LIMIT: u32 = $limit;
            /// The letter that stands before the number in text.
            pub const LETTER: &'static str = $letter;

            /// The number as an index.
            #[inline]
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        one_number!($name, form concat!($letter, "N"), behind $letter, called $called, field $field,
            from $name, to |it| it.0 $(, $question $answer => $type)?);
    };
}

lettered!(
    /// An address space (Linux: `mm_struct`), `s0` to `s511`.
    Space, "s", called "a space", field Space, limit 512, space |it| it => Space
);
lettered!(
    /// One virtual page of an address space, `v0` to `v65535`.
    VirtualPage, "v", called "a page", field Page, limit 1 << 16, first_page |it| it => VirtualPage
);
lettered!(
    /// A device with private memory, `d0` or `d1`.
    Device, "d", called "a device", field Device, limit 2
);
lettered!(
    /// A slot that holds a migration transaction, `t0` to `t3`.
    TransactionSlot, "t", called "a transaction slot", field Transaction, limit 4, slot Slot::Transaction => Slot
);
lettered!(
    /// A slot that holds a pin (`FOLL_PIN | FOLL_LONGTERM | FOLL_WRITE`), `k0` to `k3`.
    PinSlot, "k", called "a pin slot", field Pin, limit 4, slot Slot::Pin => Slot
);
lettered!(
    /// A slot that holds a bare reference to a page (`FOLL_GET`), `h0` to `h15`.
    HoldSlot, "h", called "a hold slot", field Hold, limit 16, slot Slot::Hold => Slot
);
lettered!(
    /// A slot that holds a block of frames, `b0` to `b7`.
    BlockSlot, "b", called "a block slot", field Block, limit 8, slot Slot::Block => Slot
);

/// The binary logarithm of a block's number of frames, 0 to 11; the machine decides which of them it can serve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Order(pub u32);

impl Order {
    /// One more than the largest order that can be named. The largest that can ever be served is 10, as in
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

one_number!(Order, form "order", behind "", called "an order", field Order, from Order, to |it| it.0);

/// Which candidates of a transaction get no frame: bit `i mod 8` set means that candidate `i` gets none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mask(pub u8);

one_number!(Mask, form "mask", behind "", called "a mask", field Mask, from |n| Mask(n.to_le_bytes()[0]), to |it| it.0.into());

/// Where a moved range begins afterwards; the whole range fits behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Destination(pub VirtualPage);

one_number!(Destination, form "vN", behind VirtualPage::LETTER, called "a page that leaves room for the range", field Destination,
    from |n| Destination(VirtualPage(n)), to |it| it.0.0);
