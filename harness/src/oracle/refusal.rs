//! Refusal: a block is refused only where no free aligned run of its size exists in the frames as the subject has laid
//! them out.

use stalemap_operations::{BlockContract, Errno, Field, Home, Observables, Observation, Order, Outcome, SlotState};

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
    if !is_asked(step) {
        return Ok(());
    }
    let order = Order(step.answers.operation.values().last(Field::Order));
    let mut used = vec![false; step.rules.machine.ram() as usize];
    for frame in frames_of(step.subject) {
        if let Some(used) = used.get_mut(frame as usize) {
            *used = true;
        }
    }
    if !has_free_run(&used, order, step.rules.blocks) {
        return Ok(());
    }
    let run = order.frames();
    differ(
        "unjust",
        format!("a block of order {order} is refused only where no aligned run of {run} frames is free"),
        "it is refused although one is free",
    )
}

/// Whether a run of frames is free in which a block of this order may be.
fn has_free_run(used: &[bool], order: Order, blocks: &BlockContract) -> bool {
    let starts = used.windows(order.frames() as usize).step_by(blocks.alignment(order) as usize);
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

/// The offsets of all frames of RAM in use.
fn frames_of(subject: &Observation) -> impl Iterator<Item = u32> + '_ {
    let pages = subject.pages.iter().filter_map(|page| page.frame);
    let bare = subject.slots.iter().flat_map(|(_, state)| match state {
        SlotState::Transaction { frames, .. } => &subject.frames[frames.clone()],
        SlotState::Empty | SlotState::Pin(_) | SlotState::Hold(_) | SlotState::Block { .. } => &[],
    });
    let in_ram = pages.chain(bare.copied()).filter(|frame| frame.home == Home::Ram).map(|frame| frame.offset);
    let blocks = subject.slots.iter().filter_map(|(_, state)| match state {
        SlotState::Block { order, held, base, .. } => {
            let base = (*base)?.offset;
            Some(base + order.frames() - held..base + order.frames())
        }
        SlotState::Empty | SlotState::Pin(_) | SlotState::Hold(_) | SlotState::Transaction { .. } => None,
    });
    in_ram.chain(blocks.flatten())
}
