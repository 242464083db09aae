//! Every rule is broken by some source and kept by another, and what it finds is at the right line.

mod arrows;
mod manifests;
mod tidy;

use std::collections::BTreeSet;
use std::slice;

use stalemap_ci::rule::{self, Rule, Severity};
use stalemap_ci::tree::Tree;

/// A small workspace and what one rule finds in it.
struct Case {
    rule: &'static str,
    /// What the sources show, for the message when the case fails.
    shows: &'static str,
    /// Paths and texts.
    files: &'static [(&'static str, &'static str)],
    /// The findings, as `path:line`; a warning begins with `warning `.
    findings: &'static [&'static str],
}

/// What breaks a rule.
const fn breaks(
    rule: &'static str,
    shows: &'static str,
    files: &'static [(&'static str, &'static str)],
    findings: &'static [&'static str],
) -> Case {
    Case { rule, shows, files, findings }
}

/// What keeps a rule.
const fn keeps(rule: &'static str, shows: &'static str, files: &'static [(&'static str, &'static str)]) -> Case {
    Case { rule, shows, files, findings: &[] }
}

fn all_rules() -> impl Iterator<Item = &'static Rule> {
    stalemap_ci::arrows::RULES.iter().chain(stalemap_ci::tidy::RULES)
}

fn all_cases() -> impl Iterator<Item = &'static Case> {
    manifests::CASES.iter().chain(arrows::CASES).chain(tidy::CASES)
}

fn findings(rule: &'static Rule, files: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
    let findings = rule::check(slice::from_ref(rule), &Tree::of(files));
    let places = findings.iter().map(|finding| match finding.severity {
        Severity::Error => format!("{}:{}", finding.path, finding.line),
        Severity::Warning => format!("warning {}:{}", finding.path, finding.line),
    });
    places.collect()
}

#[test]
fn rules_find_what_breaks_them_and_nothing_else() {
    let mut wrong = Vec::new();
    for case in all_cases() {
        let rule = all_rules().find(|rule| rule.name == case.rule).expect(case.rule);
        let files = case.files.iter().map(|&(path, text)| (path.to_owned(), text.to_owned()));
        let found = findings(rule, files);
        if found != case.findings {
            wrong.push(format!(
                "{}: {}\n    expected {:?}\n    found    {found:?}",
                case.rule, case.shows, case.findings
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_case_that_breaks_it_and_one_that_keeps_it() {
    let names = |is_kept: bool| -> BTreeSet<&str> {
        all_cases().filter(|case| case.findings.is_empty() == is_kept).map(|case| case.rule).collect()
    };
    let rules: BTreeSet<&str> = all_rules().map(|rule| rule.name).collect();
    assert_eq!(names(false), rules, "cases that break a rule");
    assert_eq!(names(true), rules, "cases that keep a rule");
    assert_eq!(all_rules().count(), rules.len(), "two rules have the same name");
}
