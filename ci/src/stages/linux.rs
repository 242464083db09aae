//! The stage that asks a real kernel: builds it, fuzzes beside it, finds the faults put into it, exports and tries two.

use anyhow::{Result, ensure};

use super::workshop::{Call, Workshop};

/// The faults of 2019: they must be found, and their exported programs must fail where they are and pass elsewhere.
const EXPORTED: [&str; 2] = ["stale_mapping", "subpage_pointer"];

pub(super) fn run(workshop: &Workshop) -> Result<()> {
    let seconds = workshop.seconds().unwrap_or(60).to_string();
    let folder = workshop.fresh_folder("linux")?;
    let found = folder.join("mutants");
    workshop.run(&stalemap(["linux", "build", "--yes"]))?;
    for subject in ["linux-6.1", "linux-6.12"] {
        let fuzz = stalemap(["fuzz", "--subject", subject, "--seconds", &seconds, "--seed", "1", "--out"]);
        workshop.run(&fuzz.argument(folder.join("finds")))?;
    }
    workshop.run(&stalemap(["linux", "mutants", "--out"]).argument(&found))?;
    for fault in EXPORTED {
        let program = folder.join(format!("{fault}.c"));
        let export = stalemap(["export", "--as", "c", "-o"]).argument(&program);
        workshop.run(&export.argument(found.join(format!("{fault}.trace"))))?;
        workshop.run(&stalemap(["linux", "try"]).argument(&program))?;
        let faulty = stalemap(["linux", "try", "--fault", fault]).argument(&program);
        let code = workshop.code(&faulty)?;
        ensure!(code == 1, "the program of {fault} ends with {code} on the kernel that has the fault, not with 1");
    }
    workshop.run(&stalemap(["linux", "conformance", "--runs", "5000", "--out"]).argument(folder.join("conformance.md")))
}

/// The program with these arguments, built as for users.
fn stalemap<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Call {
    Call::cargo(["run", "--release", "--locked", "--"]).arguments(arguments)
}
