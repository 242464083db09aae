//! Placement: every frame that the subject shows is at the right home, within it, aligned, and has one owner; the pages of a
//! large folio are in a run of frames.

use stalemap_operations::{FolioView, FrameToken, Observables, Observation, PageView, SlotState};

use super::check::Check;
use super::difference::{Difference, differ};
use super::owners::{Fault, Owner, Owners};
use super::step::{StepView, name_in};

/// What is in a frame that is not shown takes part in no conflict, so that nothing but frames is needed.
pub(super) const CHECKS: &[Check] = &[
    Check { name: "frames", needs: Observables::FRAMES, find: frames },
    Check { name: "run", needs: Observables::FRAMES.and(Observables::FOLIOS), find: runs },
];

/// Everything that the subject shows, after a step.
fn frames(step: &StepView<'_>) -> Result<(), Difference> {
    check(step, |_| None)
}

/// The same, and where the pages of large folios are; nothing where there are none.
fn runs(step: &StepView<'_>) -> Result<(), Difference> {
    if step.subject.pages.iter().all(|page| page.folio.is_none()) {
        return Ok(());
    }
    check(step, |page| page.folio)
}

fn check(step: &StepView<'_>, folio: impl Fn(&PageView) -> Option<FolioView>) -> Result<(), Difference> {
    let mut owners = step.owners.borrow_mut();
    owners.clear();
    let seen = step.subject;
    for page in &seen.pages {
        owners.page(page.token, page.home, page.frame, folio(page));
    }
    for (slot, state) in &seen.slots {
        owners.slot(*slot, state, frames_of(state, seen));
    }
    owners.check().or_else(|(owner, fault)| differ_by(owner, fault, Some(seen)))
}

/// The frames that a transaction shows.
fn frames_of<'a>(state: &SlotState, seen: &'a Observation) -> impl Iterator<Item = FrameToken> + 'a {
    let frames = match state {
        SlotState::Transaction { frames, .. } => &seen.frames[frames.clone()],
        SlotState::Empty | SlotState::Pin(_) | SlotState::Hold(_) | SlotState::Block { .. } => &[],
    };
    frames.iter().copied()
}

/// What was shown step by step since the last check; pages are not named.
#[inline]
pub(super) fn check_part(owners: &mut Owners) -> Result<(), Difference> {
    owners.check().or_else(|(owner, fault)| differ_by(owner, fault, None))
}

#[cold]
#[inline(never)]
fn differ_by(owner: Owner, fault: Fault, seen: Option<&Observation>) -> Result<(), Difference> {
    let whose = words(owner, seen);
    match fault {
        Fault::Home { is, should_be } => match owner {
            Owner::Page(_) => differ(
                "home",
                format!("{whose}, at home in {should_be}, is in one of its frames"),
                format!("it is in a frame of {is}"),
            ),
            Owner::Slot(_) => differ("home", format!("the block in {whose} is in RAM"), format!("it is in {is}")),
        },
        Fault::Range { home, frames } => {
            differ("range", format!("{home} has {frames} frames"), format!("{whose} is in a frame behind its end"))
        }
        Fault::Alignment { order, frames } => {
            let expected = format!("the block of order {order} in {whose} begins at a multiple of {frames} frames");
            differ("alignment", expected, "it does not")
        }
        Fault::Index { index, frames } => {
            differ("run", format!("{whose} is in frame {index} of an aligned run of {frames}"), "it is in another one")
        }
        Fault::Run => {
            differ("run", format!("{whose} is in the same run of frames as the head of its folio"), "it is not")
        }
        Fault::Twice => {
            differ("owner", "every frame has one owner", format!("two candidates of {whose} have the same"))
        }
        Fault::Shared(other) => {
            differ("owner", "every frame has one owner", format!("{} and {whose} have the same", words(other, seen)))
        }
    }
}

fn words(owner: Owner, seen: Option<&Observation>) -> String {
    match owner {
        Owner::Page(token) => {
            let page = seen.and_then(|seen| Some((seen.page(token)?, seen)));
            page.map_or_else(|| "a page".to_string(), |(page, seen)| name_in(page, seen))
        }
        Owner::Slot(slot) => slot.to_string(),
    }
}
