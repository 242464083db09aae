//! Building the guest: a static program by cargo, packed for the kernel to start from.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::cache::Cache;
use crate::initramfs::initramfs;

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Builds the guest of this workspace into the cache; cargo does nothing when it is up to date.
///
/// # Errors
/// When this program was built from a workspace that is no longer there, or cargo fails.
pub fn build_guest(cache: &Cache) -> Result<()> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if !workspace.join("linux/guest/Cargo.toml").exists() {
        bail!("the guest's source is not where this program was built: {}", workspace.display());
    }
    let target = cache.make()?.join("guest");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--locked", "--package", "stalemap-guest", "--bin", "stalemap-init"]);
    cargo.args(["--profile", "guest", "--target", TARGET, "--target-dir"]).arg(&target);
    // A folder of its own: other flags would build everything anew in the workspace's.
    cargo.env("RUSTFLAGS", "-C target-feature=+crt-static").current_dir(&workspace).stdin(Stdio::null());
    let output = cargo.output().context("cannot start cargo, which builds the guest")?;
    if !output.status.success() {
        bail!("the guest does not build:\n{}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    let program = target.join(TARGET).join("guest").join("stalemap-init");
    let archive = initramfs(&fs::read(&program).with_context(|| format!("cannot read {}", program.display()))?);
    let path = cache.initramfs();
    if fs::read(&path).is_ok_and(|old| old == archive) {
        return Ok(());
    }
    let partial = path.with_extension(format!("partial-{}", std::process::id()));
    fs::write(&partial, archive)?;
    fs::rename(&partial, &path).with_context(|| format!("cannot write {}", path.display()))
}
