//! `stalemap linux`: builds and boots the real kernel.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use stalemap_linux::{Cache, Fault, Flavour, Kernels, MUTANTS, TROPHIES, Version, build_guest, kernel, packages};

use crate::ending::Ending;
use crate::interrupt::interrupted;
use crate::linux_conformance::{self, Extent};
use crate::linux_mutants::{self, Hunt};
use crate::linux_record::{self, Wanted};
use crate::linux_try;
use crate::output;
use crate::status::Status;

/// Build and boot the real kernel, which is then a subject of its own
#[derive(Debug, Args)]
#[command(after_help = "\
The source comes from Debian's packages, gets a few edits, and is built with a small configuration; about 200 CPU
seconds and 1.7 GB the first time, nothing the second. What is built stays in the user's cache folder.

Examples:
  stalemap linux build --yes
  stalemap fuzz --subject linux-6.1 --seconds 60
  stalemap linux boot --version 6.12
  stalemap linux build --kasan --version 6.12")]
pub(crate) struct LinuxArguments {
    #[command(subcommand)]
    pub(crate) command: LinuxCommand,
}

/// One of the kernels that are built.
#[derive(Clone, Copy, Debug, Args)]
#[command(disable_version_flag = true)]
pub(crate) struct Which {
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

/// What is done with the kernel.
#[derive(Debug, Subcommand)]
pub(crate) enum LinuxCommand {
    /// Install what is missing, build the kernel and the guest
    #[command(disable_version_flag = true)]
    Build {
        /// The kernel's version; both where none is given
        #[arg(long, value_name = "VERSION")]
        version: Option<Version>,
        /// With KASAN, the kernel's own finder of accesses to freed memory; about 600 CPU seconds
        #[arg(long)]
        kasan: bool,
        /// Do not ask before packages are installed
        #[arg(long)]
        yes: bool,
        /// Keep the source tree, for quick builds after a change of the edits
        #[arg(long)]
        keep_tree: bool,
    },
    /// Put known faults into the running kernel, one after the other, and see whether they are found
    #[command(disable_version_flag = true)]
    Mutants {
        #[command(flatten)]
        kernel: Which,
        /// Only the fault with this name
        #[arg(long, value_name = "NAME")]
        only: Option<String>,
        /// Faults of the kernel as it is, which are hidden in all other runs, instead of mutants
        #[arg(long)]
        trophies: bool,
        /// Give up on a fault after this many executions
        #[arg(long, value_name = "N", default_value_t = 5_000)]
        runs: u64,
        /// Seed of the executions
        #[arg(long, value_name = "S", default_value_t = 1)]
        seed: u64,
        /// The most operations in an execution; as many as suit the fault where nothing is given
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
        ops: Option<u32>,
        /// Minimise for at most this many seconds each
        #[arg(long, value_name = "N", default_value_t = 300)]
        seconds: u64,
        /// The folder for the minimised traces
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Hold the reference against the kernel, on the corpus and on generated executions, and write the report
    #[command(disable_version_flag = true)]
    Conformance {
        /// The kernel's version; both where none is given
        #[arg(long, value_name = "VERSION")]
        version: Option<Version>,
        /// Executions of each version
        #[arg(long, value_name = "N", default_value_t = 100_000)]
        runs: u64,
        /// Seed of the executions
        #[arg(long, value_name = "S", default_value_t = 1)]
        seed: u64,
        /// The most operations in an execution
        #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1024))]
        ops: u32,
        /// Traces that are replayed first, or folders of them
        #[arg(long, value_name = "FILE|DIR", default_value = "corpus/spec")]
        corpus: Vec<PathBuf>,
        /// Where the report goes
        #[arg(long, value_name = "FILE", default_value = "CONFORMANCE.md")]
        out: PathBuf,
    },
    /// Write down what the kernel answers and shows, so that it can be replayed without it
    #[command(disable_version_flag = true)]
    Record {
        /// The kernel's version; both where none is given
        #[arg(long, value_name = "VERSION")]
        version: Option<Version>,
        /// Traces that are recorded, or folders of them
        #[arg(long, value_name = "FILE|DIR", default_value = "corpus/spec")]
        corpus: Vec<PathBuf>,
        /// Generated executions of which those are recorded that meet something new
        #[arg(long, value_name = "N", default_value_t = 20_000)]
        runs: u64,
        /// The most of them that are recorded
        #[arg(long, value_name = "N", default_value_t = 150)]
        most: usize,
        /// Seed of the executions
        #[arg(long, value_name = "S", default_value_t = 1)]
        seed: u64,
        /// The folder for the transcripts
        #[arg(long, value_name = "DIR", default_value = "corpus/linux")]
        out: PathBuf,
    },
    /// Compile an exported C program and run it as the only process of a kernel
    #[command(disable_version_flag = true)]
    Try {
        /// The program
        file: PathBuf,
        #[command(flatten)]
        kernel: Which,
        /// A fault that is switched on in the kernel
        #[arg(long, value_name = "NAME", value_parser = Fault::by_name)]
        fault: Option<Fault>,
    },
    /// Boot the kernel, for a look at its console
    #[command(disable_version_flag = true)]
    Boot {
        #[command(flatten)]
        kernel: Which,
    },
}

pub(crate) fn linux(arguments: &LinuxArguments) -> Result<Ending> {
    let cache = Cache::of_the_user()?;
    match &arguments.command {
        LinuxCommand::Build { version, kasan, yes, keep_tree } => {
            let flavours = chosen(*version).into_iter().map(|version| Flavour { version, kasan: *kasan });
            build(&cache, &flavours.collect::<Vec<_>>(), *yes, *keep_tree)
        }
        LinuxCommand::Mutants { kernel, only, trophies, runs, seed, ops, seconds, out } => {
            let faults = if *trophies { TROPHIES } else { MUTANTS };
            let faults = linux_mutants::chosen(faults, only.as_deref())?;
            let patience = Duration::from_secs(*seconds);
            let hunt = Hunt { kernel: (*kernel).into(), operations: *ops, runs: *runs, seed: *seed, patience };
            linux_mutants::mutants(&cache, &faults, &hunt, out.as_deref())
        }
        LinuxCommand::Conformance { version, runs, seed, ops, corpus, out } => {
            let extent = Extent { versions: chosen(*version), runs: *runs, seed: *seed, operations: *ops as usize };
            linux_conformance::conformance(&cache, &extent, corpus, out)
        }
        LinuxCommand::Record { version, corpus, runs, most, seed, out } => {
            let wanted = Wanted { versions: chosen(*version), runs: *runs, most: *most, seed: *seed };
            linux_record::record(&cache, &wanted, corpus, out)
        }
        LinuxCommand::Try { file, kernel, fault } => {
            let kernels = Kernels::cached(&cache, *kernel, fault.map_or(0, |fault| 1 << fault.bit))?;
            linux_try::try_program(&kernels, file)
        }
        LinuxCommand::Boot { kernel } => boot(&cache, (*kernel).into()),
    }
}

/// The version that is asked for, or all.
fn chosen(version: Option<Version>) -> Vec<Version> {
    version.map_or(Version::ALL.to_vec(), |version| vec![version])
}

fn build(cache: &Cache, flavours: &[Flavour], yes: bool, keep_tree: bool) -> Result<Ending> {
    cache.make()?;
    let wanted = flavours.iter().filter(|flavour| !cache.image(**flavour).exists());
    let mut missing: Vec<String> = wanted.flat_map(|flavour| packages::missing(flavour.version)).collect();
    missing.extend(packages::missing_to_run());
    missing.sort();
    missing.dedup();
    if !missing.is_empty() && !install(cache, &missing, yes)? {
        return Ok(Ending::Trouble);
    }
    let mut status = Status::new();
    status.show(|| "building the guest".to_string());
    build_guest(cache)?;
    for flavour in flavours {
        let built = kernel::build(cache, *flavour, keep_tree, &mut |progress| status.show(|| progress.to_string()));
        if interrupted() {
            status.clear();
            return Ok(Ending::Interrupted);
        }
        let image = built?;
        status.aside(|| output::print_line(format_args!("linux-{flavour}  {}", image.display())))?;
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
fn boot(cache: &Cache, flavour: Flavour) -> Result<Ending> {
    let kernels = Kernels::cached(cache, flavour, 0)?;
    let (console, time) = kernels.look()?;
    output::print(console)?;
    output::tell(format_args!("linux-{flavour}: up after {:.1} s, and stopped", time.as_secs_f64()));
    Ok(Ending::Agree)
}
