//! `stalemap linux`: builds and boots the real kernel.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::{Result, bail};
use stalemap_harness::Settings;
use stalemap_linux::{Cache, Kernels, MUTANTS, TROPHIES, Version, build_guest, kernel, packages};

use crate::arguments::{LinuxArguments, LinuxCommand};
use crate::ending::Ending;
use crate::interrupt::interrupted;
use crate::linux_conformance::{self, Asked};
use crate::linux_mutants::{self, Hunt};
use crate::linux_record::{self, Wanted};
use crate::linux_try;
use crate::output;
use crate::status::Status;

pub(crate) fn linux(arguments: &LinuxArguments) -> Result<Ending> {
    let cache = Cache::of_the_user()?;
    match &arguments.command {
        LinuxCommand::Build { version, yes, keep_tree } => build(&cache, &chosen(*version), *yes, *keep_tree),
        LinuxCommand::Mutants { version, only, trophies, runs, seed, ops, seconds, out } => {
            let faults = if *trophies { TROPHIES } else { MUTANTS };
            let faults = linux_mutants::chosen(faults, only.as_deref())?;
            let settings = Settings { operations: *ops as usize, ..Settings::default() };
            let hunt =
                Hunt { version: *version, settings, runs: *runs, seed: *seed, patience: Duration::from_secs(*seconds) };
            linux_mutants::mutants(&cache, &faults, &hunt, out.as_deref())
        }
        LinuxCommand::Conformance { version, runs, seed, ops, corpus, out } => {
            let asked = Asked { versions: chosen(*version), runs: *runs, seed: *seed, operations: *ops as usize };
            linux_conformance::conformance(&cache, &asked, corpus, out)
        }
        LinuxCommand::Record { version, corpus, runs, most, seed, out } => {
            let wanted = Wanted { versions: chosen(*version), runs: *runs, most: *most, seed: *seed };
            linux_record::record(&cache, &wanted, corpus, out)
        }
        LinuxCommand::Try { file, version, fault } => {
            let kernels = Kernels::cached(&cache, *version, fault.map_or(0, |fault| 1 << fault.bit))?;
            linux_try::try_program(&kernels, file)
        }
        LinuxCommand::Boot { version } => boot(&cache, *version),
    }
}

/// The version that is asked for, or all.
fn chosen(version: Option<Version>) -> Vec<Version> {
    version.map_or(Version::ALL.to_vec(), |version| vec![version])
}

fn build(cache: &Cache, versions: &[Version], yes: bool, keep_tree: bool) -> Result<Ending> {
    cache.make()?;
    let wanted: Vec<Version> = versions.iter().copied().filter(|version| !cache.image(*version).exists()).collect();
    let mut missing: Vec<String> = wanted.iter().flat_map(|version| packages::missing(*version)).collect();
    missing.extend(packages::missing_to_run());
    missing.sort();
    missing.dedup();
    if !missing.is_empty() && !install(cache, &missing, yes)? {
        return Ok(Ending::Trouble);
    }
    let mut status = Status::new();
    status.show(|| "building the guest".to_string());
    build_guest(cache)?;
    for version in versions {
        let built = kernel::build(cache, *version, keep_tree, &mut |progress| status.show(|| progress.to_string()));
        if interrupted() {
            status.clear();
            return Ok(Ending::Interrupted);
        }
        let image = built?;
        status.aside(|| output::print_line(format_args!("{}  {}", version.subject(), image.display())))?;
    }
    status.clear();
    Ok(Ending::Agree)
}

/// Installs packages, if that is wanted.
fn install(cache: &Cache, missing: &[String], yes: bool) -> Result<bool> {
    output::tell(format_args!("packages that are needed and not there: {}", missing.join(" ")));
    if !yes {
        if !io::stdin().is_terminal() {
            bail!("nobody is there to ask; `--yes` installs them");
        }
        anstream::eprint!("Install them with apt-get? [y/N] ");
        io::stderr().flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        if !matches!(answer.trim(), "y" | "Y" | "yes") {
            output::tell("nothing is installed and nothing is built");
            return Ok(false);
        }
    }
    packages::install(missing, cache.make()?)?;
    Ok(true)
}

/// Boots a guest and prints what its kernel says.
fn boot(cache: &Cache, version: Version) -> Result<Ending> {
    let kernels = Kernels::cached(cache, version, 0)?;
    let (console, time) = kernels.look()?;
    output::print(console)?;
    output::tell(format_args!("{}: up after {:.1} s, and stopped", version.subject(), time.as_secs_f64()));
    Ok(Ending::Agree)
}
