//! Identity: the same places and slots show the same pages, and the same pages are live.

use stalemap_operations::Observables;

use super::{Difference, StepView, differ, name, name_in};
use crate::comparison::Conflict;

pub(super) const NEEDS: Observables = Observables::PLACES.and(Observables::SLOTS);

pub(super) fn check(step: &StepView<'_>) -> Result<(), Difference> {
    if let Some(conflict) = step.conflict {
        let at = match conflict {
            Conflict::Place(place) => place.to_string(),
            Conflict::Slot(slot) => slot.to_string(),
        };
        return differ("page", format!("{at} has the page that it had before"), format!("{at} has another page"));
    }
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
