//! `stalemap linux self-tests`: the kernel's own tests of its test driver, on the kernel as it is edited, and the tests
//! of huge pages that a native kernel brings with it.

use std::time::Duration;

use anyhow::{Context as _, Error, Result, bail};
use clap::Args;
use stalemap_commands::{Ending, output};
use stalemap_linux::{Cache, Flavour, HugeOrder, Kernels, Target, Version, last_words};
use stalemap_report::style::{BAD, GOOD};

use super::checks::WithChecks;
use super::which::chosen;

/// Run the kernel's own hmm-tests on it: an edit that breaks one of them is wrong. A native kernel, which runs no programs,
/// has tests of huge pages of its own instead
#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    after_help = "\
Examples:
  stalemap linux self-tests
  stalemap linux self-tests --version 6.12 --kasan
  stalemap linux self-tests --native --huge-order 2"
)]
pub(super) struct SelfTestsArguments {
    /// The kernel's version; all where none is given, and with --native the one that has huge pages
    #[arg(long, value_name = "VERSION")]
    version: Option<Version>,
    #[command(flatten)]
    checks: WithChecks,
    /// The one that runs as a native process
    #[arg(long)]
    native: bool,
    /// The one whose huge pages have two to this power pages, 2 or 3
    #[arg(long, value_name = "N", requires = "native", value_parser = HugeOrder::parse)]
    huge_order: Option<HugeOrder>,
}

/// How long the tests may take; about a minute without KASAN.
const PATIENCE: Duration = Duration::from_secs(300);

/// What is left out: a benchmark of 7.3, which shows how fast pages migrate and checks none of them. It wants a gigabyte at once (its
/// largest buffer has 256 MB, and as much each are a copy of it, the driver's buffer, and the memory behind the device), more than
/// the virtual machine has.
const LEFT_OUT: [&str; 2] = ["-T", "benchmark_thp_migration"];

/// What the tests came to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    passed: usize,
    skipped: usize,
    failed: Vec<String>,
    /// Whether all that were planned have ended.
    is_whole: bool,
}

pub(super) fn self_tests(cache: &Cache, arguments: &SelfTestsArguments) -> Result<Ending> {
    if arguments.native {
        return huge_tests(cache, arguments);
    }
    let mut ending = Ending::Agree;
    for version in chosen(arguments.version) {
        let flavour = Flavour::new(version, arguments.checks.checks());
        let kernels = Kernels::cached(cache, flavour, 0)?;
        let path = cache.tests(flavour);
        let program = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let console = kernels.run_alone(&program, &LEFT_OUT, PATIENCE)?;
        if !tell(&format!("hmm-tests on linux-{flavour}"), &console)? {
            ending = Ending::Diverge;
        }
    }
    Ok(ending)
}

/// The tests that a native kernel brings with it.
fn huge_tests(cache: &Cache, arguments: &SelfTestsArguments) -> Result<Ending> {
    let version = arguments.version.unwrap_or(Version::V7_3);
    if version < Version::V7_3 {
        bail!("linux-{version}-native has no huge pages, which its tests are about; that of {} has", Version::V7_3);
    }
    let mut target = Target::new(version, true).with_checks(arguments.checks.checks());
    if let Some(order) = arguments.huge_order {
        target = target.with_huge(order).map_err(Error::msg)?;
    }
    let console = Kernels::cached(cache, target, 0)?.self_tests(PATIENCE)?;
    let passes = tell(&format!("tests of huge pages on linux-{target}"), &console)?;
    Ok(if passes { Ending::Agree } else { Ending::Diverge })
}

/// Prints what tests came to; whether all have passed.
fn tell(what: &str, console: &str) -> Result<bool> {
    let totals = totals(console);
    for failed in &totals.failed {
        output::print_line(format_args!("{failed}"))?;
    }
    if !totals.is_whole {
        output::print_line(format_args!("Bail out! {}", last_words(console)))?;
    }
    let passes = totals.is_whole && totals.failed.is_empty();
    let verdict = if passes { format!("{GOOD}pass{GOOD:#}") } else { format!("{BAD}fail{BAD:#}") };
    output::print_line(format_args!(
        "{verdict}  {what}: {} passed, {} failed, {} skipped",
        totals.passed,
        totals.failed.len(),
        totals.skipped
    ))?;
    Ok(passes)
}

/// Reads the results, which are in the Test Anything Protocol, from all that the console shows.
fn totals(console: &str) -> Totals {
    let mut totals = Totals::default();
    let mut planned = None;
    for line in console.lines().map(str::trim_end) {
        if let Some(plan) = line.strip_prefix("1..") {
            planned = plan.parse().ok();
        } else if line.starts_with("not ok ") {
            totals.failed.push(line.to_string());
        } else if line.starts_with("ok ") && line.contains("# SKIP") {
            totals.skipped += 1;
        } else if line.starts_with("ok ") {
            totals.passed += 1;
        }
    }
    totals.is_whole = planned == Some(totals.passed + totals.skipped + totals.failed.len()) && planned != Some(0);
    totals
}

#[cfg(test)]
mod tests {
    use super::{Totals, totals};

    #[test]
    fn tests_are_counted_and_one_that_does_not_end_is_missed() {
        let console = "TAP version 13\r\n1..3\r\n#  RUN           hmm.a ...\r\nok 1 hmm.a\r\n\
                       ok 2 # SKIP hmm.b\r\n# x: expected 0\r\nnot ok 3 hmm.c\r\n";
        let failed = vec!["not ok 3 hmm.c".to_string()];
        assert_eq!(totals(console), Totals { passed: 1, skipped: 1, failed, is_whole: true });
        let cut = &console[..console.find("not ok").expect("it is there")];
        assert!(!totals(cut).is_whole);
        assert!(!totals("Kernel panic").is_whole && !totals("1..0\n").is_whole);
    }
}
