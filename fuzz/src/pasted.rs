//! Commands of Stalemap as they can be pasted where the target was started.

use std::env;
use std::path::{Path, PathBuf};

use stalemap_engines::protocol::{BUG, BUGS};

/// The command on this file, with the bug that is on.
pub(crate) fn command(command: &str, file: &str) -> String {
    // Cargo says in the environment of what it runs where the package is, and cargo-fuzz runs targets through cargo.
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let bug = bug();
    let current = env::current_dir().unwrap_or_default();
    let bug = bug.as_deref();
    format!("{} {command}{} {}", program(package.as_deref(), &current, bug), option(bug), quoted(file))
}

/// The variable that has switched the bug on: the commands that an engine's own tools print do not have it.
pub(crate) fn setting() -> Option<String> {
    bug().map(|bug| format!("{BUG}={bug}"))
}

/// The bug that is on.
fn bug() -> Option<String> {
    if cfg!(feature = "seeded-bugs") { env::var(BUG).ok() } else { None }
}

/// How the program is called: through cargo, if the target was; `current` is the folder where it is typed.
fn program(package: Option<&Path>, current: &Path, bug: Option<&str>) -> String {
    let Some(root) = package.and_then(Path::parent) else {
        return "stalemap".to_string();
    };
    let features = if bug.is_some() { format!(" --features {BUGS}") } else { String::new() };
    if current == root {
        return format!("cargo run -q{features} --");
    }
    let root = if package == Some(current) { Path::new("..") } else { root };
    let manifest = root.join("Cargo.toml");
    format!("cargo run -q --manifest-path {}{features} --", quoted(&manifest.to_string_lossy()))
}

fn option(bug: Option<&str>) -> String {
    bug.map(|bug| format!(" --bug {bug}")).unwrap_or_default()
}

/// For a shell.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-+=:@,%".contains(letter);
    if word.chars().all(is_plain) { word.to_string() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{program, quoted};

    #[test]
    fn the_program_is_called_from_where_the_target_was_started() {
        let package = Some(Path::new("/a b/fuzz"));
        let cases = [
            (None, "/tmp", "stalemap"),
            (package, "/a b", "cargo run -q --features seeded-bugs --"),
            (package, "/a b/fuzz", "cargo run -q --manifest-path ../Cargo.toml --features seeded-bugs --"),
            (package, "/tmp", "cargo run -q --manifest-path '/a b/Cargo.toml' --features seeded-bugs --"),
        ];
        for (package, current, expected) in cases {
            assert_eq!(program(package, Path::new(current), Some("stale_mapping")), expected, "in {current}");
        }
        assert_eq!(program(package, Path::new("/a b"), None), "cargo run -q --");
    }

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        assert_eq!(["a/b-1.trace", "a b", "it's"].map(quoted), ["a/b-1.trace", "'a b'", r"'it'\''s'"]);
    }
}
