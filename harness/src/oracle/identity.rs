//! Identity: the same places and slots show the same pages, and the same pages are live.

use stalemap_operations::Observables;

use super::check::Check;
use super::difference::{Difference, differ};
use super::step::{Conflict, StepView, name, name_in};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "place", needs: Observables::PLACES, find: place },
    Check { name: "slot", needs: Observables::PLACES.and(Observables::SLOTS), find: slot },
    Check { name: "live", needs: Observables::PLACES.and(Observables::SLOTS).and(Observables::FOLIOS), find: live },
];

fn place(step: &StepView<'_>) -> Result<(), Difference> {
    match step.conflict {
        Some(Conflict::Place(place)) => another_page(&place.to_string()),
        Some(Conflict::Slot(_)) | None => Ok(()),
    }
}

/// The page of a slot was at a place when it came to the slot.
fn slot(step: &StepView<'_>) -> Result<(), Difference> {
    match step.conflict {
        Some(Conflict::Slot(slot)) => another_page(&slot.to_string()),
        Some(Conflict::Place(_)) | None => Ok(()),
    }
}

#[cold]
fn another_page(at: &str) -> Result<(), Difference> {
    differ("page", format!("{at} has the page that it had before"), format!("{at} has another page"))
}

/// A page that neither a place nor a slot shows is known by a transaction alone, which is a slot, or by another page of its folio.
fn live(step: &StepView<'_>) -> Result<(), Difference> {
    if let Some(page) = step.reference.pages.iter().find(|page| !is_paired(step, page.token)) {
        let name = name(page, step);
        return differ("live", format!("{name} is live"), format!("{name} has ended, or no place or slot shows it"));
    }
    if let Some(page) = step.subject.pages.iter().find(|page| step.binding.reference(page.token).is_none()) {
        let name = name_in(page, step.subject);
        return differ("live", format!("{name} has ended"), format!("{name} is live"));
    }
    Ok(())
}

/// Whether the subject shows this page of the reference too.
fn is_paired(step: &StepView<'_>, token: stalemap_operations::PageToken) -> bool {
    step.binding.subject(token).is_some_and(|other| step.subject.page(other).is_some())
}
