//! The fuzz targets as stages use them: which there are, how they are built without cargo-fuzz, and their seeds.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use stalemap_operations::Trace;

use super::workshop::{Call, Workshop};

/// The package of the targets.
pub(super) const PACKAGE: &str = "stalemap-fuzz";

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

/// The names of the targets: what `cargo fuzz list` says.
pub(super) fn names(workshop: &Workshop) -> Result<Vec<String>> {
    let metadata = workshop.ask(&Call::cargo(["metadata", "--no-deps", "--format-version", "1", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&metadata).context("the output of `cargo metadata` is no JSON")?;
    let names = binaries_of(&metadata, PACKAGE).context("the output of `cargo metadata` is not as expected")?;
    ensure!(!names.is_empty(), "the package {PACKAGE} has no binary, so there is no target");
    Ok(names)
}

fn binaries_of(metadata: &Value, package: &str) -> Option<Vec<String>> {
    let mut packages = metadata["packages"].as_array()?.iter();
    let targets = packages.find(|it| it["name"] == package)?["targets"].as_array()?;
    let binaries = targets.iter().filter(|it| it["kind"].as_array().is_some_and(|kinds| kinds.contains(&"bin".into())));
    binaries.map(|it| it["name"].as_str().map(str::to_owned)).collect()
}

/// A call of cargo with the compiler flags of fuzzing, in a target folder of its own: the flags would otherwise make
/// cargo build everything else again.
pub(super) fn cargo(workshop: &Workshop, command: &str) -> Result<Call> {
    // With an explicit target the flags do not reach build scripts, which could not be linked with them.
    let call = Call::cargo([command, "--locked", "-p", PACKAGE, "--release", "--target"]).argument(host(workshop)?);
    Ok(call.argument("--target-dir").argument(folder(workshop)).with("RUSTFLAGS", FLAGS.join(" ")))
}

/// Builds a target and says where it is.
pub(super) fn build(workshop: &Workshop, name: &str) -> Result<PathBuf> {
    workshop.run(&cargo(workshop, "build")?.arguments(["--bin", name]))?;
    Ok(folder(workshop).join(host(workshop)?).join("release").join(name))
}

/// Builds a target in which `STALEMAP_BUG` switches a seeded bug on.
pub(super) fn build_with_bugs(workshop: &Workshop, name: &str) -> Result<PathBuf> {
    workshop.run(&cargo(workshop, "build")?.arguments(["--features", "seeded-bugs", "--bin", name]))?;
    Ok(folder(workshop).join(host(workshop)?).join("release").join(name))
}

fn folder(workshop: &Workshop) -> PathBuf {
    workshop.target().join("fuzz-smoke")
}

/// The machine's own target triple.
pub(super) fn host(workshop: &Workshop) -> Result<String> {
    let version = workshop.ask(&Call::new("rustc").argument("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("`rustc -vV` has no line that begins with `host:`")
}

/// A folder with the traces of the corpus as the target reads them: as text where its name ends with `_text`, else as
/// records. Traces on machines that have no records are left out there.
pub(super) fn seeds(workshop: &Workshop, name: &str) -> Result<PathBuf> {
    let folder = workshop.fresh_folder(&format!("seeds-{name}"))?;
    let corpus = workshop.root().join("corpus");
    let mut written = 0;
    for path in traces_below(&corpus)? {
        let text = fs::read_to_string(corpus.join(&path)).with_context(|| format!("cannot read {}", path.display()))?;
        let input = if name.ends_with("_text") {
            Some(text.into_bytes())
        } else {
            let trace = Trace::parse(&text).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
            trace.to_bytes()
        };
        let Some(input) = input else { continue };
        let words: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
        let seed = folder.join(words.join("-"));
        fs::write(&seed, input).with_context(|| format!("cannot write {}", seed.display()))?;
        written += 1;
    }
    ensure!(written > 0, "the folder corpus holds no trace that can be a seed; the target would replay nothing");
    println!("{written} traces of the corpus are the seeds of {name}");
    Ok(folder)
}

/// The traces below a folder, as paths from it, in order.
fn traces_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut traces = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        let entries = fs::read_dir(&current).with_context(|| format!("cannot list {}", current.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "trace") {
                traces.push(path.strip_prefix(folder).map(Path::to_owned)?);
            }
        }
    }
    traces.sort();
    Ok(traces)
}

#[cfg(test)]
mod tests {
    use super::binaries_of;
    use serde_json::json;

    #[test]
    fn the_targets_are_the_binaries_of_the_package() {
        let binary = |name: &str| json!({ "name": name, "kind": ["bin"] });
        let library = json!({ "name": "stalemap_fuzz", "kind": ["lib"] });
        let metadata = json!({ "packages": [
            { "name": "stalemap", "targets": [binary("stalemap")] },
            { "name": "stalemap-fuzz", "targets": [library, binary("frames"), binary("lockstep")] },
        ] });
        assert_eq!(binaries_of(&metadata, "stalemap-fuzz").unwrap(), ["frames", "lockstep"]);
        assert_eq!(binaries_of(&metadata, "absent"), None);
    }
}
