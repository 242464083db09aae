//! `stalemap linux`: builds and boots the real kernel, and holds the reference against it.

mod boot;
mod build;
pub(crate) mod checks;
mod compare;
mod conformance;
mod coverage;
mod mutants;
mod record;
mod record_finding;
mod self_tests;
mod try_program;
mod which;

use anyhow::Result;
use clap::{Args, Subcommand};
use stalemap_commands::Ending;
use stalemap_linux::{Cache, Version};

use self::boot::BootArguments;
use self::build::BuildArguments;
use self::compare::CompareArguments;
use self::conformance::ConformanceArguments;
use self::coverage::CoverageArguments;
use self::mutants::MutantsArguments;
use self::record::RecordArguments;
use self::record_finding::RecordFindingArguments;
use self::self_tests::SelfTestsArguments;
use self::try_program::TryArguments;

/// Build and boot the real kernel, which is then a subject of its own
#[derive(Debug, Args)]
#[command(after_help = "\
The source comes from Debian's packages, gets a few edits, and is built with a small configuration; about 200 CPU \
seconds and 0.8 GB the first time, nothing the second. What is built stays in the user's cache folder.

Examples:
  stalemap linux build --yes
  stalemap linux build --native --yes
  stalemap fuzz --subject linux-6.1 --seconds 60
  stalemap linux build --native --version 7.3 --huge-order 3
  stalemap linux boot --version 6.12
  stalemap linux build --kasan --version 6.12
  stalemap linux build --native --debug-vm --version 7.3 --huge-order 2")]
pub(crate) struct LinuxArguments {
    #[command(subcommand)]
    command: LinuxCommand,
}

/// What is done with the kernel.
#[derive(Debug, Subcommand)]
enum LinuxCommand {
    Build(BuildArguments),
    Mutants(MutantsArguments),
    Conformance(ConformanceArguments),
    Compare(CompareArguments),
    Coverage(CoverageArguments),
    Record(RecordArguments),
    RecordFinding(RecordFindingArguments),
    SelfTests(SelfTestsArguments),
    Try(TryArguments),
    Boot(BootArguments),
}

pub(crate) fn linux(arguments: &LinuxArguments) -> Result<Ending> {
    let cache = Cache::of_the_user()?;
    match &arguments.command {
        LinuxCommand::Build(arguments) => build::build(&cache, arguments),
        LinuxCommand::Mutants(arguments) => mutants::mutants(&cache, arguments),
        LinuxCommand::Conformance(arguments) => conformance::conformance(&cache, arguments),
        LinuxCommand::Compare(arguments) => compare::compare(&cache, arguments),
        LinuxCommand::Coverage(arguments) => coverage::coverage(&cache, arguments),
        LinuxCommand::Record(arguments) => record::record(&cache, arguments),
        LinuxCommand::RecordFinding(arguments) => record_finding::record_finding(&cache, arguments),
        LinuxCommand::SelfTests(arguments) => self_tests::self_tests(&cache, arguments),
        LinuxCommand::Try(arguments) => try_program::try_program(&cache, arguments),
        LinuxCommand::Boot(arguments) => boot::boot(&cache, arguments),
    }
}

/// Builds a version of the kernel, as a native process or for a virtual machine; asks before packages are installed.
#[cfg(unix)]
pub(crate) fn build_version(version: Version, native: bool) -> Result<Ending> {
    build::build(&Cache::of_the_user()?, &BuildArguments::of(version, native))
}
