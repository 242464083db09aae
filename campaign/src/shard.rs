//! A shard: the part of a campaign that one of several machines does.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The shard k of n: the executions of a campaign whose index leaves the remainder k when it is divided by n.
///
/// ```
/// use stalemap_campaign::Shard;
///
/// let shard: Shard = "3/100".parse()?;
/// assert_eq!([0, 1, 2].map(|position| shard.index(position)), [3, 103, 203]);
/// assert_eq!(shard.executions_below(1_000), 10);
/// assert!("100/100".parse::<Shard>().is_err(), "the first shard has the number 0");
/// # Ok::<(), stalemap_campaign::NotAShard>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    of: u64,
    number: u64,
}

/// A text that names no shard.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("\"{0}\" is no shard; one looks like 3/100: a number from 0 to 99, of 100 shards; at most {most}", most = Shard::MOST)]
pub struct NotAShard(String);

impl Shard {
    /// The whole campaign.
    pub const WHOLE: Shard = Shard { of: 1, number: 0 };

    /// The most shards that a campaign has.
    pub const MOST: u64 = 1 << 16;

    /// The shard with this number, from 0; none where there are not so many.
    #[must_use]
    pub fn new(number: u64, of: u64) -> Option<Shard> {
        (number < of && of <= Self::MOST).then_some(Shard { of, number })
    }

    /// Its number, from 0.
    #[must_use]
    pub fn number(self) -> u64 {
        self.number
    }

    /// How many shards there are.
    #[must_use]
    pub fn of(self) -> u64 {
        self.of
    }

    /// The index in the campaign of the shard's execution at this position, from 0.
    #[must_use]
    pub fn index(self, position: u64) -> u64 {
        position.saturating_mul(self.of).saturating_add(self.number)
    }

    /// How many executions of the shard have an index below this one.
    #[must_use]
    pub fn executions_below(self, end: u64) -> u64 {
        end.saturating_sub(self.number).div_ceil(self.of)
    }

    /// Whether each execution of another shard is one of this shard.
    #[must_use]
    pub fn contains(self, other: Shard) -> bool {
        other.of.is_multiple_of(self.of) && other.number % self.of == self.number
    }

    /// One more than the index of the last of so many executions; 0 of none.
    #[must_use]
    pub fn end(self, executions: u64) -> u64 {
        executions.checked_sub(1).map_or(0, |last| self.index(last).saturating_add(1))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = NotAShard;

    fn from_str(text: &str) -> Result<Self, NotAShard> {
        let numbers = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        numbers.and_then(|(number, of)| Shard::new(number, of)).ok_or_else(|| NotAShard(text.to_string()))
    }
}

impl TryFrom<String> for Shard {
    type Error = NotAShard;

    fn try_from(text: String) -> Result<Self, NotAShard> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> String {
        shard.to_string()
    }
}
