//! Building the guest: a static program by cargo, packed for the kernel to start from.

use std::fs;
use std::io::{Read as _, Seek as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::cache::Cache;
use crate::group::Group;
use crate::initramfs::initramfs;
use crate::kernel::{Stopped, Tell};

/// How often cargo is looked at.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Builds the guest of this workspace into the cache; cargo does nothing when it is up to date.
///
/// # Errors
/// When this program was built from a workspace that is no longer there, or cargo fails; [`Stopped`] when it is ended.
pub fn build_guest(cache: &Cache, tell: Tell<'_>) -> Result<()> {
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
    let mut said = tempfile::tempfile()?;
    let group = Group::start(cargo.stdout(Stdio::null()).stderr(said.try_clone()?));
    let mut group = group.context("cannot start cargo, which builds the guest")?;
    let status = loop {
        if let Some(status) = group.ended()? {
            break status;
        }
        if tell("building the guest").is_break() {
            return Err(Stopped.into());
        }
        std::thread::sleep(BETWEEN_LOOKS);
    };
    if !status.success() {
        let mut text = Vec::new();
        said.rewind()?;
        said.read_to_end(&mut text)?;
        bail!("the guest does not build:\n{}", String::from_utf8_lossy(&text).trim_end());
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
