//! A divergence: the first step at which an oracle finds a mismatch, and the signature by which it is grouped.

use std::fmt;
use std::str::FromStr;

use stalemap_operations::{Kind, Operation};

use crate::mismatch::Mismatch;
use crate::oracle;

/// The first difference between reference and subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// Index of the operation after which it showed.
    pub step: usize,
    /// That operation; none where the machine differed before the first.
    pub operation: Option<Operation>,
    /// What differs.
    pub mismatch: Mismatch,
}

/// Stands for the operation in a signature where the machine differs before the first.
const START: &str = "start";
/// Stands for the operation in a signature that is the same whatever the operation.
const ANY: &str = "any";
/// What stands for the operation in a signature, beside the words of the operations.
pub const NO_OPERATIONS: &[&str] = &[START, ANY];

impl Divergence {
    /// The operation that stands in the signature. A panic and a recount are grouped by what they say: the operation
    /// that came last says little of them.
    fn operation_word(&self) -> &'static str {
        match self.operation {
            None => START,
            Some(_) if !oracle::is_by_operation(self.mismatch.oracle) => ANY,
            Some(operation) => operation.kind().row().word,
        }
    }

    /// What it is grouped by.
    #[must_use]
    pub fn signature(&self) -> Signature {
        Signature {
            oracle: self.mismatch.oracle.to_string(),
            fact: self.mismatch.fact.to_string(),
            operation: self.operation_word().to_string(),
        }
    }
}

/// `mapping.writable@migrate`: oracle, fact and operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature {
    oracle: String,
    fact: String,
    operation: String,
}

impl Signature {
    /// The oracle's word.
    #[must_use]
    pub fn oracle(&self) -> &str {
        &self.oracle
    }

    /// The operation's word.
    #[must_use]
    pub fn operation(&self) -> &str {
        &self.operation
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}@{}", self.oracle, self.fact, self.operation)
    }
}

/// A text that is no signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotASignature(String);

impl fmt::Display for NotASignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" is no signature; one looks like mapping.writable@migrate", self.0)
    }
}

impl std::error::Error for NotASignature {}

impl FromStr for Signature {
    type Err = NotASignature;

    fn from_str(text: &str) -> Result<Self, NotASignature> {
        let parts = text.split_once('.').and_then(|(oracle, rest)| Some((oracle, rest.split_once('@')?)));
        let word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        match parts {
            Some((oracle, (fact, operation)))
                if word(oracle)
                    && word(fact)
                    && (NO_OPERATIONS.contains(&operation) || Kind::by_word(operation).is_some()) =>
            {
                Ok(Signature { oracle: oracle.into(), fact: fact.into(), operation: operation.into() })
            }
            _ => Err(NotASignature(text.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Signature;

    #[test]
    fn the_parts_of_a_signature_are_its_words_and_what_is_none_is_said() {
        let signature: Signature = "mapping.writable@migrate".parse().expect("a signature");
        assert_eq!((signature.oracle(), signature.operation()), ("mapping", "migrate"));
        for word in super::NO_OPERATIONS {
            let text = format!("panic.subject_no_way@{word}");
            assert_eq!(text.parse::<Signature>().expect("a signature").to_string(), text);
        }
        let error = "map.ping".parse::<Signature>().expect_err("no operation");
        assert_eq!(error.to_string(), "\"map.ping\" is no signature; one looks like mapping.writable@migrate");
    }

    #[test]
    fn a_signature_is_read_as_it_is_printed_and_nothing_else_is_read() {
        let text = "mapping.writable@migrate";
        assert_eq!(text.parse::<Signature>().expect("a signature").to_string(), text);
        for bad in ["", "mapping@migrate", "mapping.writable", "mapping.@migrate", "mapping.writable@jump"] {
            assert!(bad.parse::<Signature>().is_err(), "{bad}");
        }
    }
}
