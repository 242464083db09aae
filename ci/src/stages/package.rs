//! The stage that packages each crate that outside users need, as `cargo publish` would, and builds it from its package.

use anyhow::{Result, ensure};
use cargo_metadata::{Metadata, MetadataCommand, Package};
use xshell::cmd;

use crate::context::{Context, text};

/// What outside users depend on.
const OUTSIDE: &str = "stalemap";
/// How many packages it may bring into a program, itself among them. Each new user builds them all.
const MOST: usize = 68;
/// What each package holds beside its sources.
const FILES: [&str; 2] = ["LICENSE", "README.md"];

pub(super) fn run(context: &Context) -> Result<()> {
    let metadata = MetadataCommand::new().current_dir(&context.root).no_deps().exec()?;
    let published = published(&metadata);
    let sh = &context.sh;
    for name in &published {
        let files = cmd!(sh, "cargo package --locked --allow-dirty --list -p {name}").quiet().read()?;
        let missing = FILES.iter().find(|file| !files.lines().any(|line| line == **file));
        ensure!(missing.is_none(), "the package of {name} has no {}", missing.unwrap_or(&""));
    }
    let names = published.iter().flat_map(|name| ["-p", name]);
    // All in one call: each finds the ones that it depends on among the others, though none is in the registry.
    cmd!(sh, "cargo package --allow-dirty {names...}").run()?;
    println!("{} crates can be published: {}", published.len(), published.join(", "));
    let tree = text(cmd!(sh, "cargo tree --locked -p {OUTSIDE} -e normal --prefix none"))?;
    let count = packages(&tree);
    println!("{OUTSIDE} brings {count} packages, itself among them");
    ensure!(count <= MOST, "that is more than {MOST}; if each is needed, write {count} into ci/src/stages/package.rs");
    Ok(())
}

/// The crates that may be published: all that do not say `publish = false`.
pub(super) fn published(metadata: &Metadata) -> Vec<&str> {
    let may = |package: &&Package| package.publish.as_ref().is_none_or(|registries| !registries.is_empty());
    metadata.workspace_packages().into_iter().filter(may).map(|package| package.name.as_str()).collect()
}

/// How many packages a tree names; behind a name and a version stands where it is, or that it was named before.
fn packages(tree: &str) -> usize {
    let mut names: Vec<&str> = tree.lines().filter_map(|line| line.split(" (").next()).collect();
    names.sort_unstable();
    names.dedup();
    names.iter().filter(|name| !name.is_empty()).count()
}

#[cfg(test)]
mod tests {
    use super::packages;

    #[test]
    fn a_package_counts_once() {
        assert_eq!(packages("a v1.0.0 (/a)\nb v0.1.0\nb v2.0.0\nb v0.1.0 (*)\n\n"), 3);
    }
}
