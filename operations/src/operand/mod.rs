//! Operands: the typed values that an operation names, each with its text, its limit and its fields.
//!
//! An operand is one or two **fields** (a range is a first page and a count). Fields are plain numbers with bounds
//! that depend on the machine and on the fields before them. Records, generator, mutator and minimiser treat all
//! operations alike: they work on fields and know no operation in particular.
//!
//! To add a sort of operand, implement [`Operand`] for a type, here or in a file beside this one. Only an operand that
//! needs a new sort of number also needs a [`Field`].

mod access;
mod advice;
mod field;
mod number;
mod range;
mod route;
mod stamp;

use alloc::format;
use alloc::string::String;
use core::fmt::{self, Write as _};

use crate::machine::Machine;
use crate::observation::Slot;
use crate::text::{Line, ParseError, decimal};

pub use access::Access;
pub use advice::Advice;
pub use field::{Field, FieldValues};
pub use number::{BlockSlot, Destination, Device, HoldSlot, Mask, Order, PinSlot, Space, TransactionSlot, VirtualPage};
pub use range::PageRange;
pub use route::Route;
pub use stamp::Stamp;

/// A type that can stand in a row of the operation table. It prints by its `Display`.
pub(crate) trait Operand: Copy + fmt::Display + 'static {
    /// How it looks in text, for tables of operations.
    const FORM: &'static str;
    /// The fields that it consists of, at most two.
    const FIELDS: &'static [Field];
    /// Appends the values of its fields.
    fn push(self, values: &mut FieldValues);
    /// Makes it from the values of its fields, which are in range.
    fn from_fields(values: &[u32]) -> Self;
    /// Reads it from its words and appends the values of its fields, behind those of the operands before it.
    fn read(line: &mut Line<'_>, machine: &Machine, values: &mut FieldValues) -> Result<(), ParseError>;
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

/// What stands at a place of an operation's line: how it looks, and how it is read and printed.
#[derive(Clone, Copy, Debug)]
pub struct OperandKind {
    form: &'static str,
    fields: usize,
    read: fn(&mut Line<'_>, &Machine, &mut FieldValues) -> Result<(), ParseError>,
    print: fn(&[u32], &mut String),
}

impl OperandKind {
    /// The kind of this type.
    pub(crate) const fn of<T: Operand>() -> OperandKind {
        OperandKind { form: T::FORM, fields: T::FIELDS.len(), read: T::read, print: print::<T> }
    }

    /// How it looks in text, for tables of operations.
    #[must_use]
    pub const fn form(self) -> &'static str {
        self.form
    }

    /// Reads it and appends the values of its fields.
    pub(crate) fn read(
        self,
        line: &mut Line<'_>,
        machine: &Machine,
        values: &mut FieldValues,
    ) -> Result<(), ParseError> {
        (self.read)(line, machine, values)
    }

    /// Prints it; takes the values of its fields from the front.
    pub(crate) fn print(self, values: &mut &[u32], text: &mut String) {
        let (mine, others) = values.split_at(self.fields);
        *values = others;
        (self.print)(mine, text);
    }
}

fn print<T: Operand>(values: &[u32], text: &mut String) {
    write!(text, "{}", T::from_fields(values)).expect("a string takes everything");
}

/// Reads an operand that is one number behind these letters; `called` names it in an error.
fn read_number(
    called: &str,
    letter: &str,
    line: &mut Line<'_>,
    machine: &Machine,
    values: &mut FieldValues,
) -> Result<(), ParseError> {
    let choices = values.next_field().map_or(0, |field| field.choices(machine, values));
    let expected = format!("{called}, {letter}0 to {letter}{}", choices - 1);
    let word = line.expect(&expected)?;
    let number = word.text.strip_prefix(letter).and_then(decimal).filter(|&number| number < choices);
    values.push(number.ok_or_else(|| line.error(word, &expected))?);
    Ok(())
}
