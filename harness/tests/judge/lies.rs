//! Each lie is told of, under its name, at its step and in its words, whatever is compared; the honest subject is told of
//! nothing.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use stalemap_harness::{Compare, Driver, ORACLE_NAMES, Run, check_names};
use stalemap_operations::Observables;

use crate::liar::Liars;
use crate::rows::{Row, rows};
use crate::{trace, without_noise};

fn run(liars: Liars, row: &Row, compare: Compare) -> Run {
    Driver::new(liars).run_trace(&trace(row.program), compare).expect("it takes every machine")
}

/// What a run found: `oracle.fact` and step.
fn found(run: &Run) -> Option<(String, usize)> {
    let divergence = run.divergence.as_ref()?;
    Some((format!("{}.{}", divergence.mismatch.oracle, divergence.mismatch.fact), divergence.step))
}

/// Checks all rows in both ways; what differs, a line each.
fn wrong() -> Vec<String> {
    let mut wrong = Vec::new();
    for row in rows() {
        let expected = row.expected.map(|fact| (fact.to_string(), row.found_at()));
        for compare in [Compare::Touched, Compare::Everything] {
            let liars = row.liars();
            let counts = liars.counts.clone();
            let told = found(&run(liars, row, compare));
            if told != expected {
                wrong.push(format!("{} ({compare:?}): {told:?} instead of {expected:?}", row.name));
            }
            // What the quick comparison sees is looked for with the full one.
            let runs = if compare == Compare::Touched && expected.is_some() { 2 } else { 1 };
            if counts.resets.get() != runs {
                wrong.push(format!("{} ({compare:?}): {} runs instead of {runs}", row.name, counts.resets.get()));
            }
            if counts.was_pointless.get() {
                wrong.push(format!("{} ({compare:?}): it is about what is not shown", row.name));
            }
            if let Some(honest) = found(&run(Liars::honest(), row, compare)) {
                wrong.push(format!("{} ({compare:?}): the honest subject is told of {honest:?}", row.name));
            }
        }
    }
    wrong
}

#[test]
fn each_lie_is_told_of_by_its_name_and_at_its_step() {
    let wrong = without_noise(wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a run says, in words.
fn sentences(run: &Run) -> Option<String> {
    let divergence = run.divergence.as_ref()?;
    let operation = divergence.operation.map_or("the start".to_string(), |operation| operation.to_string());
    let mismatch = &divergence.mismatch;
    Some(format!(
        "    {} at step {}, {operation}\n    expected: {}\n    actual:   {}\n",
        divergence.signature(),
        divergence.step,
        mismatch.expected,
        mismatch.actual
    ))
}

#[test]
fn each_lie_is_told_of_in_the_words_that_are_kept() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judge/sentences.txt");
    let mut text = String::new();
    let mut wrong = Vec::new();
    without_noise(|| {
        for row in rows() {
            let [quick, full] = [Compare::Touched, Compare::Everything].map(|it| sentences(&run(row.liars(), row, it)));
            if quick != full {
                wrong.push(format!("{}: {quick:?} and {full:?}", row.name));
            }
            if let Some(said) = full {
                write!(text, "{}\n{said}", row.name).expect("a string takes it");
            }
        }
    });
    assert!(wrong.is_empty(), "the two ways to compare say different things:\n{}", wrong.join("\n"));
    let now = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sentences.txt");
    fs::write(&now, &text).expect("the folder is there");
    let before = fs::read_to_string(&kept).expect("it is kept");
    let others: Vec<&str> = text.lines().filter(|line| !before.lines().any(|it| it == *line)).collect();
    assert!(text == before, "{} differs from {}; new are:\n{}", now.display(), kept.display(), others.join("\n"));
}

/// The oracles that compare after each step.
fn each_step() -> impl Iterator<Item = &'static str> {
    ORACLE_NAMES.iter().copied().filter(|oracle| !["validity", "panic", "digest"].contains(oracle))
}

#[test]
fn each_oracle_finds_its_lies_alone_and_at_their_step() {
    let mut wrong = Vec::new();
    for (row, fact) in rows().filter_map(|row| Some((row, row.expected?))) {
        let Some(oracle) = each_step().find(|oracle| fact.split('.').next() == Some(oracle)) else { continue };
        for compare in [Compare::Touched, Compare::Everything] {
            let alone = |name: &str| {
                let mut driver = Driver::new(row.liars());
                driver.use_only_oracle(Some(name));
                found(&driver.run_trace(&trace(row.program), compare).expect("it takes every machine"))
            };
            let expected = Some((fact.to_string(), row.found_at()));
            let told = alone(oracle);
            if told != expected {
                wrong.push(format!("{} ({compare:?}): {told:?} instead of {fact}", row.name));
            }
            // One of its checks is enough, where it has several.
            if !check_names().filter(|check| check.split('.').next() == Some(oracle)).any(|it| alone(&it) == expected) {
                wrong.push(format!("{} ({compare:?}): no check alone finds {fact}", row.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_lie_is_told_of_where_there_are_no_digests() {
    let mut wrong = Vec::new();
    without_noise(|| {
        for (row, fact) in rows().filter_map(|row| Some((row, row.expected?))) {
            // What is not shown is nothing that the row is about.
            let hidden = if fact == "content.stamp" { Observables::FREE } else { Observables::STAMPS };
            for compare in [Compare::Touched, Compare::Everything] {
                let mut liars = row.liars();
                liars.capabilities.observables = Observables::ALL.without(hidden);
                let told = found(&run(liars, row, compare));
                if told != Some((fact.to_string(), row.found_at())) {
                    wrong.push(format!("{} ({compare:?}): {told:?} instead of {fact}", row.name));
                }
            }
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_lie_is_told_of_behind_a_run_that_came_up_to_it() {
    let mut wrong = Vec::new();
    without_noise(|| {
        for (row, fact) in rows().filter_map(|row| Some((row, row.expected?))) {
            if fact.ends_with("panics_in_reset") {
                continue;
            }
            for compare in [Compare::Touched, Compare::Everything] {
                let mut driver = Driver::new(row.liars());
                let mut before = trace(row.program).program();
                before.operations.truncate(row.found_at());
                let run = driver.run(&before, compare).expect("it takes every machine");
                assert_eq!(run.divergence, None, "{}", row.name);
                let told = found(&driver.run_trace(&trace(row.program), compare).expect("it takes every machine"));
                if told != Some((fact.to_string(), row.found_at())) {
                    wrong.push(format!("{} ({compare:?}): {told:?} instead of {fact}", row.name));
                }
            }
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
