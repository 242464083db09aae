//! What a mapping is advised of huge pages, as an operand.

use core::fmt;

use super::{Field, FieldValues, Operand};
use crate::machine::Machine;
use crate::text::{Line, ParseError};

/// Whether a mapping is to have huge pages (`madvise`). A mapping that was never advised has none of both, and a fault fills it
/// with small pages, as with `/sys/kernel/mm/transparent_hugepage/enabled` set to `madvise`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Advice {
    /// Faults may fill it with huge pages (`MADV_HUGEPAGE`).
    Huge,
    /// Never huge pages, not even by `collapse` (`MADV_NOHUGEPAGE`).
    NoHuge,
}

impl Advice {
    /// All of them.
    pub const ALL: [Advice; 2] = [Advice::Huge, Advice::NoHuge];

    /// The word in a trace.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Advice::Huge => "huge",
            Advice::NoHuge => "nohuge",
        }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Operand for Advice {
    const FORM: &'static str = "huge|nohuge";
    const FIELDS: &'static [Field] = &[Field::Advice];
    #[inline]
    fn push(self, values: &mut FieldValues) {
        values.push(self as u32);
    }
    #[inline]
    fn from_fields(values: &[u32]) -> Self {
        Advice::ALL[values[0] as usize]
    }
    fn read(line: &mut Line<'_>, _: &Machine, values: &mut FieldValues) -> Result<(), ParseError> {
        const EXPECTED: &str = "an advice (huge or nohuge)";
        let word = line.expect(EXPECTED)?;
        let advice = Advice::ALL.into_iter().find(|known| known.word() == word.text);
        advice.ok_or_else(|| line.unknown(word, EXPECTED, Advice::ALL.map(Advice::word)))?.push(values);
        Ok(())
    }
}
