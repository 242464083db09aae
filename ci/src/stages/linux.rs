//! The stage that asks real kernels: builds them, fuzzes beside them, finds the faults in them, and tries the programs
//! that tell these faults.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::workshop::{Call, Workshop, entries_of};

/// Mutants whose exported programs must fail where the fault is and pass elsewhere: those of 2019, and one that shows in
/// nothing but an entry.
const EXPORTED: [&str; 3] = ["stale_mapping", "subpage_pointer", "protect_leaves_device_writable"];

/// Where the programs of Linux's own faults are kept.
const TROPHIES: &str = "corpus/linux/trophies";

pub(super) fn run(workshop: &Workshop) -> Result<()> {
    let seconds = workshop.seconds().unwrap_or(60).to_string();
    let folder = workshop.fresh_folder("linux")?;
    workshop.run(&stalemap(["linux", "build", "--yes"]))?;
    for subject in ["linux-6.1", "linux-6.12"] {
        let fuzz = stalemap(["fuzz", "--subject", subject, "--seconds", &seconds, "--seed", "1", "--out"]);
        workshop.run(&fuzz.argument(folder.join("finds")))?;
    }
    mutants(workshop, &folder)?;
    trophies(workshop, &folder)?;
    workshop.run(&stalemap(["linux", "conformance", "--runs", "5000", "--out"]).argument(folder.join("conformance.md")))
}

fn mutants(workshop: &Workshop, folder: &Path) -> Result<()> {
    let found = folder.join("mutants");
    workshop.run(&stalemap(["linux", "mutants", "--out"]).argument(&found))?;
    for fault in EXPORTED {
        let program = folder.join(format!("{fault}.c"));
        let export = stalemap(["export", "--as", "c", "-o"]).argument(&program);
        workshop.run(&export.argument(found.join(format!("{fault}.trace"))))?;
        tells(workshop, fault, &program)?;
    }
    Ok(())
}

fn trophies(workshop: &Workshop, folder: &Path) -> Result<()> {
    let found = folder.join("trophies");
    workshop.run(&stalemap(["linux", "mutants", "--trophies", "--runs", "20000", "--out"]).argument(&found))?;
    for program in programs(&workshop.root().join(TROPHIES))? {
        let fault = program.file_stem().context("a program has a name")?.to_string_lossy().into_owned();
        tells(workshop, &fault, &program)?;
    }
    // What reads freed memory is told by the kernel's own finder of such accesses.
    workshop.run(&stalemap(["linux", "build", "--yes", "--kasan", "--version", "6.12"]))?;
    let kasan = ["linux", "mutants", "--trophies", "--only", "device_range_keeps_no_anon_vma", "--kasan"];
    workshop.run(&stalemap(kasan).arguments(["--version", "6.12", "--out"]).argument(folder.join("kasan")))
}

/// A program passes on the kernel as it is edited, and fails on the one that has the fault.
fn tells(workshop: &Workshop, fault: &str, program: &Path) -> Result<()> {
    workshop.run(&stalemap(["linux", "try"]).argument(program))?;
    let code = workshop.code(&stalemap(["linux", "try", "--fault", fault]).argument(program))?;
    ensure!(code == 1, "the program of {fault} ends with {code} on the kernel that has the fault, not with 1");
    Ok(())
}

fn programs(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut programs = entries_of(folder)?;
    programs.retain(|path| path.extension().is_some_and(|extension| extension == "c"));
    ensure!(!programs.is_empty(), "{} holds no programs", folder.display());
    Ok(programs)
}

/// The program with these arguments, built as for users.
fn stalemap<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Call {
    Call::cargo(["run", "--release", "--locked", "--"]).arguments(arguments)
}
