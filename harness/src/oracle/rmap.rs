//! Reverse map: a page's own walk finds exactly the places that map it.

use stalemap_operations::{Observables, Place};

use super::check::Check;
use super::difference::{Difference, differ_in};
use super::step::{StepView, name};
use crate::mismatch::Sense;

pub(super) const CHECKS: &[Check] =
    &[Check { name: "places", needs: Observables::PLACES.and(Observables::RMAPS), find: check }];

fn check(step: &StepView<'_>) -> Result<(), Difference> {
    for (reference, subject) in step.pages() {
        let (expected, actual) = (step.reference.rmap(reference), step.subject.rmap(subject));
        if !same_places(expected, actual) {
            let name = name(reference, step);
            let sense = Sense::between(expected.len(), actual.len());
            let [expected, actual] =
                [expected, actual].map(|places| format!("the reverse map of {name} finds {}", list(places)));
            return differ_in(sense, "places", expected, actual);
        }
    }
    Ok(())
}

/// Whether the walk found each of the places once, in any order; a reference lists them ascending.
fn same_places(expected: &[Place], actual: &[Place]) -> bool {
    if expected.len() != actual.len() {
        return false;
    }
    if expected.len() <= 8 {
        return expected.iter().all(|place| actual.contains(place));
    }
    let mut actual = actual.to_vec();
    actual.sort_unstable();
    expected == actual
}

#[cold]
fn list(places: &[Place]) -> String {
    let mut places = places.to_vec();
    places.sort_unstable();
    let names: Vec<String> = places.iter().map(Place::to_string).collect();
    if names.is_empty() { "nothing".to_string() } else { names.join(", ") }
}
