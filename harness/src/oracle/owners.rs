//! Owners: which page or slot has which frame of the subject, kept from step to step.

use stalemap_operations::{BlockContract, FolioView, FrameToken, Home, Machine, Order, PageToken, Slot, SlotState};

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
pub(crate) enum Owner {
    Page(PageToken),
    Slot(Slot),
}

/// What is wrong with a frame that an owner shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is at this home, and its owner is at home in the other.
    Home { is: Home, should_be: Home },
    /// It is behind the last frame of its home.
    Range { home: Home, frames: u32 },
    /// A block of this order does not begin at a multiple of so many frames.
    Alignment { order: Order, frames: u32 },
    /// The page with this index in a large folio is not in the frame with this index of a run that begins at a multiple of so many
    /// frames.
    Index { index: u32, frames: u32 },
    /// It is in another run than the head of its folio.
    Run,
    /// The same owner shows it twice.
    Twice,
    /// It has another owner.
    Shared(Owner),
}

/// A frame that an owner shows and did not have before.
#[derive(Clone, Copy, Debug)]
struct Claim {
    owner: Owner,
    frame: FrameToken,
    /// What is wrong whatever the owners of other frames are.
    fault: Option<Fault>,
    /// The large folio that the page is of.
    folio: Option<FolioView>,
}

/// The owner of each frame that the subject has shown, and of each owner its frames.
#[derive(Clone, Debug)]
pub(crate) struct Owners {
    /// Frames of each home.
    sizes: [u32; Home::LIMIT],
    /// How blocks are aligned.
    blocks: BlockContract,
    /// Pages of a large folio.
    huge_pages: u32,
    frames: [Vec<Option<Owner>>; Home::LIMIT],
    /// The frame of each page, by token: its home in the upper half, its offset and one in the lower; 0 for none.
    pages: Vec<u64>,
    /// The frames of each slot.
    slots: [Vec<FrameToken>; Slot::COUNT],
    /// What was shown since the last check. Frames change hands within a step: they are taken when all were let go of.
    claims: Vec<Claim>,
    /// The first that was wrong, and whose it is.
    fault: Option<(Owner, Fault)>,
}

impl Owners {
    /// Nothing was shown yet.
    pub(crate) fn new(rules: FrameRules<'_>) -> Owners {
        Owners {
            sizes: Home::ALL.map(|home| rules.machine.frames(home)),
            blocks: *rules.blocks,
            huge_pages: rules.machine.huge_pages(),
            frames: Default::default(),
            pages: Vec::new(),
            slots: Default::default(),
            claims: Vec::new(),
            fault: None,
        }
    }

    /// Nothing was shown yet. Costs what was.
    pub(crate) fn clear(&mut self) {
        self.frames.iter_mut().for_each(Vec::clear);
        self.pages.clear();
        self.slots.iter_mut().for_each(Vec::clear);
        self.claims.clear();
        self.fault = None;
    }

    /// Shows the frame of a page; `home` is where the page is said to be. The frame of a page of a large folio is checked each time:
    /// the folio may be another one.
    #[inline]
    pub(crate) fn page(&mut self, page: PageToken, home: Home, frame: Option<FrameToken>, folio: Option<FolioView>) {
        let now = pack(frame);
        let known = self.pages.get(page.0 as usize).copied().unwrap_or(0);
        if now != known || now != 0 && (now >> 32 != home.index() as u64 || folio.is_some()) {
            self.exchange(page, home, frame, folio);
        }
    }

    /// A page has ended.
    #[inline]
    pub(crate) fn end(&mut self, page: PageToken) {
        if self.pages.get(page.0 as usize).is_some_and(|&known| known != 0) {
            self.exchange(page, Home::Ram, None, None);
        }
    }

    #[inline(never)]
    fn exchange(&mut self, page: PageToken, home: Home, frame: Option<FrameToken>, folio: Option<FolioView>) {
        let index = page.0 as usize;
        if self.pages.len() <= index {
            self.pages.resize(index + 1, 0);
        }
        let known = std::mem::replace(&mut self.pages[index], pack(frame));
        if let Some(known) = unpack(known) {
            release(&mut self.frames, known, Owner::Page(page));
        }
        if let Some(frame) = frame {
            let is_elsewhere = frame.home != home;
            let fault = is_elsewhere.then_some(Fault::Home { is: frame.home, should_be: home });
            self.claims.push(Claim { owner: Owner::Page(page), frame, fault, folio });
        }
    }

    /// Shows a slot; `frames` are those of a transaction.
    pub(crate) fn slot(&mut self, slot: Slot, state: &SlotState, frames: impl Iterator<Item = FrameToken>) {
        let owner = Owner::Slot(slot);
        let Owners { slots, frames: known, claims, blocks, .. } = self;
        let had = &mut slots[slot.index()];
        for frame in had.drain(..) {
            release(known, frame, owner);
        }
        match state {
            SlotState::Empty | SlotState::Pin(_) | SlotState::Hold(_) => {}
            SlotState::Transaction { .. } => {
                frames.for_each(|frame| {
                    let fault = had.contains(&frame).then_some(Fault::Twice);
                    had.push(frame);
                    claims.push(Claim { owner, frame, fault, folio: None });
                });
            }
            SlotState::Block { order, held, base, .. } => {
                if let Some(base) = *base {
                    let frames = blocks.alignment(*order);
                    let is_aligned = base.offset % frames == 0;
                    let fault = match base.home {
                        Home::Ram => (!is_aligned).then_some(Fault::Alignment { order: *order, frames }),
                        is @ Home::Device(_) => Some(Fault::Home { is, should_be: Home::Ram }),
                    };
                    for frame in held_frames(base, *order, *held) {
                        had.push(frame);
                        claims.push(Claim { owner, frame, fault, folio: None });
                    }
                }
            }
        }
    }

    /// Whether this is the frame that a page was last shown with.
    #[inline]
    pub(crate) fn has_page(&self, page: PageToken, frame: Option<FrameToken>) -> bool {
        self.pages.get(page.0 as usize).copied().unwrap_or(0) == pack(frame)
    }

    /// Whether these are the frames that a slot was last shown with; `frames` are those of a transaction.
    pub(crate) fn has_slot(&self, slot: Slot, state: &SlotState, mut frames: impl Iterator<Item = FrameToken>) -> bool {
        let mut known = self.slots[slot.index()].iter().copied();
        match *state {
            SlotState::Transaction { .. } => frames.all(|frame| known.next() == Some(frame)) && known.len() == 0,
            SlotState::Block { order, held, base: Some(base), .. } => known.eq(held_frames(base, order, held)),
            SlotState::Empty | SlotState::Pin(_) | SlotState::Hold(_) | SlotState::Block { base: None, .. } => {
                known.len() == 0
            }
        }
    }

    /// Takes the frames that were shown since the last call; whether nothing is wrong with any so far.
    #[inline]
    pub(crate) fn are_apart(&mut self) -> bool {
        self.claims.is_empty() || self.take_claims()
    }

    /// The first frame that was wrong, and whose it is.
    pub(crate) fn check(&mut self) -> Result<(), (Owner, Fault)> {
        self.are_apart();
        self.fault.map_or(Ok(()), Err)
    }

    #[inline(never)]
    fn take_claims(&mut self) -> bool {
        let mut claims = std::mem::take(&mut self.claims);
        for claim in claims.drain(..) {
            if let Err(fault) = self.take(claim) {
                self.fault = self.fault.or(Some((claim.owner, fault)));
            }
        }
        self.claims = claims;
        self.fault.is_none()
    }

    fn take(&mut self, Claim { owner, frame, fault, folio }: Claim) -> Result<(), Fault> {
        if let Some(fault) = fault {
            return Err(fault);
        }
        folio.map_or(Ok(()), |folio| self.check_run(frame, folio))?;
        let frames = self.sizes[frame.home.index()];
        if frame.offset >= frames {
            return Err(Fault::Range { home: frame.home, frames });
        }
        let (known, index) = (&mut self.frames[frame.home.index()], frame.offset as usize);
        if known.len() <= index {
            known.resize(index + 1, None);
        }
        match known[index].replace(owner) {
            Some(other) if other != owner => Err(Fault::Shared(other)),
            Some(_) | None => Ok(()),
        }
    }

    /// The pages of a large folio are in an aligned run of frames, in order. When claims are taken the frame of the head is known, if it is
    /// shown.
    fn check_run(&self, frame: FrameToken, FolioView { head, index, .. }: FolioView) -> Result<(), Fault> {
        let frames = self.huge_pages;
        if frame.offset % frames != index {
            return Err(Fault::Index { index, frames });
        }
        let of_head = unpack(self.pages.get(head.0 as usize).copied().unwrap_or(0));
        match of_head {
            Some(of_head) if of_head != FrameToken { offset: frame.offset - index, ..frame } => Err(Fault::Run),
            Some(_) | None => Ok(()),
        }
    }
}

/// An owner has no longer a frame, of which it may have been the owner.
fn release(owners: &mut [Vec<Option<Owner>>; Home::LIMIT], frame: FrameToken, owner: Owner) {
    let known = owners[frame.home.index()].get_mut(frame.offset as usize);
    if let Some(known) = known.filter(|known| **known == Some(owner)) {
        *known = None;
    }
}

/// The frames of a block that are still held, the highest ones.
fn held_frames(base: FrameToken, order: Order, held: u32) -> impl Iterator<Item = FrameToken> {
    let end = base.offset.saturating_add(order.frames());
    (end - held..end).map(move |offset| FrameToken { offset, ..base })
}

#[inline]
fn pack(frame: Option<FrameToken>) -> u64 {
    frame.map_or(0, |frame| (frame.home.index() as u64) << 32 | u64::from(frame.offset.wrapping_add(1)))
}

#[inline]
fn unpack(packed: u64) -> Option<FrameToken> {
    let offset = u32::try_from(packed & 0xffff_ffff).expect("the lower half").wrapping_sub(1);
    (packed != 0).then(|| FrameToken { home: Home::ALL[(packed >> 32) as usize], offset })
}

#[cfg(test)]
mod tests;
