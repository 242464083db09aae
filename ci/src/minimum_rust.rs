//! The minimum Rust that the workspace states: no package that it locks needs a newer one.
//!
//! Whether its own code does is said by clippy (`incompatible_msrv`).

use std::path::Path;

use anyhow::{Context as _, Result};
use cargo_metadata::{Metadata, MetadataCommand};

/// The packages that need a newer Rust than the workspace below this root states, one a line.
///
/// # Errors
/// When cargo cannot tell what is locked, or one of our crates states no minimum.
pub fn check(root: &Path) -> Result<Vec<String>> {
    let metadata = MetadataCommand::new().current_dir(root).other_options(["--locked".to_string()]).exec()?;
    newer(&metadata)
}

fn newer(metadata: &Metadata) -> Result<Vec<String>> {
    let mut ours = Vec::new();
    for package in metadata.workspace_packages() {
        ours.push(package.rust_version.as_ref().with_context(|| format!("{} states no rust-version", package.name))?);
    }
    let least = ours.into_iter().min().context("the workspace has no crate")?;
    let newer = metadata.packages.iter().filter(|it| it.rust_version.as_ref().is_some_and(|its| its > least));
    Ok(newer.map(|it| format!("{} {} needs a newer Rust than {least}", it.name, it.version)).collect())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use cargo_metadata::MetadataCommand;

    use super::newer;

    #[test]
    fn a_package_that_needs_a_newer_rust_is_told() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut metadata = MetadataCommand::new().current_dir(here).no_deps().exec().unwrap();
        assert_eq!(newer(&metadata).unwrap(), [""; 0]);
        metadata.packages[0].rust_version = Some("1.999.0".parse().unwrap());
        let told = newer(&metadata).unwrap();
        assert!(told.len() == 1 && told[0].starts_with(metadata.packages[0].name.as_str()), "{told:?}");
        metadata.packages[0].rust_version = None;
        assert!(newer(&metadata).is_err());
    }
}
