//! What continuous integration runs: stages, the arrows that must not exist, and tidiness.
//!
//! `cargo run -q -p stalemap-ci` runs the stages. The rules that a program can check ([`arrows`] and [`tidy`]) are
//! tests of this crate as well, so that plain `cargo test` says the same.

pub mod arrows;
mod exempt;
pub mod rule;
pub mod stages;
pub mod tidy;
pub mod tokens;
pub mod tree;

use anyhow::Result;
use rule::{Finding, Rule, Severity};
use tree::Tree;

/// Prints what breaks the rules.
///
/// # Errors
/// When something is worse than a warning; the error says how often.
pub fn report(rules: &'static [Rule], tree: &Tree) -> Result<()> {
    let findings = rule::check(rules, tree);
    for finding in &findings {
        println!("{finding}");
    }
    let is_error = |finding: &&Finding| finding.severity == Severity::Error;
    let errors = findings.iter().filter(is_error).count();
    println!(
        "{} rules over {} files: {errors} errors, {} warnings",
        rules.len(),
        tree.files.len(),
        findings.len() - errors
    );
    anyhow::ensure!(errors == 0, "{errors} places break a rule of the workspace; each is listed above");
    Ok(())
}
