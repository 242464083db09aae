//! The stage that asks real kernels: builds them, fuzzes beside them, finds the faults in them, and tries the programs
//! that show these faults.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use xshell::{Cmd, cmd};

use crate::context::{Context, exit_code};

/// Mutants whose exported programs must fail where the fault is and pass elsewhere: those of 2019, and one that shows in
/// nothing but an entry.
const EXPORTED: [&str; 3] = ["stale_mapping", "subpage_pointer", "protect_leaves_device_writable"];

/// The traces of Linux's own faults.
const TROPHIES: [&str; 2] = ["corpus/linux/trophies", "corpus/linux/trophies/huge"];

/// Those that no C program shows: frames are freed in blocks, and a program sees no mapcount of a page of a device.
const NOT_SHOWN: [&str; 2] = ["head_of_split_frames", "zap_of_migrating"];

pub(super) fn run(context: &Context) -> Result<()> {
    let seconds = context.seconds(60);
    let folder = context.fresh_folder("linux")?;
    let trophies = export_trophies(context, &folder)?;
    stalemap(context, &["linux", "build", "--yes"]).run()?;
    // An edit that breaks a test of the kernel's own is wrong.
    stalemap(context, &["linux", "self-tests"]).run()?;
    for subject in ["linux-6.1", "linux-6.12", "linux-7.3"] {
        let fuzz = stalemap(context, &["fuzz", "--subject", subject, "--seconds", &seconds, "--seed", "1", "--out"]);
        fuzz.arg(folder.join("findings")).run()?;
    }
    mutants(context, &folder)?;
    find_trophies(context, &folder, &trophies)?;
    let conformance = stalemap(context, &["linux", "conformance", "--runs", "5000", "--out"]);
    Ok(conformance.arg(folder.join("conformance.md")).run()?)
}

/// Exports each trophy as a program and compiles it without a warning, which needs no kernel.
fn export_trophies(context: &Context, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut programs = Vec::new();
    for trophies in TROPHIES {
        let before = programs.len();
        for trace in context.sh.read_dir(trophies)? {
            if trace.extension().is_some_and(|extension| extension == "trace") {
                programs.push(export(context, &trace, folder)?);
            }
        }
        ensure!(programs.len() > before, "{trophies} holds no trace");
    }
    Ok(programs)
}

/// The C program of a trace, as a path.
fn export(context: &Context, trace: &Path, folder: &Path) -> Result<PathBuf> {
    let sh = &context.sh;
    let program = folder.join(trace.file_name().context("a trace has a name")?).with_extension("c");
    stalemap(context, &["export", "--as", "c"]).arg(trace).arg("-o").arg(&program).run()?;
    let binary = program.with_extension("");
    cmd!(sh, "cc -static -O1 -Wall -Wextra -Werror -o {binary} {program}").run()?;
    Ok(program)
}

fn mutants(context: &Context, folder: &Path) -> Result<()> {
    let found = folder.join("mutants");
    stalemap(context, &["linux", "mutants", "--out"]).arg(&found).run()?;
    for fault in EXPORTED {
        let program = export(context, &found.join(format!("{fault}.trace")), folder)?;
        shows(context, &program)?;
    }
    Ok(())
}

fn find_trophies(context: &Context, folder: &Path, programs: &[PathBuf]) -> Result<()> {
    let find = ["linux", "mutants", "--trophies", "--runs", "20000", "--out"];
    stalemap(context, &find).arg(folder.join("trophies")).run()?;
    let is_shown = |program: &&PathBuf| NOT_SHOWN.iter().all(|name| !program.ends_with(format!("{name}.c")));
    for program in programs.iter().filter(is_shown) {
        shows(context, program)?;
    }
    // What reads freed memory is told by the kernel's own finder of such accesses.
    stalemap(context, &["linux", "build", "--yes", "--kasan", "--version", "6.12"]).run()?;
    let kasan = ["linux", "mutants", "--trophies", "--only", "device_range_keeps_no_anon_vma", "--kasan"];
    Ok(stalemap(context, &kasan).args(["--version", "6.12", "--out"]).arg(folder.join("kasan")).run()?)
}

/// A program passes on the kernel as it is edited, and fails on the one that has the fault of its name.
fn shows(context: &Context, program: &Path) -> Result<()> {
    let fault = program.file_stem().context("a program has a name")?;
    stalemap(context, &["linux", "try"]).arg(program).run()?;
    let code = exit_code(stalemap(context, &["linux", "try", "--fault"]).arg(fault).arg(program))?;
    ensure!(code == 1, "{} ends with {code} on the kernel that has the fault, not with 1", program.display());
    Ok(())
}

/// The program with these arguments, built as for users.
fn stalemap<'a>(context: &'a Context, arguments: &[&str]) -> Cmd<'a> {
    context.stalemap().args(arguments)
}
