//! Placement: every frame that the subject shows is at the right home, within it, aligned, and has one owner.

use stalemap_operations::{FrameToken, Home, Machine, Observables, PageToken, Slot, SlotState};

use super::{Oracle, Owners as Known, Seen, object};
use crate::divergence::Mismatch;

pub(super) const ORACLE: Oracle =
    Oracle { name: "placement", needs: Observables::FRAMES.and(Observables::PLACES).and(Observables::SLOTS) };

/// Who has a frame, as far as it was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Page(PageToken),
    Slot(Slot),
}

/// The owner of each frame that the subject has shown, kept from step to step; of each owner its frames.
#[derive(Clone, Debug, Default)]
pub(crate) struct Owners {
    frames: [Vec<Option<Owner>>; Home::LIMIT],
    /// The frame of each page, by token.
    pages: Vec<Option<FrameToken>>,
    /// The frames of slots.
    slots: Vec<(Slot, FrameToken)>,
}

impl Owners {
    /// Nobody has shown anything.
    pub(crate) fn clear(&mut self) {
        self.frames.iter_mut().for_each(|frames| frames.fill(None));
        self.pages.fill(None);
        self.slots.clear();
    }

    fn owner(&mut self, frame: FrameToken) -> &mut Option<Owner> {
        let frames = &mut self.frames[frame.home.index()];
        let index = frame.offset as usize;
        if frames.len() <= index {
            frames.resize(index + 1, None);
        }
        &mut frames[index]
    }

    fn drop(&mut self, frame: FrameToken, owner: Owner) {
        let known = self.owner(frame);
        if *known == Some(owner) {
            *known = None;
        }
    }

    /// A page has ended.
    pub(crate) fn forget_page(&mut self, page: PageToken) {
        if let Some(frame) = self.pages.get_mut(page.0 as usize).and_then(Option::take) {
            self.drop(frame, Owner::Page(page));
        }
    }

    fn forget_slot(&mut self, slot: Slot) {
        while let Some(index) = self.slots.iter().position(|(it, _)| *it == slot) {
            let (_, frame) = self.slots.swap_remove(index);
            self.drop(frame, Owner::Slot(slot));
        }
    }
}

pub(super) fn judge(seen: &Seen<'_>, known: &mut Known) -> Result<(), Mismatch> {
    // First everybody lets go of what he had, since frames change hands within a step.
    if seen.everything {
        // Empty slots and ended pages are not listed.
        known.clear();
    }
    for page in &seen.subject.pages {
        known.forget_page(page.token);
    }
    for (slot, _) in &seen.subject.slots {
        known.forget_slot(*slot);
    }
    for page in &seen.subject.pages {
        if let Some(frame) = page.frame {
            if frame.home != page.home {
                return object(
                    "placement",
                    "home",
                    format!("a page at home in {} is in one of its frames", page.home),
                    format!("it is in a frame of {}", frame.home),
                );
            }
            let index = page.token.0 as usize;
            if known.pages.len() <= index {
                known.pages.resize(index + 1, None);
            }
            known.pages[index] = Some(frame);
            take(seen.machine, known, frame, Owner::Page(page.token))?;
        }
    }
    for (slot, state) in &seen.subject.slots {
        slot_frames(seen, known, *slot, state)?;
    }
    Ok(())
}

fn slot_frames(seen: &Seen<'_>, known: &mut Known, slot: Slot, state: &SlotState) -> Result<(), Mismatch> {
    match state {
        SlotState::Empty | SlotState::Pin(_) | SlotState::Hold(_) => {}
        SlotState::Transaction { frames, .. } => {
            for &frame in &seen.subject.frames[frames.clone()] {
                take_for_slot(seen.machine, known, frame, slot)?;
            }
        }
        SlotState::Block { order, held, base, .. } => {
            let Some(base) = *base else {
                return Ok(());
            };
            if base.home != Home::Ram {
                return object("placement", "home", "a block is in RAM", format!("it is in {}", base.home));
            }
            if base.offset % order.frames() != 0 {
                let expected = format!("a block of order {order} begins at a multiple of {} frames", order.frames());
                return object("placement", "alignment", expected, "it does not");
            }
            for offset in base.offset + order.frames() - held..base.offset + order.frames() {
                take_for_slot(seen.machine, known, FrameToken { offset, ..base }, slot)?;
            }
        }
    }
    Ok(())
}

fn take_for_slot(machine: &Machine, known: &mut Known, frame: FrameToken, slot: Slot) -> Result<(), Mismatch> {
    known.slots.push((slot, frame));
    take(machine, known, frame, Owner::Slot(slot))
}

/// Notes who has a frame; objects where there is no such frame, or somebody has it already.
fn take(machine: &Machine, known: &mut Known, frame: FrameToken, owner: Owner) -> Result<(), Mismatch> {
    let frames = machine.frames(frame.home);
    if frame.offset >= frames {
        return object(
            "placement",
            "range",
            format!("{} has {frames} frames", frame.home),
            "a frame behind its end is used",
        );
    }
    match known.owner(frame).replace(owner) {
        Some(other) if other != owner => object(
            "placement",
            "owner",
            "every frame has one owner",
            format!("{} and {} have the same", words(other), words(owner)),
        ),
        Some(_) | None => Ok(()),
    }
}

#[cold]
fn words(owner: Owner) -> String {
    match owner {
        Owner::Page(_) => "a page".to_string(),
        Owner::Slot(slot) => slot.to_string(),
    }
}
