//! The stage that builds the targets with AddressSanitizer, as OSS-Fuzz does, and runs the main one. Only nightly Rust has
//! sanitizers.

use std::fs;

use anyhow::{Context, Result, ensure};

use super::fuzz_target;
use super::oss_fuzz::{self, Build};
use super::workshop::{Call, Workshop};

const TARGET: &str = "lockstep";
/// How long it runs, in seconds.
const SECONDS: u64 = 60;

/// What a binary has that reports a wrong access to memory.
const ENTRY: &[u8] = b"__asan_report_load8";

pub(super) fn run(workshop: &Workshop) -> Result<()> {
    let nightly = workshop.ask(&Call::new("rustup").arguments(["run", "nightly", "rustc", "--version"]));
    let nightly = nightly.context("nightly Rust is needed; `rustup toolchain install nightly` brings it")?;
    println!("built with {}", nightly.trim());
    let folder = workshop.fresh_folder("sanitizer")?;
    let out = oss_fuzz::build(workshop, &folder, "out", Build::WITH_ADDRESS_SANITIZER, &[])?;
    let target = out.join(TARGET);
    let binary = fs::read(&target).with_context(|| format!("build.sh made no target {TARGET}"))?;
    let has_sanitizer = binary.windows(ENTRY.len()).any(|window| window == ENTRY);
    ensure!(has_sanitizer, "{TARGET} has no {}: it was built without the sanitizer", String::from_utf8_lossy(ENTRY));
    let limit = format!("-max_total_time={}", workshop.seconds().unwrap_or(SECONDS));
    fuzz_target::replay_and_run(workshop, TARGET, &target, &limit)
}
