//! Which of the kernels that are built.

use clap::Args;
use stalemap_linux::{Target, Version};

/// One of the kernels that are built.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Which {
    /// The kernel's version
    #[arg(long, value_name = "VERSION", default_value_t)]
    version: Version,
    /// The one that is built with KASAN
    #[arg(long)]
    kasan: bool,
    /// The one that runs as a native process
    #[arg(long)]
    native: bool,
}

impl From<Which> for Target {
    fn from(Which { version, kasan, native }: Which) -> Target {
        Target::new(version, native, kasan)
    }
}

/// The version that is asked for, or all.
pub(super) fn chosen(version: Option<Version>) -> Vec<Version> {
    version.map_or(Version::ALL.to_vec(), |version| vec![version])
}
