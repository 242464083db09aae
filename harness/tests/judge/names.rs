//! What a watcher sees: every step with its answers, and pages by names that are given once.

use stalemap_harness::Driver;
use stalemap_operations::{Operation, PageToken};

use crate::liar::{Liars, Lie};
use crate::trace;

/// The names of the pages after each step, of both sides, in the order of the places that show them.
fn names(liars: Liars, text: &str) -> Vec<[Vec<String>; 2]> {
    let mut names = Vec::new();
    let run = Driver::new(liars).watch(&trace(text).program(), &mut |step| {
        let of_reference = step.reference.places.iter().filter_map(|view| view.state.page());
        let of_subject = step.subject.places.iter().filter_map(|view| view.state.page());
        names.push([
            of_reference.map(|page| step.names.reference(page)).collect(),
            of_subject.map(|page| step.names.subject(page)).collect(),
        ]);
    });
    assert_eq!(run.expect("it takes every machine").divergence, None);
    names
}

const PROGRAM: &str = "map s0 v0+3 rw; write s0 v1 #1; write s0 v0 #2; unmap s0 v1; write s0 v2 #3";

#[test]
fn pages_are_named_in_the_order_of_their_appearance_and_no_name_is_used_again() {
    let expected: [&[&str]; 5] = [&[], &["p0"], &["p1", "p0"], &["p1"], &["p1", "p2"]];
    for liars in [Liars::honest(), Liars::honest().and(Lie::Renames(500), 0..=0)] {
        for (step, [reference, subject]) in names(liars, PROGRAM).iter().enumerate() {
            assert_eq!(reference, expected[step], "step {step}");
            assert_eq!(subject, expected[step], "step {step}");
        }
    }
}

#[test]
fn pages_that_appear_together_are_named_by_their_places() {
    let seen = names(Liars::honest(), "map s0 v0+3 rw; migrate s0 v0+3 to d0");
    assert_eq!(seen[1], [["p0", "p1", "p2"], ["p0", "p1", "p2"]]);
}

#[test]
fn a_page_that_has_ended_and_one_that_never_was_have_a_question_mark() {
    let mut tokens: Vec<[PageToken; 2]> = Vec::new();
    let mut after = Vec::new();
    let program = trace(PROGRAM).program();
    let mut driver = Driver::new(Liars::honest());
    let run = driver.watch(&program, &mut |step| {
        if step.step == 1 {
            tokens.push([step.reference, step.subject].map(|side| side.pages[0].token));
        }
        if step.step == 3 {
            let [reference, subject] = tokens[0];
            after = vec![step.names.reference(reference), step.names.subject(subject)];
            after.extend([step.names.reference(PageToken(99)), step.names.subject(PageToken(98))]);
        }
    });
    assert_eq!(run.expect("it takes every machine").divergence, None);
    let [reference, subject] = tokens[0];
    let unknown = |token: PageToken| format!("p?{}", token.0);
    assert_eq!(after, [unknown(reference), unknown(subject), "p?99".to_string(), "p?98".to_string()]);
}

#[test]
fn names_begin_anew_with_each_run() {
    let program = trace(PROGRAM).program();
    let mut driver = Driver::new(Liars::honest());
    for _ in 0..2 {
        let mut first = None;
        let run = driver.watch(&program, &mut |step| {
            first = first.take().or_else(|| step.reference.pages.first().map(|page| step.names.reference(page.token)));
        });
        assert_eq!(run.expect("it takes every machine").divergence, None);
        assert_eq!(first.as_deref(), Some("p0"));
    }
}

#[test]
fn a_watcher_sees_each_step_up_to_the_first_mismatch_and_no_recount() {
    let program = trace(PROGRAM).program();
    let wrong = Liars::honest()
        .and(Lie::Recounts("a count is wrong"), 0..=9)
        .and(Lie::Shows(|seen, _| seen.alive.clear()), 3..=9);
    let mut seen: Vec<(usize, Operation, bool, Option<String>)> = Vec::new();
    let run = Driver::new(wrong).watch(&program, &mut |step| {
        seen.push((
            step.step,
            step.operation,
            step.expected == step.claimed,
            step.mismatch.map(|it| it.fact.to_string()),
        ));
    });
    let expected = program.operations[..4]
        .iter()
        .enumerate()
        .map(|(step, &operation)| (step, operation, true, (step == 3).then(|| "alive".to_string())));
    assert_eq!(seen, expected.collect::<Vec<_>>());
    assert_eq!(run.expect("it takes every machine").steps, 4);
}
