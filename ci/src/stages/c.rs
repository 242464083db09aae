//! The stage `c`: the examples in C and C++, right and with their faults, driven as libraries.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use xshell::cmd;

use crate::context::{Context, code_and_stdout};

/// An example with the options that it is compiled with, and what a campaign comes to.
struct Example {
    source: &'static str,
    options: &'static [&'static str],
    /// The start of the one finding's name; none where both sides agree.
    finding: Option<&'static str>,
}

const EXAMPLES: &[Example] = &[
    Example { source: "buddy.c", options: &[], finding: None },
    Example { source: "buddy.c", options: &["-DFAULT"], finding: Some("conservation.free@free") },
    Example { source: "spaces.cpp", options: &[], finding: None },
    Example { source: "spaces.cpp", options: &["-DFAULT"], finding: Some("identity.page@write") },
    Example { source: "spaces.cpp", options: &["-DOVERLAP"], finding: Some("conservation.free@alloc") },
    Example { source: "spaces.cpp", options: &["-fsanitize=address"], finding: None },
    Example {
        source: "spaces.cpp",
        options: &["-DCRASH", "-fsanitize=address"],
        finding: Some("panic.subject_addresssanitizer_heap_use_after_free"),
    },
];

/// Compiles each example and drives it.
pub(crate) fn run(context: &Context) -> Result<()> {
    for example in EXAMPLES {
        let folder = context.fresh_folder("c")?;
        let library = compile(context, example, &folder)?;
        drive(context, example, &library, &folder)?;
    }
    Ok(())
}

fn compile(context: &Context, example: &Example, folder: &Path) -> Result<PathBuf> {
    let (compiler, standard) = if example.source.ends_with(".c") { ("cc", "-std=c11") } else { ("c++", "-std=c++17") };
    let source = context.root.join("c/examples").join(example.source);
    let include = context.root.join("c/include");
    let library = folder.join("libexample.so");
    let options = example.options;
    let flags = ["-Wall", "-Wextra", "-Werror", "-O0", "-g", "-shared", "-fPIC"];
    cmd!(context.sh, "{compiler} {standard} {flags...} {options...} -I {include} -o {library} {source}").run()?;
    Ok(library)
}

fn drive(context: &Context, example: &Example, library: &Path, folder: &Path) -> Result<()> {
    let findings = folder.join("findings");
    let limits = ["--seed", "1", "--runs", "2000", "--max-findings", "1"];
    let fuzz = context.stalemap().args(["fuzz", "--subject"]).arg(library).args(limits).arg("--out").arg(&findings);
    let (code, told) = code_and_stdout(fuzz)?;
    let what = format!("{} {}", example.source, example.options.join(" "));
    let expected = i32::from(example.finding.is_some());
    ensure!(code == expected, "{what} ends with exit code {code}, not {expected}:\n{told}");
    if let Some(finding) = example.finding {
        ensure!(told.contains(finding), "{what} shows no {finding}:\n{told}");
    }
    Ok(())
}
