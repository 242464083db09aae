//! The published table: how many changed lines of each crate the tests notice, and which they do not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::GOAL;
use super::change::Change;
use super::fates::{Fates, MISSED, TIMEOUT, UNVIABLE};
use crate::stages::tool::CARGO_MUTANTS;

/// What became of the changed lines of a crate.
#[derive(Debug, Default)]
pub(super) struct Score {
    pub(super) folder: &'static str,
    unviable: usize,
    /// How many each sort of tests has noticed.
    by_sort: BTreeMap<&'static str, usize>,
    /// Noticed by no test.
    pub(super) unnoticed: Vec<String>,
    /// Not tested yet.
    not_run: Vec<String>,
    /// How many of each file are noticed.
    noticed_by_file: BTreeMap<String, usize>,
    /// Not tested: they make no difference that could be seen.
    left_out: Vec<String>,
}

impl Score {
    /// Of the changes of a crate, of which some make no difference.
    pub(super) fn new(folder: &'static str, changes: &[Change], left_out: &BTreeSet<String>, fates: &Fates) -> Score {
        let mut score = Score { folder, ..Score::default() };
        let start = format!("{folder}/");
        for Change { name, file, .. } in changes.iter().filter(|change| change.file.starts_with(&start)) {
            match fates.get(name) {
                Some(UNVIABLE) => score.unviable += 1,
                _ if left_out.contains(name) => score.left_out.push(name.clone()),
                Some(MISSED) => score.unnoticed.push(name.clone()),
                Some(test) => {
                    *score.by_sort.entry(sort_of(test)).or_default() += 1;
                    *score.noticed_by_file.entry(file.clone()).or_default() += 1;
                }
                None => score.not_run.push(name.clone()),
            }
        }
        score
    }

    pub(super) fn noticed(&self) -> usize {
        self.by_sort.values().sum()
    }

    /// Those that compile, of the tested ones. (The ones that are left out may not, which makes the score lower than it is.)
    pub(super) fn viable(&self) -> usize {
        self.noticed() + self.unnoticed.len() + self.left_out.len()
    }

    /// Of 100 that compile, how many are noticed.
    fn percent(&self) -> f64 {
        let [noticed, viable] = [self.noticed(), self.viable()].map(|it| u32::try_from(it).map_or(f64::NAN, f64::from));
        100.0 * noticed / viable
    }

    /// The table of the files.
    fn files(&self) -> String {
        let Score { folder, unnoticed, not_run, left_out, noticed_by_file, .. } = self;
        let mut by_file: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
        for (column, names) in [unnoticed, left_out, not_run].into_iter().enumerate() {
            names.iter().for_each(|name| by_file.entry(file(name)).or_default()[column + 1] += 1);
        }
        for (file, count) in noticed_by_file {
            by_file.entry(file).or_default()[0] = *count;
        }
        let mut text = format!(
            "\n## Files: `{folder}`\n\n| | noticed | not noticed | makes no difference | not tested |\n| --- | ---: | ---: | ---: | \
             ---: |\n"
        );
        for (file, counts) in by_file {
            let _ = writeln!(text, "| `{file}` | {} |", counts.map(|count| count.to_string()).join(" | "));
        }
        text
    }

    /// In one line.
    pub(super) fn line(&self) -> String {
        let Score { folder, by_sort, unnoticed, unviable, .. } = self;
        let (noticed, viable, percent) = (self.noticed(), self.viable(), self.percent());
        let (unnoticed, not_run) = (unnoticed.len(), self.not_run.len());
        format!(
            "{folder}: {noticed} of {viable} viable changes are noticed, {percent:.1} % ({by_sort:?}); {unnoticed} are not; \
             {not_run} are not tested; {unviable} do not compile"
        )
    }
}

/// The file of a change.
fn file(name: &str) -> &str {
    name.split(':').next().unwrap_or(name)
}

/// The sorts of tests.
const UNIT: &str = "unit tests";
const JUDGE: &str = "judge";
const QUICK: &str = "quick";
const THOROUGH: &str = "thorough";
const HARNESS: &str = "harness";
const OTHER: &str = "other";

/// What each sort of tests is, as a row of the table.
const SORTS: &[(&str, &str)] = &[
    (UNIT, "noticed by unit tests"),
    (JUDGE, "… by subjects that lie"),
    (QUICK, "… by corpus, seeded bugs and sequences for each rule"),
    (THOROUGH, "… by the exhaustive certificate, large machines and a campaign"),
    (HARNESS, "… by the other tests of the harness"),
    (OTHER, "… by the other tests of the crates"),
    (TIMEOUT, "… by tests that do not end"),
];

/// The sort of a test: `harness/judge/some_name` is one of `judge`.
fn sort_of(test: &str) -> &'static str {
    let mut parts = test.split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(TIMEOUT), None, _) => TIMEOUT,
        (_, Some(program), _) if program.starts_with("stalemap_") => UNIT,
        (Some("harness"), Some("judge" | "faults"), _) => JUDGE,
        (Some("harness"), Some("strength"), Some("quick_checks")) => QUICK,
        (Some("harness"), Some("strength"), Some("thorough_checks")) => THOROUGH,
        (Some("harness"), ..) => HARNESS,
        _ => OTHER,
    }
}

/// The table of all crates.
pub(super) fn markdown(scores: &[Score]) -> String {
    let version = CARGO_MUTANTS.version;
    let mut text = format!(
        "# Mutation score: how many changed lines the tests notice\n\n\
         cargo-mutants {version} says which changes there are; all are compiled at once behind switches, and each is asked of the\n\
         tests that run its place, until one fails. `cargo run -q -p stalemap-ci -- mutants` writes this table; the goal is {GOAL} %\n\
         in each crate. What makes no difference that could be seen is left out, with its reason in\n\
         [.cargo/mutants.toml](../.cargo/mutants.toml).\n\n"
    );
    let mut row = |what: &str, cell: &dyn Fn(&Score) -> String| {
        let cells: Vec<String> = scores.iter().map(cell).collect();
        let _ = writeln!(text, "| {what} | {} |", cells.join(" | "));
    };
    row("", &|score| format!("`{}`", score.folder));
    row("---", &|_| "---:".to_owned());
    row("changes that compile", &|score| score.viable().to_string());
    for (sort, meaning) in SORTS {
        row(meaning, &|score| score.by_sort.get(sort).copied().unwrap_or(0).to_string());
    }
    row("**noticed**", &|score| format!("**{} = {:.1} %**", score.noticed(), score.percent()));
    row("makes no difference that could be seen", &|score| score.left_out.len().to_string());
    row("not noticed", &|score| score.unnoticed.len().to_string());
    row("not tested", &|score| score.not_run.len().to_string());
    row("changes that do not compile", &|score| score.unviable.to_string());
    scores.iter().for_each(|score| text.push_str(&score.files()));
    for Score { folder, unnoticed, left_out, .. } in scores {
        for (what, names) in [("Not noticed", unnoticed), ("No difference that could be seen", left_out)] {
            if !names.is_empty() {
                let _ = writeln!(text, "\n## {what}: `{folder}`\n");
                names.iter().for_each(|name| text.push_str(&format!("* `{name}`\n")));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Score, markdown};

    #[test]
    fn the_score_counts_what_compiles_and_names_what_is_left() {
        let score = Score {
            folder: "harness",
            unviable: 3,
            by_sort: [("quick", 2), ("timeout", 1)].into(),
            unnoticed: vec!["a.rs:1:2: replace a".to_owned()],
            left_out: vec!["b.rs:1:2: replace b".to_owned()],
            not_run: vec!["c.rs:1:2: replace c".to_owned()],
            noticed_by_file: [("a.rs".to_owned(), 3)].into(),
        };
        assert_eq!((score.noticed(), score.viable()), (3, 5));
        assert!(score.line().starts_with("harness: 3 of 5 viable changes are noticed, 60.0 % ("), "{}", score.line());
        let text = markdown(&[score]);
        for line in [
            "|  | `harness` |",
            "| --- | ---: |",
            "| changes that compile | 5 |",
            "| … by tests that do not end | 1 |",
            "| **noticed** | **3 = 60.0 %** |",
            "| changes that do not compile | 3 |",
            "## Not noticed: `harness`",
            "* `a.rs:1:2: replace a`",
            "* `b.rs:1:2: replace b`",
            "| not tested | 1 |",
            "| `a.rs` | 3 | 1 | 0 | 0 |",
            "| `b.rs` | 0 | 0 | 1 | 0 |",
            "| `c.rs` | 0 | 0 | 0 | 1 |",
        ] {
            assert!(text.lines().any(|it| it == line), "`{line}` is not in\n{text}");
        }
    }
}
