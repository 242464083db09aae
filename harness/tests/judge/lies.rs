//! Each lie is told of, under its name and at its step, whatever is compared; the honest subject is told of nothing.

use stalemap_harness::{Compare, Driver, Run};

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
