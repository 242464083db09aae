//! Mapping: places, entries, writable bits, slots and spaces are the same, and lead to the same pages.

use stalemap_operations::{Entry, Observables, Observation, Place, PlaceState, SlotState, SpaceSet};

use super::check::Check;
use super::difference::{Difference, differ, differ_in};
use super::step::{StepView, both_places, name};
use crate::mismatch::Sense;

pub(super) const CHECKS: &[Check] = &[
    Check { name: "spaces", needs: Observables::SPACES, find: spaces },
    Check { name: "places", needs: Observables::PLACES, find: places },
    Check { name: "writable", needs: Observables::PLACES.and(Observables::WRITABLE), find: writable },
    Check { name: "huge", needs: Observables::PLACES.and(Observables::FOLIOS), find: huge },
    Check { name: "slots", needs: Observables::SLOTS, find: slots },
    Check { name: "home", needs: Observables::PLACES, find: home },
    Check { name: "exclusive", needs: Observables::PLACES.and(Observables::EXCLUSIVE), find: exclusive },
];

/// Which spaces are alive, and which are locked.
fn spaces(step: &StepView<'_>) -> Result<(), Difference> {
    let list = |spaces: &SpaceSet| {
        let names: Vec<String> = spaces.iter().map(|space| space.to_string()).collect();
        if names.is_empty() { "none".to_string() } else { names.join(" ") }
    };
    let (expected, shown) = (step.reference, step.subject);
    for (fact, reference, subject) in
        [("alive", &expected.alive, &shown.alive), ("locked", &expected.locked, &shown.locked)]
    {
        if reference != subject {
            let sense = Sense::between(reference.iter().count(), subject.iter().count());
            let [expected, actual] = [reference, subject].map(|spaces| format!("{fact} spaces: {}", list(spaces)));
            return differ_in(sense, fact, expected, actual);
        }
    }
    Ok(())
}

/// Each place: mapped or not, access, entry. Which page it is is a matter of identity.
fn places(step: &StepView<'_>) -> Result<(), Difference> {
    for (place, reference, subject) in both_places(step.reference, step.subject) {
        let fact = match (reference, subject) {
            (PlaceState::Unmapped, PlaceState::Unmapped) => continue,
            (PlaceState::Mapped { access: a, entry: e }, PlaceState::Mapped { access: b, entry: f }) => {
                if a != b {
                    "access"
                } else {
                    match (e, f) {
                        (Entry::Hole, Entry::Hole)
                        | (Entry::Maps { .. }, Entry::Maps { .. })
                        | (Entry::Migrating { .. }, Entry::Migrating { .. }) => continue,
                        (Entry::Hole | Entry::Maps { .. } | Entry::Migrating { .. }, _) => "entry",
                    }
                }
            }
            (PlaceState::Unmapped | PlaceState::Mapped { .. }, _) => "place",
        };
        return differ(fact, words(place, *reference), words(place, *subject));
    }
    Ok(())
}

/// The writable bit of each entry.
fn writable(step: &StepView<'_>) -> Result<(), Difference> {
    let bit = |state: &PlaceState| match state {
        PlaceState::Mapped { entry: Entry::Maps { writable, .. } | Entry::Migrating { writable, .. }, .. } => {
            Some(*writable)
        }
        PlaceState::Mapped { entry: Entry::Hole, .. } | PlaceState::Unmapped => None,
    };
    match both_places(step.reference, step.subject).find(|(_, reference, subject)| bit(reference) != bit(subject)) {
        None => Ok(()),
        Some((place, reference, subject)) => {
            let sense = Sense::between(bit(reference), bit(subject));
            differ_in(sense, "writable", words(place, *reference), words(place, *subject))
        }
    }
}

/// Whether each entry is part of a huge one. That the places of a group are huge together follows: those of the reference are.
fn huge(step: &StepView<'_>) -> Result<(), Difference> {
    let bit = |state: &PlaceState| match state {
        PlaceState::Mapped { entry: Entry::Maps { huge, .. } | Entry::Migrating { huge, .. }, .. } => Some(*huge),
        PlaceState::Mapped { entry: Entry::Hole, .. } | PlaceState::Unmapped => None,
    };
    match both_places(step.reference, step.subject).find(|(_, reference, subject)| bit(reference) != bit(subject)) {
        None => Ok(()),
        Some((place, reference, subject)) => {
            let sense = Sense::between(bit(reference), bit(subject));
            let words = |is_huge| format!("{place} is mapped by a {} entry", if is_huge { "huge" } else { "small" });
            let [expected, actual] = [reference, subject].map(|state| words(bit(state) == Some(true)));
            differ_in(sense, "huge", expected, actual)
        }
    }
}

#[cold]
fn words(place: Place, state: PlaceState) -> String {
    let bit = |writable| if writable { "writable" } else { "not writable" };
    match state {
        PlaceState::Unmapped => format!("{} is unmapped", place),
        PlaceState::Mapped { access, entry } => match entry {
            Entry::Hole => format!("{} ({access}) is a hole", place),
            Entry::Maps { writable, .. } => format!("{} ({access}) maps a page, {}", place, bit(writable)),
            Entry::Migrating { writable, .. } => {
                format!("{} ({access}) has a migration entry, {}", place, bit(writable))
            }
        },
    }
}

/// What each slot holds. Which page it is is a matter of identity.
fn slots(step: &StepView<'_>) -> Result<(), Difference> {
    let empty = SlotState::Empty;
    let other = |slot, of: &'_ Observation| of.slots.iter().position(|(it, _)| *it == slot);
    for (slot, state) in &step.reference.slots {
        let subject = other(*slot, step.subject).map_or(&empty, |index| &step.subject.slots[index].1);
        if !same_slot(state, subject) {
            return differ(
                "slot",
                format!("{slot} is {}", slot_words(state)),
                format!("{slot} is {}", slot_words(subject)),
            );
        }
    }
    for (slot, state) in &step.subject.slots {
        if *state != SlotState::Empty && other(*slot, step.reference).is_none() {
            return differ("slot", format!("{slot} is empty"), format!("{slot} is {}", slot_words(state)));
        }
    }
    Ok(())
}

fn same_slot(reference: &SlotState, subject: &SlotState) -> bool {
    match (reference, subject) {
        (SlotState::Empty, SlotState::Empty)
        | (SlotState::Pin(_), SlotState::Pin(_))
        | (SlotState::Hold(_), SlotState::Hold(_)) => true,
        (
            SlotState::Transaction { phase: a, candidates: m, .. },
            SlotState::Transaction { phase: b, candidates: n, .. },
        ) => (a, m) == (b, n),
        (
            SlotState::Block { order: a, split: s, held: m, .. },
            SlotState::Block { order: b, split: t, held: n, .. },
        ) => (a, s, m) == (b, t, n),
        (
            SlotState::Empty
            | SlotState::Pin(_)
            | SlotState::Hold(_)
            | SlotState::Transaction { .. }
            | SlotState::Block { .. },
            _,
        ) => false,
    }
}

#[cold]
fn slot_words(state: &SlotState) -> String {
    match state {
        SlotState::Empty => "empty".to_string(),
        SlotState::Pin(_) => "a pin".to_string(),
        SlotState::Hold(_) => "a hold".to_string(),
        SlotState::Transaction { phase, candidates, .. } => {
            format!("a transaction, {}, {candidates} candidates", phase.word())
        }
        SlotState::Block { order, split, held, .. } => {
            format!("a block of order {order}{}, {held} frames held", if *split { ", split" } else { "" })
        }
    }
}

/// The home of the pages.
fn home(step: &StepView<'_>) -> Result<(), Difference> {
    for (reference, subject) in step.pages() {
        if reference.home != subject.home {
            let name = name(reference, step);
            let [expected, actual] = [reference, subject].map(|page| format!("{name} is at home in {}", page.home));
            return differ("home", expected, actual);
        }
    }
    Ok(())
}

/// Whether the pages are exclusive.
fn exclusive(step: &StepView<'_>) -> Result<(), Difference> {
    for (reference, subject) in step.pages() {
        if reference.exclusive != subject.exclusive {
            let name = name(reference, step);
            let sense = Sense::between(reference.exclusive, subject.exclusive);
            let [expected, actual] = [reference, subject]
                .map(|page| format!("{name} is {}exclusive", if page.exclusive { "" } else { "not " }));
            return differ_in(sense, "exclusive", expected, actual);
        }
    }
    Ok(())
}
