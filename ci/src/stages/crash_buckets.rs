//! The stage that asks crash triage, as OSS-Fuzz does it, whether it tells findings of different oracles apart.

use anyhow::Result;
use xshell::cmd;

use super::targets::MANIFEST;
use crate::context::Context;

/// The parser and comparer of OSS-Fuzz, from the Python package index.
const CLUSTERFUZZ: &str = "clusterfuzz==2.6.0";

pub(super) fn run(context: &Context) -> Result<()> {
    let sh = &context.sh;
    let environment = context.target.join("ci").join("clusterfuzz");
    let python = environment.join("bin").join("python3");
    if !python.exists() {
        cmd!(sh, "python3 -m venv {environment}").run()?;
    }
    cmd!(sh, "{python} -m pip install --quiet {CLUSTERFUZZ}").run()?;
    let stacks = context.fresh_folder("crash-buckets")?.join("stacks.txt");
    let folder = &context.target;
    let run = ["--manifest-path", MANIFEST, "--no-default-features", "--example", "stacks"];
    let printed = cmd!(sh, "cargo run --release --locked {run...} --target-dir {folder}").read()?;
    sh.write_file(&stacks, printed)?;
    Ok(cmd!(sh, "{python} ci/crash_buckets.py {stacks}").run()?)
}
