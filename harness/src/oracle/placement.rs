//! Placement: every frame that the subject shows is at the right home, within it, aligned, and has one owner.

use stalemap_operations::{
    BlockContract, FrameToken, Home, Machine, Observables, Observation, PageToken, PageView, Slot, SlotState,
};

use super::{Check, Difference, StepView, differ, name_in};

/// What is in a frame that is not shown takes part in no conflict, so that nothing but frames is needed.
pub(super) const CHECKS: &[Check] = &[Check { name: "frames", needs: Observables::FRAMES, find: check }];

/// What is checked of frames.
#[derive(Clone, Copy)]
pub(crate) struct FrameRules<'a> {
    /// Where frames are.
    pub(crate) machine: &'a Machine,
    /// How blocks are aligned, and when one may be refused.
    pub(crate) blocks: &'a BlockContract,
}

/// The owner of a frame, as far as it was shown.
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
    /// Nothing was shown.
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
    fn forget_page(&mut self, page: PageToken) {
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

/// Everything that the subject shows, after a step.
fn check(step: &StepView<'_>) -> Result<(), Difference> {
    check_part(step.rules, step.subject, &[], &mut Owners::default())
}

/// A part of what the subject shows: what a step touched. `ended` names the pages that may have ended.
#[inline]
pub(super) fn check_part(
    rules: FrameRules<'_>,
    seen: &Observation,
    ended: &[PageToken],
    owners: &mut Owners,
) -> Result<(), Difference> {
    if is_as_known(seen, ended, owners) {
        return Ok(());
    }
    // First all owners let go of what they had, since frames change hands within a step.
    for &page in ended {
        owners.forget_page(page);
    }
    for page in &seen.pages {
        owners.forget_page(page.token);
    }
    for (slot, _) in &seen.slots {
        owners.forget_slot(*slot);
    }
    let part = Part { rules, seen };
    for page in &seen.pages {
        part.take_for_page(owners, page)?;
    }
    for (slot, state) in &seen.slots {
        part.take_for_slot(owners, *slot, state)?;
    }
    Ok(())
}

/// Whether nothing was shown but the pages of the list, each in the frame that it is known to have, which then has no
/// other owner.
#[inline]
fn is_as_known(seen: &Observation, ended: &[PageToken], owners: &Owners) -> bool {
    let is_known = |(page, token): (&PageView, &PageToken)| {
        let known = owners.pages.get(token.0 as usize).copied().flatten();
        page.token == *token && known.is_some_and(|frame| page.frame == Some(frame) && page.home == frame.home)
    };
    seen.slots.is_empty() && seen.pages.len() == ended.len() && seen.pages.iter().zip(ended).all(is_known)
}

/// What is checked.
#[derive(Clone, Copy)]
struct Part<'a> {
    rules: FrameRules<'a>,
    seen: &'a Observation,
}

impl Part<'_> {
    fn take_for_page(self, owners: &mut Owners, page: &PageView) -> Result<(), Difference> {
        let Some(frame) = page.frame else {
            return Ok(());
        };
        if frame.home != page.home {
            let name = name_in(page, self.seen);
            return differ(
                "home",
                format!("{name}, at home in {}, is in one of its frames", page.home),
                format!("it is in a frame of {}", frame.home),
            );
        }
        let index = page.token.0 as usize;
        if owners.pages.len() <= index {
            owners.pages.resize(index + 1, None);
        }
        owners.pages[index] = Some(frame);
        self.take(owners, frame, Owner::Page(page.token))
    }

    fn take_for_slot(self, owners: &mut Owners, slot: Slot, state: &SlotState) -> Result<(), Difference> {
        match state {
            SlotState::Empty | SlotState::Pin(_) | SlotState::Hold(_) => {}
            SlotState::Transaction { frames, .. } => {
                let frames = &self.seen.frames[frames.clone()];
                for (index, &frame) in frames.iter().enumerate() {
                    if frames[..index].contains(&frame) {
                        let actual = format!("two candidates of {slot} have the same");
                        return differ("owner", "every frame has one owner", actual);
                    }
                    owners.slots.push((slot, frame));
                    self.take(owners, frame, Owner::Slot(slot))?;
                }
            }
            SlotState::Block { order, held, base, .. } => {
                let Some(base) = *base else {
                    return Ok(());
                };
                if base.home != Home::Ram {
                    return differ("home", format!("the block in {slot} is in RAM"), format!("it is in {}", base.home));
                }
                let frames = self.rules.blocks.alignment(*order);
                if base.offset % frames != 0 {
                    let expected =
                        format!("the block of order {order} in {slot} begins at a multiple of {frames} frames");
                    return differ("alignment", expected, "it does not");
                }
                for offset in base.offset + order.frames() - held..base.offset + order.frames() {
                    let frame = FrameToken { offset, ..base };
                    owners.slots.push((slot, frame));
                    self.take(owners, frame, Owner::Slot(slot))?;
                }
            }
        }
        Ok(())
    }

    /// Notes the owner of a frame; a mismatch where there is no such frame, or it has another owner.
    fn take(self, owners: &mut Owners, frame: FrameToken, owner: Owner) -> Result<(), Difference> {
        let frames = self.rules.machine.frames(frame.home);
        if frame.offset >= frames {
            let owner = self.words(owner);
            return differ(
                "range",
                format!("{} has {frames} frames", frame.home),
                format!("{owner} is in a frame behind its end"),
            );
        }
        match owners.owner(frame).replace(owner) {
            Some(other) if other != owner => differ(
                "owner",
                "every frame has one owner",
                format!("{} and {} have the same", self.words(other), self.words(owner)),
            ),
            Some(_) | None => Ok(()),
        }
    }

    #[cold]
    fn words(self, owner: Owner) -> String {
        match owner {
            Owner::Page(token) => {
                let page = self.seen.page(token);
                page.map_or_else(|| "a page".to_string(), |page| name_in(page, self.seen))
            }
            Owner::Slot(slot) => slot.to_string(),
        }
    }
}
