//! The workspace keeps its own rules.

use std::path::Path;

use stalemap_ci::{circles, find_root, layering, links, minimum_rust, tidy};

fn root() -> std::path::PathBuf {
    find_root(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn crates_need_only_what_they_may() {
    assert_eq!(layering::check(&root()).unwrap().join("\n"), "");
}

#[test]
fn at_most_three_files_import_each_other_in_a_circle() {
    assert_eq!(circles::check(&root()).unwrap().join("\n"), "");
}

#[test]
fn the_workspace_is_tidy() {
    assert_eq!(tidy::check(&root()).unwrap().join("\n"), "");
}

#[test]
fn each_link_of_a_document_leads_somewhere() {
    assert_eq!(links::check(&root()).unwrap().join("\n"), "");
}

#[test]
fn no_package_needs_a_newer_rust_than_the_workspace_states() {
    assert_eq!(minimum_rust::check(&root()).unwrap().join("\n"), "");
}
