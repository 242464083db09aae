//! The stage that asks the kernel as a native process: builds it as a new user would, fuzzes beside it, and finds the
//! faults in it.

use std::path::Path;

use anyhow::{Result, ensure};
use xshell::cmd;

use super::exhaust::Certificate;
use crate::context::{Context, code_and_stdout, exit_code};

/// The versions that are asked.
const VERSIONS: [&str; 3] = ["6.1", "6.12", "7.3"];
/// Every operation from every state of a tiny machine.
const CERTIFICATE: Certificate =
    Certificate { kept: "ci/exhaust-linux-6.12-native.txt", subject: &["--subject", "linux-6.12-native"], depth: 5 };
/// The orders that a huge page of 7.3 can have beside that of x86.
const HUGE_ORDERS: [&str; 2] = ["2", "3"];
/// Programs that each version and the reference must agree on.
const PROGRAMS: &str = "1000000";

pub(super) fn run(context: &Context) -> Result<()> {
    let seconds = context.seconds(60);
    let folder = context.fresh_folder("native")?;
    for version in VERSIONS {
        let subject = format!("linux-{version}-native");
        build(context, version, &[])?;
        let fuzz = context.stalemap().args(["fuzz", "--subject", &subject, "--seconds", &seconds, "--seed", "1"]);
        fuzz.arg("--out").arg(folder.join("findings")).run()?;
        let mutants = context.stalemap().args(["linux", "mutants", "--native", "--version", version]);
        mutants.arg("--out").arg(folder.join(version)).run()?;
    }
    functions_of_the_table(context)?;
    both_of_2019(context)?;
    since_when(context, &folder.join("6.1"))?;
    CERTIFICATE.check(context)?;
    huge_pages(context)?;
    checked_by_itself(context, &seconds)?;
    let conformance = context.stalemap().args(["linux", "conformance", "--runs", "0", "--native-runs", PROGRAMS]);
    Ok(conformance.arg("--out").arg(folder.join("conformance.md")).run()?)
}

/// Builds a native kernel of a version, with these options.
fn build(context: &Context, version: &str, more: &[&str]) -> Result<()> {
    let build = context.stalemap().args(["linux", "build", "--native", "--yes", "--version", version]);
    Ok(build.args(more).run()?)
}

/// The functions of Linux that the table of operations names are there.
fn functions_of_the_table(context: &Context) -> Result<()> {
    let sh = &context.sh;
    Ok(cmd!(sh, "cargo test --quiet --locked -p stalemap-linux --test functions -- --include-ignored").run()?)
}

/// Huge pages of each size go to a device and back.
fn huge_pages(context: &Context) -> Result<()> {
    let self_tests = ["linux", "self-tests", "--native", "--version", "7.3"];
    context.stalemap().args(self_tests).run()?;
    for order in HUGE_ORDERS {
        build(context, "7.3", &["--huge-order", order])?;
        context.stalemap().args(self_tests).args(["--huge-order", order]).run()?;
    }
    Ok(())
}

/// A kernel that checks what it claims of its own state has nothing to say, and stops at the fault that breaks a claim.
fn checked_by_itself(context: &Context, seconds: &str) -> Result<()> {
    build(context, "7.3", &["--huge-order", "2", "--debug-vm"])?;
    let subject = ["--subject", "linux-7.3-native-huge2", "--debug-vm"];
    let folder = context.fresh_folder("native-debug-vm")?;
    let fuzz = context.stalemap().arg("fuzz").args(subject).args(["--seconds", seconds, "--seed", "1", "--out"]);
    fuzz.arg(folder).run()?;
    let run = context.stalemap().arg("run").args(subject).args(["--fault", "split_in_one_space"]);
    let (code, said) = code_and_stdout(run.arg("corpus/linux/trophies/huge/split_in_one_space.trace"))?;
    ensure!(code == 1 && said.contains("BUG: failure at mm/migrate.c"), "{code}: {said}");
    Ok(())
}

/// The version is named with which a fault of 2019 begins, on the way back from the newest kernel: what shows in 6.1 and in
/// none of the later ones.
fn since_when(context: &Context, found: &Path) -> Result<()> {
    let bisect = context.stalemap().arg("bisect").arg(found.join("stale_mapping.trace"));
    let bisect = bisect.args(["--good", "linux-7.3-native", "--bad", "linux-6.1-native", "--fault", "stale_mapping"]);
    let said = bisect.read()?;
    ensure!(said.contains("begins with linux-6.1-native; linux-6.12-native does not show it"), "bisect says {said}");
    Ok(())
}

/// The two faults of 2019, put back into 6.1, are found in the first thousand programs.
fn both_of_2019(context: &Context) -> Result<()> {
    let folder = context.fresh_folder("native-2019")?;
    for fault in ["stale_mapping", "subpage_pointer"] {
        let fuzz = ["fuzz", "--subject", "linux-6.1-native", "--runs", "1000", "--max-findings", "1", "--seed", "1"];
        let fuzz = context.stalemap().args(fuzz).args(["--fault", fault, "--out"]).arg(&folder);
        let code = exit_code(fuzz)?;
        ensure!(code == 1, "{fault}: the campaign ends with {code}, not with 1");
    }
    Ok(())
}
