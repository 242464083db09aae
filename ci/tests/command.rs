//! What the program says and how it ends, as a shell sees it.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Runs the program; it must end with this exit code. What it says on stdout and stderr.
fn ci(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_stalemap-ci")).args(arguments).current_dir(folder).output().unwrap();
    let [said, complaint] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(output.status.code(), Some(code), "{said}\n{complaint}");
    (said, complaint)
}

/// A workspace with one source.
fn workspace(source: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Cargo.toml"), "[workspace]\n").unwrap();
    fs::create_dir(folder.path().join("a")).unwrap();
    fs::write(folder.path().join("a/lib.rs"), source).unwrap();
    folder
}

#[test]
fn stages_that_pass_end_with_0_and_say_how_long_they_took() {
    let folder = workspace("//! A source.\n");
    // From a folder below the root, as it may be typed.
    let (said, _) = ci(&folder.path().join("a"), &["tidy", "tidy"], 0);
    let order = ["== tidy (1 of 2): ", "== tidy passed in ", "== tidy (2 of 2): ", "== all 2 stages passed in "];
    let places: Vec<_> = order.iter().map(|line| said.find(line).expect(line)).collect();
    assert!(places.is_sorted(), "{said}");
}

#[test]
fn the_first_stage_that_fails_ends_the_run_with_1_and_says_how_to_run_it_alone() {
    let folder = workspace("fn unsaid() {}\n");
    let (said, complaint) = ci(folder.path(), &["tidy", "arrows"], 1);
    assert!(said.contains("a/lib.rs:1: the file does not begin with a `//!` sentence"), "{said}");
    assert!(!said.contains("== arrows"), "{said}");
    assert!(complaint.contains("== tidy FAILED after "), "{complaint}");
    assert!(complaint.contains("run it alone with: cargo run -q -p stalemap-ci -- tidy\n"), "{complaint}");
}

#[test]
fn what_cannot_be_run_ends_with_2_and_says_why() {
    let folder = workspace("//! A source.\n");
    let (_, complaint) = ci(folder.path(), &["tidi"], 2);
    assert!(complaint.contains("tidy"), "{complaint}");
    let (_, complaint) = ci(tempfile::tempdir().unwrap().path(), &["tidy"], 2);
    assert!(complaint.contains("is in no workspace"), "{complaint}");
}

#[test]
fn the_list_names_what_runs_by_default() {
    let (said, _) = ci(Path::new("."), &["--list"], 0);
    let always = said.lines().filter(|line| line.split_whitespace().nth(1) == Some("always"));
    let names: Vec<_> = always.filter_map(|line| line.split_whitespace().next()).collect();
    let expected = ["format", "clippy", "test", "docs", "campaign", "exhaust", "bugs", "picture", "c", "fuzz-target"];
    assert_eq!(names, expected);
}
