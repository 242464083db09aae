//! `stalemap linux build`: installs what is missing, and builds kernels and the guest.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::ops::ControlFlow;

use anyhow::{Error, Result, bail};
use clap::Args;
use stalemap_commands::interrupt::{Interrupted, interrupted, or_interrupted};
use stalemap_commands::status::Status;
use stalemap_commands::{Ending, output};
use stalemap_linux::kernel::Stopped;
use stalemap_linux::{Cache, Flavour, HugeOrder, Native, Recipe, Version, build_guest, kernel, packages};

use super::checks::WithChecks;
use super::which::chosen;

/// Install what is missing, build the kernel and the guest
#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    after_help = "\
Examples:
  stalemap linux build --version 6.12
  stalemap linux build --native --yes
  stalemap linux build --native --version 7.3 --huge-order 3
  stalemap linux build --native --coverage --version 6.12"
)]
pub(super) struct BuildArguments {
    /// The kernel's version; all where none is given
    #[arg(long, value_name = "VERSION")]
    version: Option<Version>,
    #[command(flatten)]
    checks: WithChecks,
    /// As a process of this machine, with the agent in the kernel, in place of a kernel for a virtual machine
    #[arg(long)]
    native: bool,
    /// With counters of the places that are passed in the code that moves pages
    #[arg(long, requires = "native", conflicts_with_all = ["kasan", "debug_vm"])]
    coverage: bool,
    /// With huge pages of two to this power pages, 2 or 3; of version 7.3
    #[arg(long, value_name = "N", requires = "native", value_parser = HugeOrder::parse)]
    huge_order: Option<HugeOrder>,
    /// Do not ask before packages are installed
    #[arg(long)]
    yes: bool,
    /// Keep the source tree, for quick builds after a change of the edits
    #[arg(long)]
    keep_tree: bool,
}

impl BuildArguments {
    /// This version and nothing special.
    pub(super) fn of(version: Version, native: bool) -> BuildArguments {
        let (checks, coverage, yes, keep_tree) = (WithChecks::default(), false, false, false);
        BuildArguments { version: Some(version), checks, native, coverage, huge_order: None, yes, keep_tree }
    }
}

pub(super) fn build(cache: &Cache, arguments: &BuildArguments) -> Result<Ending> {
    let BuildArguments { version, yes, keep_tree, native, .. } = *arguments;
    if arguments.huge_order.is_some() && version != Some(Version::V7_3) {
        bail!("--huge-order needs --version {}: no other kernel has huge pages on devices", Version::V7_3);
    }
    let recipes: Vec<Recipe> = chosen(version).into_iter().map(|version| recipe(version, arguments)).collect();
    cache.make()?;
    let wanted = recipes.iter().filter(|recipe| !cache.image((*recipe).clone()).exists());
    let mut missing: Vec<String> = wanted.flat_map(|recipe| packages::missing(cache, recipe.version)).collect();
    if !native {
        missing.extend(packages::missing_to_run());
    }
    missing.sort();
    missing.dedup();
    if !missing.is_empty() && !install(cache, &missing, yes)? {
        return Ok(Ending::Trouble);
    }
    let mut status = Status::new();
    let tell = &mut |status: &mut Status, progress: &str| {
        status.show(|| progress.to_string());
        if interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    if !native {
        build_guest(cache, &mut |progress| tell(&mut status, progress)).map_err(stopped)?;
    }
    for recipe in recipes {
        let name = recipe.name.clone();
        let built = kernel::build(cache, recipe, keep_tree, &mut |progress| tell(&mut status, progress));
        let image = built.map_err(stopped)?;
        status.aside(|| output::print_line(format_args!("linux-{name}  {}", image.display())))?;
    }
    status.clear();
    Ok(Ending::Agree)
}

/// What is asked for, of one version.
fn recipe(version: Version, arguments: &BuildArguments) -> Recipe {
    let BuildArguments { checks, native, coverage: counts_passes, huge_order: huge, .. } = *arguments;
    let checks = checks.checks();
    if native {
        Native { version, checks, counts_passes, huge }.recipe()
    } else {
        Flavour::new(version, checks).recipe()
    }
}

/// Work that was stopped was so because the user interrupted.
fn stopped(error: Error) -> Error {
    if error.is::<Stopped>() { Interrupted.into() } else { error }
}

/// Installs packages, if that is wanted.
fn install(cache: &Cache, missing: &[String], yes: bool) -> Result<bool> {
    output::tell(format_args!("packages that are needed and not there: {}", missing.join(" ")));
    if !yes {
        if !io::stdin().is_terminal() {
            bail!("stdin is no terminal, so nothing can be asked; `--yes` installs them");
        }
        anstream::eprint!("Install them with apt-get? [y/N] ");
        io::stderr().flush()?;
        let answer = or_interrupted(|| {
            let mut answer = String::new();
            io::stdin().lock().read_line(&mut answer).map(|_| answer)
        })??;
        if !matches!(answer.trim(), "y" | "Y" | "yes") {
            output::tell("nothing is installed and nothing is built");
            return Ok(false);
        }
    }
    cache.make()?;
    packages::install(missing, cache)?;
    Ok(true)
}
