//! Rules about dependencies, read from the manifests.

use toml::{Table, Value};

use crate::rule::Offences;
use crate::tree::{File, Tree};

/// A dependency of a room.
struct Dependency {
    /// The section of the manifest, without a target: `dependencies`, `dev-dependencies` or `build-dependencies`.
    section: &'static str,
    /// The package's name.
    package: String,
    is_optional: bool,
    line: usize,
}

impl Dependency {
    /// The room that it is, or the package's own name.
    fn room(&self) -> &str {
        match self.package.as_str() {
            "stalemap" => "cli",
            package => package.strip_prefix("stalemap-").unwrap_or(package),
        }
    }

    fn is_room(&self) -> bool {
        self.package == "stalemap" || self.package.starts_with("stalemap-")
    }

    fn is_for_tests(&self) -> bool {
        self.section == "dev-dependencies"
    }
}

pub(super) fn rivals_are_strangers(tree: &Tree, offences: &mut Offences) {
    for (room, rival) in [("reference", "implementation"), ("implementation", "reference")] {
        for (file, dependency) in dependencies(tree, room, offences) {
            let is_rival = dependency.room() == rival;
            if is_rival || !dependency.is_for_tests() && dependency.room() != "operations" {
                offences.error(file, dependency.line, format!("{room} depends on {}", dependency.package));
            }
        }
    }
}

pub(super) fn operations_stand_alone(tree: &Tree, offences: &mut Offences) {
    for (file, dependency) in dependencies(tree, "operations", offences) {
        let is_arbitrary = dependency.package == "arbitrary" && dependency.is_optional;
        let is_for_tests = dependency.is_for_tests() && !dependency.is_room();
        if !is_arbitrary && !is_for_tests {
            offences.error(file, dependency.line, format!("operations depends on {}", dependency.package));
        }
    }
}

pub(super) fn harness_is_neutral(tree: &Tree, offences: &mut Offences) {
    for (file, dependency) in dependencies(tree, "harness", offences) {
        let is_allowed = ["operations", "reference"].contains(&dependency.room());
        if dependency.is_room() && !is_allowed && !dependency.is_for_tests() {
            offences.error(file, dependency.line, format!("harness depends on {}", dependency.package));
        }
    }
}

pub(super) fn subjects_do_not_know_the_harness(tree: &Tree, offences: &mut Offences) {
    for room in ["operations", "reference", "implementation", "linux/guest"] {
        for (file, dependency) in dependencies(tree, room, offences) {
            if dependency.room() == "harness" {
                offences.error(file, dependency.line, format!("{room} depends on the harness"));
            }
        }
    }
}

pub(super) fn leaves_are_leaves(tree: &Tree, offences: &mut Offences) {
    let rooms = tree.files.iter().filter_map(|file| file.path.strip_suffix("/Cargo.toml"));
    for room in rooms {
        for (file, dependency) in dependencies(tree, room, offences) {
            if dependency.is_room() && ["cli", "fuzz", "ci", "bench"].contains(&dependency.room()) {
                offences.error(file, dependency.line, format!("{room} depends on {}", dependency.package));
            }
        }
    }
}

/// The dependencies of a room in all sections and for all targets.
fn dependencies<'a>(tree: &'a Tree, room: &str, offences: &mut Offences) -> Vec<(&'a File, Dependency)> {
    let path = format!("{room}/Cargo.toml");
    let Some(file) = tree.files.iter().find(|file| file.path == path) else { return Vec::new() };
    let manifest = match file.text.parse::<Table>() {
        Ok(manifest) => manifest,
        Err(error) => {
            offences.error(file, 1, format!("the manifest cannot be read: {error}"));
            return Vec::new();
        }
    };
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let tables: Vec<&Table> = targets.filter_map(Value::as_table).chain([&manifest]).collect();
    let mut found = Vec::new();
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let sections = tables.iter().filter_map(|table| table.get(section).and_then(Value::as_table));
        for (key, value) in sections.flatten() {
            let is_optional = value.get("optional").and_then(Value::as_bool).unwrap_or(false);
            let line = line_of(&file.text, section, key);
            found.push((file, Dependency { section, package: package_of(tree, key, value), is_optional, line }));
        }
    }
    found
}

/// The package behind the key of a dependency, which may be renamed here or in the workspace's table.
fn package_of(tree: &Tree, key: &str, value: &Value) -> String {
    let package = |value: &Value| value.get("package").and_then(Value::as_str).map(str::to_owned);
    let inherited = || {
        let root = tree.files.iter().find(|file| file.path == "Cargo.toml")?.text.parse::<Table>().ok()?;
        package(root.get("workspace")?.get("dependencies")?.get(key)?)
    };
    package(value).or_else(inherited).unwrap_or_else(|| key.to_owned())
}

/// The line on which a section names a dependency; the section's own line where it is spelt in another way.
fn line_of(text: &str, section: &str, key: &str) -> usize {
    let mut nearest = 1;
    let mut inside = false;
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            inside = header == section || header.ends_with(&format!(".{section}"));
            if inside || header.ends_with(&format!("{section}.{key}")) {
                nearest = number;
            }
        } else if inside && line.split(['=', '.', ' ']).next().is_some_and(|word| word.trim_matches('"') == key) {
            return number;
        }
    }
    nearest
}
