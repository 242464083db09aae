//! The fuzz targets as stages use them: which there are, how they are built without cargo-fuzz, and their seeds.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::MetadataCommand;
use stalemap_ci::files_below;
use xshell::{Cmd, cmd};

use crate::context::{Context, text};

/// The package of the targets, a workspace of its own, from the root.
pub(super) const MANIFEST: &str = "fuzz/Cargo.toml";

/// What `cargo fuzz build -s none` tells the compiler: coverage for libFuzzer, and no sanitizer, so stable will do.
const FLAGS: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "--cfg",
    "fuzzing",
    "-Cllvm-args=-sanitizer-coverage-stack-depth",
    "-Cdebug-assertions",
    "-Ccodegen-units=1",
];

/// The names of the targets that need no feature of their own: what `cargo fuzz list` says, but for those that need a kernel.
pub(super) fn names(context: &Context) -> Result<Vec<String>> {
    let metadata = MetadataCommand::new().manifest_path(context.root.join(MANIFEST)).no_deps().exec()?;
    let package = metadata.packages.first().context("there is no fuzz package")?;
    let names: Vec<_> = package
        .targets
        .iter()
        .filter(|it| it.is_bin() && it.required_features.is_empty())
        .map(|it| it.name.clone())
        .collect();
    ensure!(!names.is_empty(), "{MANIFEST} has no binary, so there is no target");
    Ok(names)
}

/// A call of cargo with the compiler flags of fuzzing, in a target folder of its own: the flags would otherwise make
/// cargo build everything else again.
pub(super) fn cargo<'a>(context: &'a Context, command: &str) -> Result<Cmd<'a>> {
    let (host, folder) = (host(context)?, folder(context));
    // With an explicit target the flags do not reach build scripts, which could not be linked with them.
    let cargo = cmd!(
        context.sh,
        "cargo {command} --locked --manifest-path {MANIFEST} --release --target {host} --target-dir {folder}"
    );
    Ok(cargo.env("RUSTFLAGS", FLAGS.join(" ")))
}

/// Builds a target and says where it is.
pub(super) fn build(context: &Context, name: &str) -> Result<PathBuf> {
    cargo(context, "build")?.args(["--bin", name]).run()?;
    Ok(folder(context).join(host(context)?).join("release").join(name))
}

/// Builds a target in which `STALEMAP_BUG` switches a seeded bug on.
pub(super) fn build_with_bugs(context: &Context, name: &str) -> Result<PathBuf> {
    cargo(context, "build")?.args(["--features", "seeded-bugs", "--bin", name]).run()?;
    Ok(folder(context).join(host(context)?).join("release").join(name))
}

fn folder(context: &Context) -> PathBuf {
    context.target.join("fuzz-smoke")
}

/// The machine's own target triple.
pub(super) fn host(context: &Context) -> Result<String> {
    let version = cmd!(context.sh, "rustc -vV").quiet().read()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("`rustc -vV` has no line that begins with `host:`")
}

/// A folder with the traces of the corpus as the target reads them: as text where its name ends with `_text`, else as
/// records.
pub(super) fn seeds(context: &Context, name: &str) -> Result<PathBuf> {
    let sh = &context.sh;
    let folder = context.fresh_folder(&format!("seeds-{name}"))?;
    if name.ends_with("_text") {
        for (number, path) in (1..).zip(files_below(&context.root.join("corpus"))?) {
            if path.extension().is_some_and(|extension| extension == "trace") {
                sh.copy_file(path, folder.join(number.to_string()))?;
            }
        }
    } else {
        text(context.stalemap().args(["seeds", "corpus", "-o"]).arg(&folder))?;
    }
    let written = sh.read_dir(&folder)?.len();
    ensure!(written > 0, "the folder corpus holds no trace that can be a seed; the target would replay nothing");
    println!("{written} traces of the corpus are the seeds of {name}");
    Ok(folder)
}
