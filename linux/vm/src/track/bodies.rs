//! The pages that live, by frame.

use std::collections::{BTreeMap, BTreeSet};

use stalemap_guest::{EntryKind, Frame, GuestPlace, GuestState, GuestTransaction};
use stalemap_operations::Phase;

/// Where a page is, and where it was or is going.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body {
    /// The frame that its entries name.
    pub(super) named: Frame,
    /// The frame that holds its content.
    pub(super) content: Frame,
}

/// Every page that lives, by the frame that its entries name.
pub(super) fn bodies(seen: &GuestState) -> BTreeMap<Frame, Body> {
    let mut bodies = BTreeMap::new();
    for frame in seen.places.iter().filter_map(named).chain(seen.held.iter().map(|held| held.frame)) {
        bodies.insert(frame, Body { named: frame, content: frame });
    }
    for transaction in &seen.transactions {
        let has_moved = phase(transaction) == Phase::Moved;
        for candidate in &transaction.candidates {
            let moved = candidate.destination.filter(|_| has_moved && candidate.moves);
            if let Some(source) = candidate.source {
                bodies.insert(source, Body { named: source, content: moved.unwrap_or(source) });
            } else if let Some(born) = moved {
                bodies.insert(born, Body { named: born, content: born });
            }
        }
    }
    add_folios(seen, &mut bodies);
    bodies
}

/// The pages of a large folio live as one, those too that nothing names.
fn add_folios(seen: &GuestState, bodies: &mut BTreeMap<Frame, Body>) {
    let folio = |frame: Frame| seen.page(frame)?.folio.map(|folio| (frame.home, folio.head));
    let named: BTreeSet<_> = bodies.keys().filter_map(|&frame| folio(frame)).collect();
    for page in &seen.pages {
        if folio(page.frame).is_some_and(|folio| named.contains(&folio)) {
            bodies.entry(page.frame).or_insert(Body { named: page.frame, content: page.frame });
        }
    }
}

/// The frame that an entry names.
pub(super) fn named(place: &GuestPlace) -> Option<Frame> {
    matches!(place.entry, EntryKind::Maps | EntryKind::Migrating).then_some(place.frame)
}

pub(super) fn phase(transaction: &GuestTransaction) -> Phase {
    match transaction.phase {
        1 => Phase::Collected,
        2 => Phase::Copied,
        _ => Phase::Moved,
    }
}
