//! Ranges of virtual pages, as operands.

use alloc::format;
use core::fmt;

use super::{Field, FieldValues, Operand, VirtualPage};
use crate::machine::Machine;
use crate::text::{Line, ParseError, decimal};

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

impl fmt::Display for PageRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            1 => write!(f, "{}", self.first),
            count => write!(f, "{}+{count}", self.first),
        }
    }
}

impl Operand for PageRange {
    const FORM: &'static str = "vN+n";
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
    /// Reads `v3` or `v3+2`.
    fn read(line: &mut Line<'_>, machine: &Machine, values: &mut FieldValues) -> Result<(), ParseError> {
        let last = machine.pages() - 1;
        let expected = format!("a range such as v0 or v0+2, within v0 to v{last}");
        let word = line.expect(&expected)?;
        let (first, count) = word.text.split_once('+').unwrap_or((word.text, "1"));
        let first = first.strip_prefix(VirtualPage::LETTER).and_then(decimal).filter(|&first| first <= last);
        let first = first.ok_or_else(|| line.error(word, &expected))?;
        values.push(first);
        let count = decimal(count).filter(|count| (1..=Field::Count.choices(machine, values)).contains(count));
        values.push(count.ok_or_else(|| line.error(word, &expected))?);
        Ok(())
    }
    #[inline]
    fn first_page(self) -> Option<VirtualPage> {
        Some(self.first)
    }
}
