//! The stage that builds the targets with AddressSanitizer, as OSS-Fuzz does, and runs the main one. Only nightly Rust has
//! sanitizers.

use anyhow::{Context as _, Result, ensure};
use xshell::cmd;

use super::fuzz_target;
use super::oss_fuzz::{self, Build};
use crate::context::Context;

const TARGET: &str = "lockstep";
/// How long it runs, in seconds.
const SECONDS: u64 = 60;

/// What a binary has that reports a wrong access to memory.
const ENTRY: &[u8] = b"__asan_report_load8";

pub(super) fn run(context: &Context) -> Result<()> {
    let nightly = cmd!(context.sh, "rustup run nightly rustc --version").read();
    let nightly = nightly.context("nightly Rust is needed; `rustup toolchain install nightly` brings it")?;
    println!("built with {nightly}");
    let folder = context.fresh_folder("sanitizer")?;
    let target = oss_fuzz::build(context, &folder, "out", Build::WITH_ADDRESS_SANITIZER, &[])?.join(TARGET);
    let binary = context.sh.read_binary_file(&target)?;
    let has_sanitizer = binary.windows(ENTRY.len()).any(|window| window == ENTRY);
    ensure!(has_sanitizer, "{TARGET} has no {}: it was built without the sanitizer", String::from_utf8_lossy(ENTRY));
    let limit = format!("-max_total_time={}", context.seconds(SECONDS));
    fuzz_target::replay_and_run(context, TARGET, &target, &limit)
}
