//! The corpus: every trace agrees and answers as written, is canonical text, and together they show every operation,
//! every permitted refusal and every mark.

mod kept;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use stalemap_harness::{Compare, Driver};
use stalemap_implementation::{Bug, Implementation, Switch};
use stalemap_operations::{Effect, Kind, Machine, Outcome, Trace};
use stalemap_reference::{LIMIT, MARKS};

/// A trace of the corpus.
struct Found {
    /// Its path from the corpus on, as it is named in messages.
    name: String,
    text: String,
    trace: Trace,
}

/// All traces in a folder of the corpus, in the order of their names.
fn traces(folder: &str) -> Vec<Found> {
    let traces: Vec<Found> =
        kept::traces(folder).into_iter().map(|(name, text, trace)| Found { name, text, trace }).collect();
    assert!(!traces.is_empty(), "corpus/{folder} has traces");
    traces
}

fn driver() -> Driver {
    Driver::new(|machine: &Machine| Ok(Implementation::new(machine)))
}

/// Fails with all that is missing or wrong.
fn expect_none(what: &str, wrong: &[String]) {
    assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
}

#[test]
fn every_trace_agrees_and_answers_as_written() {
    let mut driver = driver();
    let mut wrong = Vec::new();
    for Found { name, trace, .. } in traces("") {
        let run = driver.run_trace(&trace, Compare::Everything).expect("it takes every machine");
        if let Some(divergence) = run.divergence {
            wrong.push(format!("{name}: {}: {:?}", divergence.signature(), divergence.mismatch));
        }
    }
    expect_none("these traces differ", &wrong);
}

#[test]
fn every_trace_is_canonical_text() {
    let not_canonical = |found: &Found| found.trace.to_string() != found.text;
    let wrong: Vec<String> = traces("").into_iter().filter(not_canonical).map(|found| found.name).collect();
    expect_none("these traces print back otherwise", &wrong);
}

#[test]
fn every_trace_of_a_small_machine_survives_the_bytes() {
    let mut with_bytes = 0;
    for Found { name, trace, .. } in traces("") {
        let Some(bytes) = trace.to_bytes() else {
            assert!(!trace.machine.has_bytes(), "{name}: a small machine has bytes");
            continue;
        };
        with_bytes += 1;
        let plain = Trace::new(trace.machine, trace.operations());
        assert_eq!(Trace::from_bytes(&bytes).to_string(), plain.to_string(), "{name}");
    }
    assert!(with_bytes > 100, "only {with_bytes} traces have bytes");
}

#[test]
fn every_trace_of_the_specification_has_a_title_and_an_answer_on_every_step() {
    let mut wrong = Vec::new();
    for Found { name, trace, .. } in traces("spec") {
        if trace.title.first().is_none_or(|title| title.len() <= "# ".len()) {
            wrong.push(format!("{name}: it does not begin with a comment that states the rule"));
        }
        if trace.steps.is_empty() {
            wrong.push(format!("{name}: it has no operation"));
        }
        for step in trace.steps.iter().filter(|step| step.answer.is_none()) {
            wrong.push(format!("{name}: `{}` has no written answer", step.operation));
        }
    }
    expect_none("the specification is incomplete", &wrong);
}

#[test]
fn every_trace_is_named_by_a_sentence() {
    let is_sentence = |name: &str| {
        let file = name.rsplit('/').next().and_then(|file| file.strip_suffix(".trace")).unwrap_or_default();
        let words: Vec<&str> = file.split('-').collect();
        let plain = |word: &&str| !word.is_empty() && word.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '.'));
        words.len() >= 3 && words.iter().all(plain)
    };
    let mut found = traces("spec");
    found.extend(traces("regressions"));
    let wrong: Vec<String> = found.into_iter().map(|found| found.name).filter(|name| !is_sentence(name)).collect();
    expect_none("these names are no sentences in lower case with hyphens", &wrong);
}

#[test]
fn the_specification_shows_every_operation_and_every_permitted_refusal() {
    let mut shown = BTreeSet::new();
    for found in traces("spec") {
        let answers = found.trace.steps.iter().filter_map(|step| Some((step.operation.kind(), step.answer?.class())));
        shown.extend(answers);
    }
    let mut missing = Vec::new();
    for &kind in Kind::ALL {
        let row = kind.row();
        if !shown.contains(&(kind, Outcome::Done(Effect::Nothing).class())) {
            missing.push(format!("no trace shows `{}` that answers ok", row.word));
        }
        for &errno in row.refusals {
            if !shown.contains(&(kind, Outcome::Refused(errno).class())) {
                missing.push(format!("no trace shows `{}` that answers {errno}", row.word));
            }
        }
    }
    expect_none("corpus/spec is incomplete", &missing);
}

#[test]
fn the_specification_meets_every_mark() {
    let mut driver = driver();
    for Found { trace, .. } in traces("spec") {
        driver.run_trace(&trace, Compare::Outcomes).expect("it takes every machine");
    }
    // Limits of data structures need more than a trace that explains something.
    let rules = MARKS.iter().zip(driver.marks()).filter(|(mark, _)| !mark.starts_with(LIMIT));
    let unmet = rules.filter(|&(_, &met)| met == 0);
    let missing: Vec<String> = unmet.map(|(mark, _)| format!("no trace meets the rule \"{mark}\"")).collect();
    expect_none("corpus/spec is incomplete", &missing);
}

#[test]
fn every_seeded_bug_contradicts_a_written_answer() {
    let mut traces = traces("spec");
    traces.extend(self::traces("regressions"));
    let mut uncaught = Vec::new();
    for &bug in Bug::ALL {
        let mut driver = Driver::new(move |machine: &Machine| {
            Ok::<_, String>(Implementation::with_bug(machine, &Switch::new(Some(bug))))
        });
        let contradicts = |found: &Found| {
            let run = driver.run_trace(&found.trace, Compare::Outcomes).expect("it takes every machine");
            run.divergence.is_some()
        };
        if !traces.iter().any(contradicts) {
            uncaught.push(bug.name().to_string());
        }
    }
    expect_none("no trace is answered otherwise with these bugs switched on", &uncaught);
}

#[test]
fn the_example_of_the_readme_is_true() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/README.md");
    let readme = fs::read_to_string(readme).expect("corpus/README.md");
    let example = readme.split("```\n").nth(1).expect("it has an example between ``` lines");
    let trace = Trace::parse(example).unwrap_or_else(|error| panic!("the example:{error}"));
    let run = driver().run_trace(&trace, Compare::Everything).expect("it takes every machine");
    assert_eq!(run.divergence, None);
    assert_eq!(trace.to_string(), example, "the example is canonical text");
    assert!(trace.steps.iter().all(|step| step.answer.is_some()), "every answer is written");
}
