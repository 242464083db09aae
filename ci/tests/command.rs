//! What the program says and how it ends, as a shell sees it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn ci(folder: &Path, arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_stalemap-ci");
    Command::new(program).args(arguments).current_dir(folder).output().unwrap()
}

/// A workspace with one source.
fn workspace(source: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Cargo.toml"), "[workspace]\n").unwrap();
    fs::create_dir(folder.path().join("room")).unwrap();
    fs::write(folder.path().join("room/lib.rs"), source).unwrap();
    folder
}

fn ends_with(output: &Output, code: i32) -> (String, String) {
    let texts =
        (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned());
    assert_eq!(output.status.code(), Some(code), "{}\n{}", texts.0, texts.1);
    texts
}

#[test]
fn stages_that_pass_end_with_0_and_say_how_long_they_took() {
    let folder = workspace("//! A room.\n");
    // From a folder below the root, as it may be typed.
    let (said, _) = ends_with(&ci(&folder.path().join("room"), &["tidy", "arrows"]), 0);
    let order = ["== tidy (1 of 2): ", "== tidy passed in ", "== arrows (2 of 2): ", "== all 2 stages passed in "];
    let places: Vec<_> = order.iter().map(|line| said.find(line).expect(line)).collect();
    assert!(places.is_sorted(), "{said}");
}

#[test]
fn the_first_stage_that_fails_ends_the_run_with_1_and_says_how_to_run_it_alone() {
    let folder = workspace("fn unsaid() {}\n");
    let (said, complaint) = ends_with(&ci(folder.path(), &["tidy", "arrows"]), 1);
    assert!(said.contains("room/lib.rs:1: error: the file does not begin with a `//!` sentence [opening]"), "{said}");
    assert!(!said.contains("== arrows"), "{said}");
    assert!(complaint.contains("== tidy FAILED after "), "{complaint}");
    assert!(complaint.contains("run it alone with: cargo run -q -p stalemap-ci -- tidy\n"), "{complaint}");
}

#[test]
fn a_stage_that_does_not_exist_ends_with_2_and_the_nearest_name() {
    let folder = workspace("//! A room.\n");
    let (_, complaint) = ends_with(&ci(folder.path(), &["tidi"]), 2);
    assert!(complaint.contains("tidy"), "{complaint}");
}

#[test]
fn a_folder_outside_any_workspace_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let (_, complaint) = ends_with(&ci(folder.path(), &["tidy"]), 2);
    assert!(complaint.contains("[workspace]"), "{complaint}");
}

#[test]
fn the_list_names_what_runs_by_default() {
    let (said, _) = ends_with(&ci(Path::new("."), &["--list"]), 0);
    let always: Vec<_> = said.lines().filter(|line| line.split_whitespace().nth(1) == Some("always")).collect();
    let names: Vec<_> = always.iter().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(
        names,
        [
            "format",
            "arrows",
            "tidy",
            "clippy",
            "test",
            "docs",
            "campaign",
            "bugs",
            "exhaust",
            "subjects",
            "fuzz-target"
        ]
    );
}
