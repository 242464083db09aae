//! The stage that builds the libFuzzer target without cargo-fuzz, replays the corpus through it and runs it a little.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::workshop::{Call, Workshop};

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

/// How many executions the short run has.
const RUNS: &str = "-runs=20000";

pub(super) fn run(workshop: &Workshop) -> Result<()> {
    let target = build(workshop)?;
    let seeds = encode_corpus(workshop)?;
    let artifacts = workshop.fresh_folder("artifacts")?;
    let prefix = format!("-artifact_prefix={}/", artifacts.display());
    workshop.run(&Call::new(&target).argument("-runs=0").argument(&prefix).argument(&seeds))?;
    // libFuzzer writes new inputs into the first folder.
    let grown = workshop.fresh_folder("grown")?;
    workshop.run(&Call::new(&target).arguments([RUNS, "-seed=1"]).argument(&prefix).argument(grown).argument(&seeds))
}

/// Builds the target and says where it is.
fn build(workshop: &Workshop) -> Result<PathBuf> {
    let folder = workshop.target().join("fuzz-smoke");
    let host = host(workshop)?;
    // With an explicit target the flags do not reach build scripts, which could not be linked with them.
    let arguments = ["build", "-p", "stalemap-fuzz", "--release", "--bin", "lockstep", "--target", &host];
    let call = Call::cargo(arguments).argument("--target-dir").argument(&folder);
    workshop.run(&call.with("RUSTFLAGS", FLAGS.join(" ")))?;
    Ok(folder.join(host).join("release").join("lockstep"))
}

/// The machine's own target triple.
fn host(workshop: &Workshop) -> Result<String> {
    let version = workshop.ask(&Call::new("rustc").argument("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("`rustc -vV` has no line that begins with `host:`")
}

/// Turns the traces of the corpus into the bytes that the target reads; the folder where they are.
fn encode_corpus(workshop: &Workshop) -> Result<PathBuf> {
    workshop.run(&Call::cargo(["build", "--release"]))?;
    let stalemap = workshop.target().join("release").join("stalemap");
    let seeds = workshop.fresh_folder("seeds")?;
    let traces = traces_below(&workshop.root().join("corpus"))?;
    ensure!(!traces.is_empty(), "the folder corpus holds no trace; the target would replay nothing");
    println!("$ stalemap encode FILE -o OUT    # for each of the {} traces of the corpus", traces.len());
    for trace in &traces {
        let name: Vec<_> = trace.iter().map(|part| part.to_string_lossy()).collect();
        let seed = seeds.join(name.join("-"));
        let path = Path::new("corpus").join(trace);
        workshop.ask(&Call::new(&stalemap).argument("encode").argument(path).argument("-o").argument(seed))?;
    }
    Ok(seeds)
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
