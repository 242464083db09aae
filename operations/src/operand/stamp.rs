//! What is written to a page, as an operand.

use core::fmt;

use super::{Field, FieldValues, Operand};
use crate::machine::Machine;
use crate::text::{Line, ParseError, Word};

/// What was last written to a page, one byte; 0 when fresh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Stamp(pub u8);

impl Stamp {
    /// Reads a word such as `#2a`.
    pub(crate) fn from_word(line: &Line<'_>, word: Word<'_>) -> Result<Stamp, ParseError> {
        word.text
            .strip_prefix('#')
            .filter(|hex| matches!(hex.len(), 1 | 2) && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
            .map(Stamp)
            .ok_or_else(|| line.error(word, "a stamp, #00 to #ff"))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}", self.0)
    }
}

impl Operand for Stamp {
    const FORM: &'static str = "#xx";
    const FIELDS: &'static [Field] = &[Field::Stamp];
    #[inline]
    fn push(self, values: &mut FieldValues) {
        values.push(self.0.into());
    }
    #[inline]
    fn from_fields(values: &[u32]) -> Self {
        Stamp(values[0].to_le_bytes()[0])
    }
    fn read(line: &mut Line<'_>, _: &Machine, values: &mut FieldValues) -> Result<(), ParseError> {
        let word = line.expect("a stamp such as #2a")?;
        Stamp::from_word(line, word)?.push(values);
        Ok(())
    }
}
