//! Which crate of the workspace may need which, and what else its manifest must say, as cargo reads it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use cargo_metadata::{Dependency, DependencyKind, Metadata, MetadataCommand, Package};

/// What a crate may need outside its tests.
struct Layer {
    name: &'static str,
    /// Crates of the workspace.
    crates: &'static [&'static str],
    /// Packages of others; `None` stands for any.
    packages: Option<&'static [&'static str]>,
}

const OPERATIONS: &str = "stalemap-operations";
const REFERENCE: &str = "stalemap-reference";
const IMPLEMENTATION: &str = "stalemap-implementation";
const HARNESS: &str = "stalemap-harness";
const REPORT: &str = "stalemap-report";
const PAGE: &str = "stalemap-page";
const CAMPAIGN: &str = "stalemap-campaign";
const COMMANDS: &str = "stalemap-commands";
const ENGINES: &str = "stalemap-engines";
const STALEMAP: &str = "stalemap";
const ISOLATION: &str = "stalemap-isolation";
const C: &str = "stalemap-c";
const GUEST: &str = "stalemap-guest";
const LINUX: &str = "stalemap-linux";

/// Who may need whom. Reference and implementation find each other's mistakes only while neither knows the other; the
/// harness treats every subject alike only while it knows none. A crate that stands in no list is needed by no other.
const LAYERS: &[Layer] = &[
    Layer { name: OPERATIONS, crates: &[], packages: Some(&["arbitrary", "serde"]) },
    Layer { name: REFERENCE, crates: &[OPERATIONS], packages: Some(&[]) },
    Layer { name: IMPLEMENTATION, crates: &[OPERATIONS], packages: Some(&[]) },
    Layer { name: HARNESS, crates: &[OPERATIONS, REFERENCE], packages: Some(&["sha2", "thiserror"]) },
    Layer { name: REPORT, crates: &[OPERATIONS, REFERENCE, HARNESS], packages: None },
    Layer {
        name: PAGE,
        crates: &[OPERATIONS, REFERENCE, HARNESS, REPORT, CAMPAIGN],
        packages: Some(&["maud", "serde", "serde_json", "similar", "thiserror"]),
    },
    Layer {
        name: CAMPAIGN,
        crates: &[OPERATIONS, REFERENCE, HARNESS, REPORT],
        packages: Some(&["serde", "serde_json", "sha2", "tempfile", "thiserror"]),
    },
    // Every subject's program has its commands; it knows no subject, no kernel and no engine.
    Layer { name: COMMANDS, crates: &[OPERATIONS, HARNESS, REPORT, CAMPAIGN, ISOLATION], packages: None },
    Layer { name: "stalemap-foreign", crates: &[OPERATIONS, HARNESS, IMPLEMENTATION, COMMANDS], packages: Some(&[]) },
    // The command line and the targets share its protocol; it knows neither.
    Layer { name: ENGINES, crates: &[REPORT], packages: Some(&["rustix", "tempfile", "thiserror"]) },
    Layer {
        name: ISOLATION,
        crates: &[OPERATIONS, HARNESS],
        packages: Some(&["postcard", "rustix", "serde", "tempfile", "thiserror"]),
    },
    Layer { name: C, crates: &[STALEMAP], packages: Some(&["libloading", "thiserror"]) },
    Layer { name: GUEST, crates: &[OPERATIONS], packages: None },
    Layer { name: LINUX, crates: &[OPERATIONS, HARNESS, GUEST], packages: None },
    // What outside users depend on: nothing that they do not need.
    Layer {
        name: STALEMAP,
        crates: &[OPERATIONS, REFERENCE, HARNESS, REPORT, CAMPAIGN, COMMANDS],
        // It comes with the commands.
        packages: Some(&["anstream"]),
    },
    Layer { name: "stalemap-subjects", crates: &[STALEMAP, COMMANDS, HARNESS, REPORT], packages: None },
    Layer {
        name: "stalemap-cli",
        crates: &[OPERATIONS, REFERENCE, IMPLEMENTATION, HARNESS, REPORT, PAGE, CAMPAIGN, COMMANDS, C, ENGINES, LINUX],
        packages: None,
    },
    Layer {
        name: "stalemap-fuzz",
        crates: &[OPERATIONS, IMPLEMENTATION, HARNESS, REPORT, CAMPAIGN, ENGINES, LINUX],
        packages: None,
    },
    Layer { name: "stalemap-bench", crates: &[OPERATIONS, REFERENCE, IMPLEMENTATION, HARNESS], packages: None },
    Layer { name: "stalemap-ci", crates: &[OPERATIONS], packages: None },
];

/// What a crate may not need in its tests either.
const NOT_IN_TESTS: &[(&str, &[&str])] = &[
    (OPERATIONS, &[REFERENCE, IMPLEMENTATION, HARNESS]),
    (REFERENCE, &[IMPLEMENTATION, HARNESS]),
    (IMPLEMENTATION, &[REFERENCE, HARNESS]),
    (GUEST, &[HARNESS]),
];

/// Crates with lints of their own, since they call what is unsafe: system calls, C, and two allocators.
const OWN_LINTS: &[&str] = &[GUEST, "stalemap-fuzz", "stalemap-bench", "stalemap-subjects", C];

/// The targets of fuzzing engines, a workspace of their own below the root.
const TARGETS: &str = "fuzz";

/// What breaks the rules in the workspace at this root and in that of the targets, a line each.
///
/// # Errors
/// When cargo cannot read them.
pub fn check(root: &Path) -> Result<Vec<String>> {
    let workspaces = [workspace(root)?, workspace(&root.join(TARGETS))?];
    let mut broken: Vec<String> = workspaces.iter().flat_map(foreign_sources).collect();
    let members: Vec<&Package> = workspaces.iter().flat_map(Metadata::workspace_packages).collect();
    for package in &members {
        let is_member = |dependency: &&Dependency| members.iter().any(|member| member.name == dependency.name);
        let (ours, others): (Vec<_>, Vec<_>) = package.dependencies.iter().partition(is_member);
        broken.extend(dependencies(&package.name, &ours, &others));
        broken.extend(lints(package)?);
    }
    Ok(broken)
}

fn workspace(root: &Path) -> Result<Metadata> {
    let metadata = MetadataCommand::new().current_dir(root).other_options(["--locked".to_owned()]).exec();
    metadata.with_context(|| format!("cargo cannot read the workspace in {}", root.display()))
}

/// What a crate needs and may not.
fn dependencies(name: &str, ours: &[&Dependency], others: &[&Dependency]) -> Vec<String> {
    let Some(layer) = LAYERS.iter().find(|layer| layer.name == name) else {
        return vec![format!("{name} has no row in LAYERS (ci/src/layering.rs), which says what it may need")];
    };
    let not_in_tests = NOT_IN_TESTS.iter().find(|(it, _)| *it == name).map_or(&[][..], |(_, crates)| crates);
    let is_wrong = |dependency: &&&Dependency| {
        let needed = dependency.name.as_str();
        if dependency.kind == DependencyKind::Development {
            not_in_tests.contains(&needed)
        } else if ours.iter().any(|it| it.name == needed) {
            !layer.crates.contains(&needed)
        } else {
            layer.packages.is_some_and(|packages| !packages.contains(&needed))
        }
    };
    let wrong = ours.iter().chain(others).filter(is_wrong);
    wrong.map(|it| format!("{name} needs {}, which LAYERS (ci/src/layering.rs) does not allow", it.name)).collect()
}

/// A crate that forgets to inherit the lints of the workspace could be unsafe.
fn lints(package: &Package) -> Result<Option<String>> {
    let manifest = &package.manifest_path;
    let text = fs::read_to_string(manifest).with_context(|| format!("cannot read {manifest}"))?;
    let is_told = text.contains("\n[lints]\nworkspace = true\n") || OWN_LINTS.contains(&package.name.as_str());
    Ok((!is_told).then(|| format!("{manifest} does not inherit the lints of the workspace")))
}

/// Packages come from the one registry, so that anybody can build what Cargo.lock names.
fn foreign_sources(metadata: &Metadata) -> Vec<String> {
    let foreign = |package: &&Package| package.source.as_ref().is_some_and(|source| !source.is_crates_io());
    let packages = metadata.packages.iter().filter(foreign);
    packages.map(|it| format!("{} comes from {}", it.name, it.source.as_ref().map_or("", |it| &it.repr))).collect()
}

#[cfg(test)]
mod tests {
    use cargo_metadata::{Dependency, Metadata};
    use serde_json::json;

    use super::{
        CAMPAIGN, COMMANDS, ENGINES, HARNESS, IMPLEMENTATION, OPERATIONS, REFERENCE, dependencies, foreign_sources,
    };

    fn dependency(name: &str, kind: &str) -> Dependency {
        let value = json!({ "name": name, "req": "*", "kind": kind, "optional": false, "features": [],
            "uses_default_features": true, "target": null, "rename": null, "registry": null });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_a_crate_may_not_need_is_named() {
        let cases = [
            (REFERENCE, IMPLEMENTATION, "normal", false),
            (REFERENCE, IMPLEMENTATION, "dev", false),
            (REFERENCE, IMPLEMENTATION, "build", false),
            (REFERENCE, OPERATIONS, "normal", true),
            (IMPLEMENTATION, HARNESS, "dev", false),
            (HARNESS, IMPLEMENTATION, "normal", false),
            (HARNESS, IMPLEMENTATION, "dev", true),
            ("stalemap-report", "stalemap", "normal", false),
            (CAMPAIGN, IMPLEMENTATION, "normal", false),
            (CAMPAIGN, IMPLEMENTATION, "dev", true),
            (COMMANDS, IMPLEMENTATION, "normal", false),
            (COMMANDS, "stalemap-linux", "normal", false),
            (ENGINES, HARNESS, "normal", false),
            ("stalemap-unknown", OPERATIONS, "normal", false),
        ];
        for (name, needed, kind, is_allowed) in cases {
            let ours = dependency(needed, kind);
            assert_eq!(dependencies(name, &[&ours], &[]).is_empty(), is_allowed, "{name} needs {needed} ({kind})");
        }
        let (arbitrary, rand) = (dependency("arbitrary", "normal"), dependency("rand", "normal"));
        assert_eq!(dependencies(OPERATIONS, &[], &[&arbitrary]), [""; 0]);
        assert_eq!(dependencies(OPERATIONS, &[], &[&rand]).len(), 1);
        assert_eq!(dependencies("stalemap-cli", &[], &[&rand]), [""; 0]);
    }

    #[test]
    fn a_package_from_elsewhere_is_named() {
        let package = |name: &str, source: &str| {
            json!({ "name": name, "version": "1.0.0", "id": name, "source": source, "dependencies": [], "targets": [],
                "features": {}, "manifest_path": "/x/Cargo.toml" })
        };
        let ours = concat!("registry", "+https://github.com/rust-lang/crates.io", "-index");
        let metadata: Metadata = serde_json::from_value(json!({
            "packages": [package("a", ours), package("b", "git+https://example.org/b")], "workspace_members": [],
            "resolve": null, "workspace_root": "/x", "target_directory": "/x/target", "version": 1 }))
        .unwrap();
        assert_eq!(foreign_sources(&metadata), ["b comes from git+https://example.org/b"]);
    }
}
