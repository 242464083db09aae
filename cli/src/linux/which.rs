//! Which of the kernels that are built.

use clap::Args;
use stalemap_linux::{Flavour, Version};

/// One of the kernels that are built.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Which {
    /// The kernel's version
    #[arg(long, value_name = "VERSION", default_value_t)]
    version: Version,
    /// The one that is built with KASAN
    #[arg(long)]
    kasan: bool,
}

impl From<Which> for Flavour {
    fn from(Which { version, kasan }: Which) -> Flavour {
        Flavour { version, kasan }
    }
}

/// The version that is asked for, or all.
pub(super) fn chosen(version: Option<Version>) -> Vec<Version> {
    version.map_or(Version::ALL.to_vec(), |version| vec![version])
}
