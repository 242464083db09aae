//! The workspace keeps its own rules, so that plain `cargo test` says what continuous integration would say.

use std::path::Path;

use stalemap_ci::rule::{self, Rule, Severity};
use stalemap_ci::tree::{Tree, find_root};

fn errors(rules: &'static [Rule]) -> Vec<String> {
    let root = find_root(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let tree = Tree::read(&root).unwrap();
    assert!(tree.sources().any(|file| file.path == "ci/tests/workspace.rs"), "the tree is not this workspace");
    let findings = rule::check(rules, &tree);
    findings.iter().filter(|finding| finding.severity == Severity::Error).map(ToString::to_string).collect()
}

#[test]
fn no_arrow_exists_that_must_not() {
    assert_eq!(errors(stalemap_ci::arrows::RULES).join("\n"), "");
}

#[test]
fn the_workspace_is_tidy() {
    assert_eq!(errors(stalemap_ci::tidy::RULES).join("\n"), "");
}
