//! What is driven: a version of the kernel, in a virtual machine or as a native process.

use std::fmt;

use crate::flavour::Flavour;
use crate::huge::Asked;
use crate::huge_order::HugeOrder;
use crate::native::{Instrument, Native};
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
    /// The kernel of this version, as a native process or in a virtual machine, with KASAN or without.
    #[must_use]
    pub const fn new(version: Version, native: bool, kasan: bool) -> Target {
        if native {
            let instrument = if kasan { Instrument::Kasan } else { Instrument::None };
            Target::Native(Native { version, instrument, huge: None })
        } else {
            Target::Virtual(Flavour::new(version, kasan))
        }
    }

    /// All kernels that are subjects of their own, without KASAN.
    pub fn all() -> impl Iterator<Item = Target> {
        let plain = Version::ALL
            .into_iter()
            .flat_map(|version| [false, true].map(|native| Target::new(version, native, false)));
        let orders = [HugeOrder::Two, HugeOrder::Three];
        let native = orders.map(|huge| {
            Target::Native(Native { version: Version::V7_3, instrument: Instrument::None, huge: Some(huge) })
        });
        let scaled = [Version::V6_12, Version::V7_3].into_iter().flat_map(move |version| {
            orders.map(|huge| Target::Virtual(Flavour { huge: Some(huge), ..Flavour::new(version, false) }))
        });
        plain.chain(native).chain(scaled)
    }

    /// The same kernel with KASAN or without.
    #[must_use]
    pub const fn with_kasan(self, kasan: bool) -> Target {
        match (self, Target::new(self.version(), matches!(self, Target::Native(_)), kasan)) {
            (Target::Native(Native { huge, .. }), Target::Native(native)) => Target::Native(Native { huge, ..native }),
            (Target::Virtual(Flavour { huge, .. }), Target::Virtual(flavour)) => {
                Target::Virtual(Flavour { huge, ..flavour })
            }
            (_, plain) => plain,
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
                let (native, guest) = (Version::V7_3, Version::V6_12);
                Err(format!(
                    "machines with huge pages are those of {guest} in a virtual machine and of native {native}"
                ))
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

    /// Whether KASAN, the kernel's own finder of accesses to freed memory, is in it.
    #[must_use]
    pub const fn has_kasan(self) -> bool {
        match self {
            Target::Virtual(flavour) => flavour.kasan,
            Target::Native(native) => matches!(native.instrument, Instrument::Kasan),
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
