//! What is built: a version of the kernel, plain or with the sanitizer of memory accesses in it.

use std::fmt;

use crate::version::Version;

/// A kernel that can be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flavour {
    /// Its version.
    pub version: Version,
    /// Whether it is built with KASAN, the kernel's own finder of accesses to freed memory; many times slower.
    pub kasan: bool,
}

impl Flavour {
    /// The lines of configuration that the plain one does not have.
    #[must_use]
    pub(crate) const fn more_configuration(self) -> &'static str {
        if self.kasan { include_str!("../kernel/kasan.config") } else { "" }
    }

    /// Megabytes of memory that a guest of it needs.
    #[must_use]
    pub(crate) const fn memory(self) -> u32 {
        if self.kasan { 512 } else { 128 }
    }

    /// How many times slower than the plain one it is at the most; time limits are that much longer.
    #[must_use]
    pub(crate) const fn slowness(self) -> u32 {
        if self.kasan { 8 } else { 1 }
    }

    /// The options with which `stalemap linux build` builds it.
    #[must_use]
    pub fn options(self) -> String {
        format!("--version {}{}", self.version, if self.kasan { " --kasan" } else { "" })
    }
}

impl From<Version> for Flavour {
    fn from(version: Version) -> Flavour {
        Flavour { version, kasan: false }
    }
}

impl fmt::Display for Flavour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.version, if self.kasan { "-kasan" } else { "" })
    }
}
