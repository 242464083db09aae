//! The kernel versions that Debian packages the source of and that are compared with the reference.

use std::fmt;
use std::str::FromStr;

use stalemap_operations::Dialect;

/// A version of the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// Linux 6.1, where both bugs of 2019 can be put back.
    #[default]
    V6_1,
    /// Linux 6.12.
    V6_12,
    /// Linux 7.3, which has huge pages on devices.
    V7_3,
}

impl Version {
    /// All of them.
    pub const ALL: [Version; 3] = [Version::V6_1, Version::V6_12, Version::V7_3];

    /// As it is typed: `6.1`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.pick("6.1", "6.12", "7.3")
    }

    /// The name of the subject: `linux-6.1`.
    #[must_use]
    pub const fn subject(self) -> &'static str {
        self.pick("linux-6.1", "linux-6.12", "linux-7.3")
    }

    /// The name of the subject as a native process: `linux-6.1-native`.
    #[must_use]
    pub const fn native_subject(self) -> &'static str {
        self.pick("linux-6.1-native", "linux-6.12-native", "linux-7.3-native")
    }

    /// The rules that it plays by.
    #[must_use]
    pub const fn dialect(self) -> Dialect {
        match self {
            Version::V6_1 => Dialect::Linux6_1,
            Version::V6_12 => Dialect::Linux6_12,
            Version::V7_3 => Dialect::Linux7_3,
        }
    }

    /// One of the texts, where the versions differ.
    #[must_use]
    pub(crate) const fn pick(self, v6_1: &'static str, v6_12: &'static str, v7_3: &'static str) -> &'static str {
        match self {
            Version::V6_1 => v6_1,
            Version::V6_12 => v6_12,
            Version::V7_3 => v7_3,
        }
    }

    /// The second of two texts from a version on, the first before.
    #[must_use]
    pub(crate) const fn since(self, first: Version, before: &'static str, from: &'static str) -> &'static str {
        if (self as u8) < first as u8 { before } else { from }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Version::ALL
            .into_iter()
            .find(|version| version.word() == text || version.subject() == text)
            .ok_or_else(|| format!("there is no kernel \"{text}\" here; there are 6.1, 6.12 and 7.3"))
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn a_version_is_read_as_number_or_as_subject() {
        for version in Version::ALL {
            assert_eq!(version.word().parse(), Ok(version));
            assert_eq!(version.subject().parse(), Ok(version));
        }
        assert!("6.2".parse::<Version>().is_err_and(|error| error.contains("6.1, 6.12 and 7.3")));
    }
}
