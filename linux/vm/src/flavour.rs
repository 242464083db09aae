//! What is built for a virtual machine: a version of the kernel, plain or with KASAN in it.

use std::fmt;

use crate::edits::{additions, edits, run_edits};
use crate::huge_order::HugeOrder;
use crate::recipe::Recipe;
use crate::version::Version;

/// The configuration of every kernel of a virtual machine.
const CONFIGURATION: &str = include_str!("../kernel/hmm.config");

/// A kernel that can be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flavour {
    /// Its version.
    pub version: Version,
    /// Whether it is built with KASAN, the kernel's own finder of accesses to freed memory; many times slower.
    pub kasan: bool,
    /// The order of the huge pages of its machines. Those of x86 have 512 pages, whatever it is: several pages of the kernel
    /// stand for one.
    pub huge: Option<HugeOrder>,
}

impl Flavour {
    /// For machines without huge pages.
    #[must_use]
    pub const fn new(version: Version, kasan: bool) -> Flavour {
        Flavour { version, kasan, huge: None }
    }

    /// The lines of configuration that the plain one does not have.
    #[must_use]
    const fn more_configuration(self) -> &'static str {
        if self.kasan { include_str!("../kernel/kasan.config") } else { "" }
    }

    /// How it is built.
    #[must_use]
    pub fn recipe(self) -> Recipe {
        let mut needed = vec!["CONFIG_TEST_HMM=y", "CONFIG_DEVICE_PRIVATE=y", "CONFIG_VIRTIO_CONSOLE=y"];
        if self.kasan {
            needed.push("CONFIG_KASAN_GENERIC=y");
        }
        Recipe {
            name: self.to_string(),
            version: self.version,
            additions: additions(),
            edits: [edits(self.version), run_edits(self.version)].concat(),
            configuration: vec![CONFIGURATION, self.more_configuration()],
            needed,
            architecture: "x86_64",
            target: "bzImage",
            built: "arch/x86/boot/bzImage",
            image: "bzImage",
            output: if self.kasan { "output-kasan" } else { "output" }.to_string(),
            has_tests: true,
            seconds: if self.kasan { 600 } else { 200 },
        }
    }

    /// Megabytes of memory that a guest of it needs. Below 512 MB of free memory a kernel has no huge pages
    /// (`hugepage_init`, mm/huge_memory.c).
    #[must_use]
    pub(crate) const fn memory(self) -> u32 {
        match (self.version, self.kasan, self.huge) {
            (Version::V6_1 | Version::V6_12, false, None) => 128,
            (Version::V6_1 | Version::V6_12, true, None) => 512,
            (Version::V7_3, false, None) => 640,
            (_, true, _) | (_, false, Some(_)) => 1024,
        }
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
        Flavour::new(version, false)
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
        write!(f, "{}{}", self.version, if self.kasan { "-kasan" } else { "" })
    }
}
