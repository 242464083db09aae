//! Which page is in which frame, worked out from what places show before and after an operation.

use std::collections::{BTreeMap, BTreeSet};

use stalemap_operations::{FrameToken, PageToken, Place, Space, VirtualPage};

use crate::spaces::Mapping;

/// What every place shows, and a token for each page.
///
/// A page keeps its token while its frame is shown or pinned. Where a frame is shown no longer and the places that showed it show one
/// that was not shown before, the page has moved there.
pub(crate) struct Identities {
    /// Virtual pages of a space.
    width: usize,
    /// By space × width + page.
    mapped: Vec<Option<Mapping>>,
    tokens: BTreeMap<FrameToken, PageToken>,
}

impl Identities {
    /// Nothing is mapped.
    pub(crate) fn new(spaces: u32, pages: u32) -> Identities {
        let width = pages as usize;
        Identities { width, mapped: vec![None; spaces as usize * width], tokens: BTreeMap::new() }
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

    /// Takes over what every place shows after an operation, and which frames are pinned; how many pages have ended.
    /// `written` is the place that the operation may have given a copy: the other places say first where the page is.
    pub(crate) fn update(
        &mut self,
        look: impl Fn(Place) -> Option<Mapping>,
        pinned: impl Iterator<Item = FrameToken>,
        written: Option<Place>,
    ) -> u32 {
        let now: Vec<_> = self.places().map(look).collect();
        let written = written.map(|place| self.index(place));
        let mapped = now.iter().flatten().filter_map(|mapping| mapping.frame);
        let shown: BTreeSet<FrameToken> = mapped.chain(pinned).collect();
        let hidden: Vec<_> = self.tokens.keys().copied().filter(|frame| !shown.contains(frame)).collect();
        let mut ended = 0;
        for frame in hidden {
            let token = self.tokens.remove(&frame).expect("it was among them");
            let showed = |&index: &usize| self.mapped[index].is_some_and(|mapping| mapping.frame == Some(frame));
            let others = (0..now.len()).filter(|&index| Some(index) != written).filter(showed);
            let target = others
                .chain(written.filter(showed))
                .find_map(|index| now[index].and_then(|mapping| mapping.frame))
                .filter(|target| !self.tokens.contains_key(target));
            match target {
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
        self.mapped = now;
        ended
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
