//! Refusal: a block is refused, or a large folio does without a run, only where no free aligned run of its size exists in the
//! frames as the subject has laid them out.

use stalemap_operations::{Errno, Field, FrameToken, Home, Observables, Observation, Order, Outcome, SlotState};

use super::check::Check;
use super::difference::{Difference, differ};
use super::step::StepView;

/// Each frame in use must be shown, of pages and of slots.
pub(super) const CHECKS: &[Check] = &[Check {
    name: "unjust",
    needs: Observables::FRAMES.and(Observables::PLACES).and(Observables::SLOTS),
    find: check,
}];

fn check(step: &StepView<'_>) -> Result<(), Difference> {
    if is_asked(step) {
        block(step)?;
    }
    Home::ALL.into_iter().filter(|home| step.answers.refused_runs[home.index()]).try_for_each(|home| run(step, home))
}

/// A block that was refused.
fn block(step: &StepView<'_>) -> Result<(), Difference> {
    let order = Order(step.answers.operation.values().last(Field::Order));
    if !has_free_run(&used(step, Home::Ram), order, step.rules.blocks.alignment(order)) {
        return Ok(());
    }
    let run = order.frames();
    differ(
        "unjust",
        format!("a block of order {order} is refused only where no aligned run of {run} frames is free"),
        "it is refused although one is free",
    )
}

/// A large folio for which no run was found. Whatever else the operation did has only taken frames at this home: a run that is free
/// behind it was free before.
fn run(step: &StepView<'_>, home: Home) -> Result<(), Difference> {
    let run = step.rules.machine.huge_pages();
    if !has_free_run(&used(step, home), Order(run.ilog2()), run) {
        return Ok(());
    }
    differ(
        "unjust",
        format!("a large folio gets no frames in {home} only where no aligned run of {run} frames is free"),
        "it gets none although one is free",
    )
}

/// Which frames of a home are in use.
fn used(step: &StepView<'_>, home: Home) -> Vec<bool> {
    let mut used = vec![false; step.rules.machine.frames(home) as usize];
    for frame in frames_of(step.subject, home) {
        if let Some(used) = used.get_mut(frame as usize) {
            *used = true;
        }
    }
    used
}

/// Whether a run of frames of this order is free that begins at a multiple of so many.
fn has_free_run(used: &[bool], order: Order, alignment: u32) -> bool {
    let starts = used.windows(order.frames() as usize).step_by(alignment as usize);
    starts.into_iter().any(|run| !run.contains(&true))
}

/// Whether the answer is the refusal of a block although enough frames are free.
fn is_asked(step: &StepView<'_>) -> bool {
    let operation = step.answers.operation;
    step.answers.claimed == Outcome::Refused(Errno::ENOMEM)
        && operation.kind().row().fields.contains(&Field::Order)
        && !step.rules.blocks.refusals.permit(Order(operation.values().last(Field::Order)))
        && step.reference.free[Home::Ram.index()] >= 1 << operation.values().last(Field::Order)
}

/// The offsets of all frames of a home in use. Blocks are in RAM.
fn frames_of(subject: &Observation, home: Home) -> impl Iterator<Item = u32> + '_ {
    let pages = subject.pages.iter().filter_map(|page| page.frame);
    let bare = subject.slots.iter().flat_map(|(_, state)| match state {
        SlotState::Transaction { frames, .. } => &subject.frames[frames.clone()],
        SlotState::Empty | SlotState::Pin(_) | SlotState::Hold(_) | SlotState::Block { .. } => &[],
    });
    let is_here = move |frame: &FrameToken| frame.home == home;
    let single = pages.chain(bare.copied()).filter(is_here).map(|frame| frame.offset);
    let blocks = subject.slots.iter().filter_map(|(_, state)| match state {
        SlotState::Block { order, held, base, .. } => {
            let base = (*base)?.offset;
            Some(base + order.frames() - held..base + order.frames())
        }
        SlotState::Empty | SlotState::Pin(_) | SlotState::Hold(_) | SlotState::Transaction { .. } => None,
    });
    single.chain(blocks.filter(move |_| home == Home::Ram).flatten())
}
