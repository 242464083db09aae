//! The rights of a mapping, as an operand.

use core::fmt;

use super::{Field, FieldValues, Operand};
use crate::machine::Machine;
use crate::text::{Line, ParseError};

/// The rights of a mapping (Linux: the access flags of the VMA).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Operand for Access {
    const FORM: &'static str = "none|r|rw";
    const FIELDS: &'static [Field] = &[Field::Access];
    #[inline]
    fn push(self, values: &mut FieldValues) {
        values.push(self as u32);
    }
    #[inline]
    fn from_fields(values: &[u32]) -> Self {
        Access::ALL[values[0] as usize]
    }
    fn read(line: &mut Line<'_>, _: &Machine, values: &mut FieldValues) -> Result<(), ParseError> {
        const EXPECTED: &str = "an access (none, r or rw)";
        let word = line.expect(EXPECTED)?;
        let access = Access::ALL.into_iter().find(|known| known.word() == word.text);
        access.ok_or_else(|| line.unknown(word, EXPECTED, Access::ALL.map(Access::word)))?.push(values);
        Ok(())
    }
}
