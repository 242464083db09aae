//! The kernel of a virtual machine: a version, and what it checks of itself.

use std::fmt;

use crate::checks::Checks;
use crate::edits::{additions, edits, run_edits};
use crate::huge_order::HugeOrder;
use crate::recipe::Recipe;
use crate::version::Version;

/// The configuration of every kernel of a virtual machine.
const CONFIGURATION: &str = include_str!("../kernel/hmm.config");

/// What KASAN needs beside that.
const KASAN: &str = include_str!("../kernel/kasan.config");

/// A kernel that can be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flavour {
    /// Its version.
    pub version: Version,
    /// What it checks of itself.
    pub checks: Checks,
    /// The order of the huge pages of its machines. Those of x86 have 512 pages, whatever it is: several pages of the kernel
    /// stand for one.
    pub huge: Option<HugeOrder>,
}

impl Flavour {
    /// For machines without huge pages.
    #[must_use]
    pub const fn new(version: Version, checks: Checks) -> Flavour {
        Flavour { version, checks, huge: None }
    }

    /// How it is built.
    #[must_use]
    pub fn recipe(self) -> Recipe {
        let mut needed = vec!["CONFIG_TEST_HMM=y", "CONFIG_DEVICE_PRIVATE=y", "CONFIG_VIRTIO_CONSOLE=y"];
        needed.extend(self.checks.needed());
        Recipe {
            name: self.to_string(),
            version: self.version,
            additions: additions(),
            edits: [edits(self.version), run_edits(self.version)].concat(),
            configuration: vec![CONFIGURATION, self.checks.configuration(KASAN)],
            needed,
            architecture: "x86_64",
            target: "bzImage",
            built: "arch/x86/boot/bzImage",
            image: "bzImage",
            output: format!("output{}", self.checks.suffix()),
            has_tests: true,
            seconds: if self.checks == Checks::Kasan { 600 } else { 200 },
        }
    }

    /// Megabytes of memory that a guest of it needs. Below 512 MB of free memory a kernel has no huge pages
    /// (`hugepage_init`, mm/huge_memory.c).
    #[must_use]
    pub(crate) const fn memory(self) -> u32 {
        match (self.version, self.checks, self.huge) {
            (Version::V6_1 | Version::V6_12, Checks::Usual | Checks::DebugVm, None) => 128,
            (Version::V6_1 | Version::V6_12, Checks::Kasan, None) => 512,
            (Version::V7_3, Checks::Usual | Checks::DebugVm, None) => 640,
            (_, Checks::Kasan, _) | (_, _, Some(_)) => 1024,
        }
    }

    /// The options with which `stalemap linux build` builds it.
    #[must_use]
    pub fn options(self) -> String {
        format!("--version {}{}", self.version, self.checks.option())
    }
}

impl From<Version> for Flavour {
    fn from(version: Version) -> Flavour {
        Flavour::new(version, Checks::Usual)
    }
}

impl From<Flavour> for Recipe {
    fn from(flavour: Flavour) -> Recipe {
        flavour.recipe()
    }
}

impl From<Version> for Recipe {
    fn from(version: Version) -> Recipe {
        Flavour::from(version).recipe()
    }
}

impl fmt::Display for Flavour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.version, self.checks.suffix())
    }
}
