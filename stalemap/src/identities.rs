//! Which page is in which frame, worked out from what places show before and after an operation.

use std::collections::{BTreeMap, BTreeSet};

use stalemap_operations::{FrameToken, Operation, PageToken, Place, Space, VirtualPage};

use crate::mapping::Mapping;

/// What every place shows, and a token for each page.
///
/// A page keeps its token while its frame is shown or pinned, and with it all pages of its large folio. Where a frame is shown no
/// longer and the places that showed it show one that was not shown before, the page has moved there. A page of a large folio that
/// no place showed has moved with the others.
pub(crate) struct Identities {
    /// Virtual pages of a space.
    width: usize,
    /// By space × width + page.
    mapped: Vec<Option<Mapping>>,
    tokens: BTreeMap<FrameToken, PageToken>,
    /// The first frame of the large folio of each frame that is of one.
    heads: BTreeMap<FrameToken, FrameToken>,
}

/// What an operation may have done to pages, beside moving and ending them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing.
    Other,
    /// It may have given this place a copy: the other places say first where the page is.
    Writes(Place),
    /// So many places from this one on show new pages now; other places may show what was moved before.
    Replaces(Place, u32),
}

impl Step {
    /// What an operation may have done that names this place first.
    pub(crate) fn of(operation: Operation) -> Step {
        operation.first_place().map_or(Step::Other, |(space, page)| Step::Writes(Place { space, page }))
    }
}

impl Identities {
    /// Nothing is mapped.
    pub(crate) fn new(spaces: u32, pages: u32) -> Identities {
        let width = pages as usize;
        Identities {
            width,
            mapped: vec![None; spaces as usize * width],
            tokens: BTreeMap::new(),
            heads: BTreeMap::new(),
        }
    }

    /// Every place, in ascending order.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> + use<> {
        let (spaces, pages) = (self.mapped.len() / self.width, self.width);
        let number = |index: usize| u32::try_from(index).expect("a machine has fewer than 2^32 places");
        (0..spaces).flat_map(move |space| {
            (0..pages).map(move |page| Place { space: Space(number(space)), page: VirtualPage(number(page)) })
        })
    }

    /// What a place shows.
    pub(crate) fn at(&self, place: Place) -> Option<&Mapping> {
        self.mapped[self.index(place)].as_ref()
    }

    /// The token of the page in a frame that a place shows.
    pub(crate) fn token(&self, frame: FrameToken) -> PageToken {
        self.tokens[&frame]
    }

    /// The pages, each with its frame, in the order of their tokens.
    pub(crate) fn pages(&self) -> Vec<(PageToken, FrameToken)> {
        let mut pages: Vec<_> = self.tokens.iter().map(|(&frame, &token)| (token, frame)).collect();
        pages.sort_unstable();
        pages
    }

    /// The frame of a page.
    pub(crate) fn frame(&self, page: PageToken) -> Option<FrameToken> {
        self.tokens.iter().find(|(_, token)| **token == page).map(|(frame, _)| *frame)
    }

    /// Takes over what every place shows after an operation, which frames are pinned, and the frames of the large folio of a frame;
    /// how many pages have ended.
    pub(crate) fn update(
        &mut self,
        look: impl Fn(Place) -> Option<Mapping>,
        pinned: impl Iterator<Item = FrameToken>,
        folio: impl Fn(FrameToken) -> Vec<FrameToken>,
        step: Step,
    ) -> u32 {
        let now: Vec<_> = self.places().map(look).collect();
        let mapped = now.iter().flatten().filter_map(|mapping| mapping.frame);
        let mut shown: BTreeSet<FrameToken> = mapped.chain(pinned).collect();
        let mut heads = BTreeMap::new();
        for frame in shown.clone() {
            let frames = folio(frame);
            heads.extend(frames.iter().map(|&it| (it, frames[0])));
            shown.extend(frames);
        }
        let hidden: Vec<_> = self.tokens.keys().copied().filter(|frame| !shown.contains(frame)).collect();
        let tokens: Vec<_> = hidden.iter().map(|frame| self.tokens.remove(frame).expect("it was among them")).collect();
        let mut ended = 0;
        for (&frame, token) in hidden.iter().zip(tokens) {
            let target = self.destination(frame, &now, step).or_else(|| self.with_its_folio(frame, &now, &heads, step));
            match target.filter(|target| shown.contains(target) && !self.tokens.contains_key(target)) {
                Some(target) => drop(self.tokens.insert(target, token)),
                None => ended += 1,
            }
        }
        for frame in shown {
            if !self.tokens.contains_key(&frame) {
                let token = self.unused();
                self.tokens.insert(frame, token);
            }
        }
        (self.mapped, self.heads) = (now, heads);
        ended
    }

    /// What the places show now that showed a frame.
    fn destination(&self, frame: FrameToken, now: &[Option<Mapping>], step: Step) -> Option<FrameToken> {
        let showed = |&index: &usize| self.mapped[index].is_some_and(|mapping| mapping.frame == Some(frame));
        let shows = |index: usize| now[index].and_then(|mapping| mapping.frame);
        let (first, count) = match step {
            Step::Other => (0, 0),
            Step::Writes(place) => (self.index(place), 1),
            Step::Replaces(place, count) => (self.index(place), count as usize),
        };
        let own = first..first + count;
        let mut others = (0..now.len()).filter(|index| !own.contains(index)).filter(showed);
        let elsewhere = others.find_map(shows);
        elsewhere.or_else(|| own.clone().filter(showed).find_map(shows).filter(|_| matches!(step, Step::Writes(_))))
    }

    /// Where a page of a large folio is that no place showed, if another page of the folio has moved into a large folio.
    fn with_its_folio(
        &self,
        frame: FrameToken,
        now: &[Option<Mapping>],
        heads: &BTreeMap<FrameToken, FrameToken>,
        step: Step,
    ) -> Option<FrameToken> {
        let head = self.heads.get(&frame)?;
        let others = self.heads.iter().filter(|(_, it)| *it == head).map(|(&other, _)| other);
        let moved = others.filter_map(|other| self.destination(other, now, step).filter(|target| *target != other));
        let head_now = moved.filter_map(|target| heads.get(&target)).find(|it| *it != head)?;
        Some(FrameToken { offset: head_now.offset + (frame.offset - head.offset), ..*head_now })
    }

    /// The smallest token that no page has.
    fn unused(&self) -> PageToken {
        let used: BTreeSet<PageToken> = self.tokens.values().copied().collect();
        (0..).map(PageToken).find(|token| !used.contains(token)).expect("fewer than 2^32 pages")
    }

    fn index(&self, place: Place) -> usize {
        place.space.index() * self.width + place.page.index()
    }
}
