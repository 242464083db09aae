//! Programs that only some stages need: each in its pinned version, in a folder of its own under the target folder.

use std::path::PathBuf;

use anyhow::Result;
use xshell::cmd;

use crate::context::Context;

/// A program from the package registry.
pub(super) struct Tool {
    /// Its package, which is also the name of the program.
    pub(super) package: &'static str,
    /// The one version that the stages were written for.
    pub(super) version: &'static str,
    /// What of it is built.
    pub(super) features: &'static [&'static str],
}

pub(super) const CARGO_FUZZ: Tool = Tool { package: "cargo-fuzz", version: "0.13.2", features: &[] };
pub(super) const CARGO_MUTANTS: Tool = Tool { package: "cargo-mutants", version: "27.1.0", features: &[] };
pub(super) const CARGO_SEMVER_CHECKS: Tool = Tool { package: "cargo-semver-checks", version: "0.51.0", features: &[] };
/// Without its servers, which are two thirds of it.
pub(super) const MDBOOK: Tool = Tool { package: "mdbook", version: "0.5.4", features: &["--no-default-features"] };

impl Tool {
    /// Where the program is; it is brought there first when it is missing.
    pub(super) fn path(&self, context: &Context) -> Result<PathBuf> {
        let Tool { package, version, features } = *self;
        let folder = context.target.join("tools").join(format!("{package}-{version}"));
        let program = folder.join("bin").join(package);
        if !program.is_file() {
            println!("{package} {version} is missing; it is built from its package, which takes a minute or two");
            cmd!(context.sh, "cargo install {package} --locked --version ={version} {features...} --root {folder}")
                .run()?;
        }
        Ok(program)
    }
}
