//! The stage that asks crash triage, as OSS-Fuzz does it, whether it tells finds of different oracles apart.

use std::fs;

use anyhow::{Context, Result};

use super::targets::PACKAGE;
use super::workshop::{Call, Workshop};

/// The parser and comparer of OSS-Fuzz, from the Python package index.
const CLUSTERFUZZ: &str = "clusterfuzz==2.6.0";

pub(super) fn run(workshop: &Workshop) -> Result<()> {
    let python = workshop.target().join("ci").join("clusterfuzz").join("bin").join("python3");
    if !python.exists() {
        let folder = python.ancestors().nth(2).context("the environment is in a folder")?;
        workshop.run(&Call::new("python3").arguments(["-m", "venv"]).argument(folder))?;
    }
    workshop.run(&Call::new(&python).arguments(["-m", "pip", "install", "--quiet", CLUSTERFUZZ]))?;
    let stacks = workshop.fresh_folder("crash-buckets")?.join("stacks.txt");
    let printed = workshop.ask(&Call::cargo(["run", "--release", "-p", PACKAGE, "--example", "stacks"]))?;
    fs::write(&stacks, printed).with_context(|| format!("cannot write {}", stacks.display()))?;
    workshop.run(&Call::new(&python).argument("ci/crash_buckets.py").argument(&stacks))
}
