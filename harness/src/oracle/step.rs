//! A step as the oracles see it: what both sides show, place by place and page by page.

use std::cell::RefCell;

use stalemap_operations::{Observation, PageView, Place, PlaceState, PlaceView, Slot, SlotState};

use super::owners::{FrameRules, Owners};
use crate::answers::Answers;
use crate::binding::Binding;

/// One step as the oracles see it.
pub(crate) struct StepView<'a> {
    pub(crate) rules: FrameRules<'a>,
    pub(crate) answers: Answers,
    /// Everything of the reference; nothing where nothing was looked at.
    pub(crate) reference: &'a Observation,
    /// Everything of the subject, likewise.
    pub(crate) subject: &'a Observation,
    /// Which page of the subject is which page of the reference.
    pub(crate) binding: &'a Binding,
    /// The pages that both sides show, by their places in what was seen.
    pub(crate) pairs: &'a [(usize, usize)],
    /// Where the two sides show different pages.
    pub(crate) conflict: Option<Conflict>,
    /// Room for the owners of the subject's frames.
    pub(crate) owners: &'a RefCell<Owners>,
}

impl<'a> StepView<'a> {
    /// The pages that both sides show.
    pub(crate) fn pages(&self) -> impl Iterator<Item = (&'a PageView, &'a PageView)> {
        self.pairs.iter().map(|&(mine, other)| (&self.reference.pages[mine], &self.subject.pages[other]))
    }
}

/// A place or slot at which the two sides show different pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conflict {
    Place(Place),
    Slot(Slot),
}

/// What the same places show on both sides; a place that only one side lists is unmapped on the other.
pub(crate) fn both_places<'a>(
    reference: &'a Observation,
    subject: &'a Observation,
) -> impl Iterator<Item = (Place, &'a PlaceState, &'a PlaceState)> {
    const UNMAPPED: &PlaceState = &PlaceState::Unmapped;
    let (mut left, mut right) = (reference.places.as_slice(), subject.places.as_slice());
    std::iter::from_fn(move || match (left, right) {
        ([mine, others @ ..], [other, rest @ ..]) if mine.place == other.place => {
            (left, right) = (others, rest);
            Some((mine.place, &mine.state, &other.state))
        }
        ([mine, others @ ..], [other, ..]) if mine.place < other.place => {
            left = others;
            Some((mine.place, &mine.state, UNMAPPED))
        }
        (_, [other, rest @ ..]) => {
            right = rest;
            Some((other.place, UNMAPPED, &other.state))
        }
        ([mine, others @ ..], []) => {
            left = others;
            Some((mine.place, &mine.state, UNMAPPED))
        }
        ([], []) => None,
    })
}

/// How a page of the reference is named in a mismatch: by a place or slot that shows it.
#[cold]
pub(crate) fn name(page: &PageView, step: &StepView<'_>) -> String {
    name_in(page, step.reference)
}

/// How a page of one side is named: by a place or slot of that side that shows it.
#[cold]
pub(crate) fn name_in(page: &PageView, side: &Observation) -> String {
    let shows = |view: &&PlaceView| view.state.page() == Some(page.token);
    if let Some(view) = side.places.iter().find(shows) {
        return format!("the page at {}", view.place);
    }
    let holds = |(_, state): &&(_, SlotState)| state.page() == Some(page.token);
    match side.slots.iter().find(holds) {
        Some((slot, _)) => format!("the page in {slot}"),
        None => match side.rmap(page).first() {
            Some(place) => format!("the page at {place}"),
            None => format!("a page with stamp {} in {} that no entry maps", page.stamp, page.home),
        },
    }
}
