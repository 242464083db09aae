//! The catalogue: it names what is built, and a row that says something else of a version than that does is noticed.

use std::fs;
use std::path::Path;

use stalemap_subjects::catalogue::{Known, ROWS, Row, row};
use stalemap_subjects::check::{check, traces};
use stalemap_subjects::readme;

/// Enough for every fault that is known.
const EXECUTIONS: u64 = 2_000;

#[test]
fn every_row_is_a_version_that_the_lock_file_pins() {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let lock = fs::read_to_string(lock).expect("the workspace has a lock file");
    for Row { package, version, .. } in ROWS.iter().filter(|row| row.is_theirs) {
        let pinned = format!("name = \"{package}\"\nversion = \"{version}\"\n");
        assert!(lock.contains(&pinned), "{package} {version} is not what is built");
    }
}

#[test]
fn every_kept_trace_shows_what_it_says_and_nothing_where_that_is_repaired() {
    for row in ROWS {
        assert_eq!(traces(row), Ok(()), "{}", row.name());
    }
}

#[test]
fn a_fault_that_is_not_known_is_noticed() {
    let faulty = row("buddy_system_allocator@0.6.0").expect("a row");
    let innocent = Row { known: Known::Agrees, part: "without traces", ..*faulty };
    let noticed = check(&innocent, EXECUTIONS).expect_err("it diverges");
    assert!(noticed.starts_with("placement.owner@alloc is new, at execution 1\n"), "{noticed}");
}

#[test]
fn a_fault_that_is_not_there_is_noticed() {
    let repaired = row("buddy_system_allocator@0.13.0").expect("a row");
    let earlier = row("buddy_system_allocator@0.6.0").expect("a row");
    // It looks for the traces of the earlier version, and does not show them.
    let claimed = Row { version: earlier.version, known: earlier.known, ..*repaired };
    assert!(check(&claimed, EXECUTIONS).expect_err("it agrees").ends_with("shows None"));
    let claimed = Row { known: earlier.known, ..*repaired };
    assert_eq!(check(&claimed, EXECUTIONS), Err("a fault is known, and no trace is kept of it".to_string()));
}

#[test]
fn names_are_those_of_one_row() {
    for (index, row) in ROWS.iter().enumerate() {
        let same = ROWS.iter().filter(|it| it.is_named(&row.name())).count();
        assert_eq!(same, 1, "row {index}: {}", row.name());
    }
}

#[test]
fn the_readme_has_a_line_for_each_row() {
    let readme = fs::read_to_string(readme::path()).expect("there is one");
    for row in ROWS {
        let start = readme::start(row);
        let line = readme.lines().find(|line| line.starts_with(&start));
        let line = line.unwrap_or_else(|| panic!("no line begins with {start}"));
        assert_eq!(line.contains("| agrees |"), row.known == Known::Agrees, "{line}");
    }
}
