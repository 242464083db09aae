//! The options that choose one of the kernels that are built.

use anyhow::{Error, Result};
use clap::Args;
use stalemap_linux::{HugeOrder, Target, Version};

use super::checks::WithChecks;

/// One of the kernels that are built.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Which {
    /// The kernel's version
    #[arg(long, value_name = "VERSION", default_value_t)]
    version: Version,
    #[command(flatten)]
    checks: WithChecks,
    /// The one that runs as a native process
    #[arg(long)]
    native: bool,
    /// With huge pages of two to this power pages, 2 or 3
    #[arg(long, value_name = "N", value_parser = HugeOrder::parse)]
    huge_order: Option<HugeOrder>,
}

impl Which {
    /// The kernel.
    pub(super) fn target(self) -> Result<Target> {
        let target = Target::new(self.version, self.native).with_checks(self.checks.checks());
        self.huge_order.map_or(Ok(target), |order| target.with_huge(order).map_err(Error::msg))
    }
}

/// The version that is asked for, or all.
pub(super) fn chosen(version: Option<Version>) -> Vec<Version> {
    version.map_or(Version::ALL.to_vec(), |version| vec![version])
}
