//! `stalemap linux boot`: boots a kernel and prints its console.

use anyhow::Result;
use clap::Args;
use stalemap_commands::{Ending, output};
use stalemap_linux::{Cache, Kernels};

use super::which::Which;

/// Boot the kernel, for a look at its console
#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    after_help = "\
Examples:
  stalemap linux boot
  stalemap linux boot --version 6.12 --kasan
  stalemap linux boot --native --version 7.3 --huge-order 2"
)]
pub(super) struct BootArguments {
    #[command(flatten)]
    kernel: Which,
}

/// Boots a guest and prints what its kernel says.
pub(super) fn boot(cache: &Cache, arguments: &BootArguments) -> Result<Ending> {
    let target = arguments.kernel.target()?;
    let kernels = Kernels::cached(cache, target, 0)?;
    let (console, time) = kernels.look()?;
    output::print(console)?;
    output::tell(format_args!("linux-{target}: up after {:.1} s, and stopped", time.as_secs_f64()));
    Ok(Ending::Agree)
}
