//! What is driven: a version of the kernel, in a virtual machine or as a native process.

use std::fmt;

use crate::checks::Checks;
use crate::flavour::Flavour;
use crate::huge::Asked;
use crate::huge_order::HugeOrder;
use crate::native::Native;
use crate::recipe::Recipe;
use crate::version::Version;
use crate::way::Way;

/// A kernel, and how it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// In a virtual machine.
    Virtual(Flavour),
    /// As a native process.
    Native(Native),
}

impl Target {
    /// The kernel of this version with the usual checks, as a native process or in a virtual machine.
    #[must_use]
    pub const fn new(version: Version, native: bool) -> Target {
        if native {
            Target::Native(Native::usual(version))
        } else {
            Target::Virtual(Flavour::new(version, Checks::Usual))
        }
    }

    /// All kernels that are subjects of their own, with the usual checks.
    pub fn all() -> impl Iterator<Item = Target> {
        let plain =
            Version::ALL.into_iter().flat_map(|version| [false, true].map(|native| Target::new(version, native)));
        let orders = [HugeOrder::Two, HugeOrder::Three];
        let native = orders.map(|huge| Target::Native(Native { huge: Some(huge), ..Native::usual(Version::V7_3) }));
        let scaled = [Version::V6_12, Version::V7_3].into_iter().flat_map(move |version| {
            orders.map(|huge| Target::Virtual(Flavour { huge: Some(huge), ..Flavour::new(version, Checks::Usual) }))
        });
        plain.chain(native).chain(scaled)
    }

    /// The same kernel with these checks.
    #[must_use]
    pub const fn with_checks(self, checks: Checks) -> Target {
        match self {
            Target::Native(native) => Target::Native(Native { checks, ..native }),
            Target::Virtual(flavour) => Target::Virtual(Flavour { checks, ..flavour }),
        }
    }

    /// The same kernel with huge pages of this size. Those of a native kernel have so many pages; in a virtual machine a part
    /// of a huge page of x86 stands for each page.
    ///
    /// # Errors
    /// When it is none that is driven with huge pages.
    pub fn with_huge(self, order: HugeOrder) -> Result<Target, String> {
        match self {
            Target::Native(native) if native.version >= Version::V7_3 => {
                Ok(Target::Native(Native { huge: Some(order), ..native }))
            }
            Target::Virtual(flavour) if flavour.version >= Version::V6_12 => {
                Ok(Target::Virtual(Flavour { huge: Some(order), ..flavour }))
            }
            Target::Native(_) | Target::Virtual(_) => {
                let (both, guest) = (Version::V7_3, Version::V6_12);
                Err(format!("kernels with huge pages are those of {both}, and of {guest} in a virtual machine"))
            }
        }
    }

    /// The version.
    #[must_use]
    pub const fn version(self) -> Version {
        match self {
            Target::Virtual(flavour) => flavour.version,
            Target::Native(native) => native.version,
        }
    }

    /// Who does the operations in it.
    #[must_use]
    pub const fn way(self) -> Way {
        match self {
            Target::Virtual(_) => Way::Guest,
            Target::Native(_) => Way::Agent,
        }
    }

    /// The name of the subject: `linux-6.12`, `linux-6.12-native`.
    #[must_use]
    pub const fn subject(self) -> &'static str {
        self.asked().subject()
    }

    /// The kernel as a subject.
    #[must_use]
    pub const fn asked(self) -> Asked {
        let huge = match self {
            Target::Virtual(flavour) => flavour.huge,
            Target::Native(native) => native.huge,
        };
        Asked { version: self.version(), way: self.way(), huge }
    }

    /// What it checks of itself.
    #[must_use]
    pub const fn checks(self) -> Checks {
        match self {
            Target::Virtual(flavour) => flavour.checks,
            Target::Native(native) => native.checks,
        }
    }

    /// The options with which `stalemap linux build` builds it.
    #[must_use]
    pub fn options(self) -> String {
        match self {
            Target::Virtual(flavour) => flavour.options(),
            Target::Native(native) => native.options(),
        }
    }
}

impl From<Version> for Target {
    fn from(version: Version) -> Target {
        Target::Virtual(version.into())
    }
}

impl From<Flavour> for Target {
    fn from(flavour: Flavour) -> Target {
        Target::Virtual(flavour)
    }
}

impl From<Target> for Recipe {
    fn from(target: Target) -> Recipe {
        match target {
            Target::Virtual(flavour) => flavour.recipe(),
            Target::Native(native) => native.recipe(),
        }
    }
}

impl From<Native> for Target {
    fn from(native: Native) -> Target {
        Target::Native(native)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Virtual(flavour) => flavour.fmt(f),
            Target::Native(native) => native.fmt(f),
        }
    }
}
