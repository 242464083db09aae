//! From frames to pages: follows each page from frame to frame, and counts the pages that end.
//!
//! The guest shows frames. A page keeps its token while it moves; so a frame that appears is the next home of the page
//! whose frame has gone from the same place, if the two are of different homes (a migration changes the home, a copy on
//! write does not), and else a new page.

mod bodies;
mod step;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use stalemap_guest::{EntryKind, Frame, GuestPlace, GuestState};
use stalemap_operations::{
    Access, BlockSlot, Device, Entry, FolioView, HoldSlot, Home, Observation, Order, PageToken, PageView, PinSlot,
    Place, PlaceState, PlaceView, Slot, SlotState, Space, Stamp, TransactionSlot, VirtualPage,
};

use self::bodies::{Body, bodies, named, phase};
pub(crate) use self::step::Step;

/// What is known of a page besides what is seen now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    token: PageToken,
    /// A collected page that no place maps has no entry left that could show it.
    exclusive: bool,
}

/// The pages by the frames that entries name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tracker {
    pages: BTreeMap<Frame, Known>,
    places: BTreeMap<(u8, u8), Frame>,
    /// Places that map a page of zeros of a large folio in RAM, and whether by a huge entry.
    zeros: BTreeMap<(u8, u8), bool>,
    next: u32,
}

impl Tracker {
    /// Takes in what was seen after a step: the observation, and how many pages ended in the step.
    pub(crate) fn step(&mut self, seen: &GuestState, step: &Step, into: &mut Observation) -> u32 {
        let bodies = bodies(seen);
        let (mut pages, mut newcomers) = self.that_stayed(&bodies);
        if step.collapses {
            let is_copy = |frame: &Frame| seen.page(*frame).is_some_and(|page| page.folio.is_some());
            for frame in newcomers.extract_if(.., |frame| is_copy(frame)) {
                pages.insert(frame, self.fresh());
            }
        }
        self.forget_dropped(step);
        self.find(seen, newcomers, step.at, &mut pages);
        let living: BTreeSet<PageToken> = pages.values().map(|known| known.token).collect();
        let ended = self.pages.values().filter(|known| !living.contains(&known.token)).count();
        self.pages = pages;
        self.places = seen.places.iter().filter_map(|it| Some(((it.space, it.page), named(it)?))).collect();
        self.note_exclusive(seen);
        self.note_zeros(seen);
        self.show(seen, &bodies, step, into);
        u32::try_from(ended).expect("few pages")
    }

    /// The pages that have not moved, by frame; and the frames that were not known.
    fn that_stayed(&self, bodies: &BTreeMap<Frame, Body>) -> (BTreeMap<Frame, Known>, Vec<Frame>) {
        let (same, newcomers): (Vec<Frame>, Vec<Frame>) =
            bodies.keys().partition(|frame| self.pages.contains_key(frame));
        (same.into_iter().map(|frame| (frame, self.pages[&frame])).collect(), newcomers)
    }

    /// Finds the pages of frames that were not known: those that have moved, and new ones.
    fn find(
        &mut self,
        seen: &GuestState,
        newcomers: Vec<Frame>,
        at: Option<(u32, u32)>,
        pages: &mut BTreeMap<Frame, Known>,
    ) {
        let mut taken: BTreeSet<PageToken> = pages.values().map(|known| known.token).collect();
        let mut moved = BTreeMap::new();
        // Of the frames that a faulted back page may be in, the writer's own is the copy.
        let (own, others): (Vec<Frame>, Vec<Frame>) =
            newcomers.into_iter().partition(|&frame| is_only_at(seen, frame, at));
        let mut rest = Vec::new();
        for &frame in &others {
            match self.predecessor(seen, frame) {
                Some(old) if taken.insert(self.pages[&old].token) => {
                    pages.insert(frame, self.pages[&old]);
                    moved.insert(frame, old);
                }
                _ => rest.push(frame),
            }
        }
        // Pages of a large folio that nothing maps move with the others.
        rest.retain(|&frame| match self.predecessor_in_folio(seen, frame, &moved) {
            Some(known) if taken.insert(known.token) => {
                pages.insert(frame, known);
                false
            }
            _ => true,
        });
        for frame in rest.into_iter().chain(own) {
            let old = self.predecessor(seen, frame).and_then(|old| self.pages.get(&old)).copied();
            let known = old.filter(|known| taken.insert(known.token)).unwrap_or_else(|| self.fresh());
            pages.insert(frame, known);
        }
    }

    /// A page that was not there before.
    fn fresh(&mut self) -> Known {
        self.next += 1;
        Known { token: PageToken(self.next - 1), exclusive: false }
    }

    /// The frame in another home that held the page at one of the places that now name this frame.
    fn predecessor(&self, seen: &GuestState, frame: Frame) -> Option<Frame> {
        let now = seen.places.iter().filter(|place| named(place) == Some(frame));
        let before = now.filter_map(|place| self.places.get(&(place.space, place.page)));
        before.copied().filter(|old| old.home != frame.home).find(|old| self.pages.contains_key(old))
    }

    /// The page that was as far from another page of its folio as this frame is from where that has moved to.
    fn predecessor_in_folio(&self, seen: &GuestState, frame: Frame, moved: &BTreeMap<Frame, Frame>) -> Option<Known> {
        let head = seen.page(frame)?.folio?.head;
        let in_folio = |it: Frame| seen.page(it).and_then(|page| page.folio).is_some_and(|folio| folio.head == head);
        let mut before = moved.iter().filter(|&(now, _)| now.home == frame.home && in_folio(*now));
        before.find_map(|(now, old)| {
            let number = (old.number + frame.number).checked_sub(now.number)?;
            self.pages.get(&Frame { number, ..*old }).copied()
        })
    }

    /// A migration in one step splits the large folios in RAM of which a part is in its range, which drops their pages of zeros: what
    /// is at such a place afterwards was made of a hole.
    fn forget_dropped(&mut self, step: &Step) {
        let Some((space, first, last)) = step.to_device else { return };
        let is_split = |&(in_space, page): &(u8, u8), huge: bool| {
            let group = u32::from(page) / step.group * step.group;
            let is_whole = huge && first <= group && group + step.group <= last;
            u32::from(in_space) == space && (first..last).contains(&page.into()) && !is_whole
        };
        for place in self.zeros.iter().filter(|&(place, huge)| is_split(place, *huge)).map(|(place, _)| place) {
            self.places.remove(place);
        }
    }

    fn note_zeros(&mut self, seen: &GuestState) {
        self.zeros.clear();
        let in_ram = seen.places.iter().filter(|place| place.entry == EntryKind::Maps && place.frame.home == 0);
        for place in in_ram {
            if seen.page(place.frame).is_some_and(|page| page.folio.is_some() && page.stamp == 0) {
                self.zeros.insert((place.space, place.page), place.huge);
            }
        }
    }

    fn note_exclusive(&mut self, seen: &GuestState) {
        for (&frame, known) in &mut self.pages {
            let entries = || seen.places.iter().filter(|place| named(place) == Some(frame));
            if entries().any(|place| place.entry == EntryKind::Migrating) {
                known.exclusive = entries().any(|place| place.exclusive);
            } else if let Some(page) = seen.page(frame) {
                // Of a page of a large folio that no entry maps, the head may have told.
                let is_held = seen.held.iter().any(|held| held.frame == frame);
                if entries().next().is_some() || is_held && page.folio.is_none() {
                    known.exclusive = page.exclusive;
                }
            }
        }
    }

    fn show(&self, seen: &GuestState, bodies: &BTreeMap<Frame, Body>, step: &Step, into: &mut Observation) {
        into.clear();
        into.free = seen.free;
        into.alive = u64::from(seen.alive).into();
        into.locked = u64::from(seen.locked).into();
        into.places.extend(seen.places.iter().map(|place| self.place(place)));
        let mut shown: Vec<(PageToken, &Body)> =
            bodies.values().map(|body| (self.pages[&body.named].token, body)).collect();
        shown.sort_unstable_by_key(|(token, _)| *token);
        for (token, body) in shown {
            let start = into.rmaps.len();
            let (mut mapcount, mut stamp, mut refcount) = (0, 0, 0);
            if let Some(page) = seen.page(body.named) {
                mapcount = u32::try_from(page.mapcount).unwrap_or(u32::MAX);
                into.rmaps.extend(page.rmap.iter().map(|&(space, page)| place(space, page)));
            }
            if let Some(page) = seen.page(body.content) {
                stamp = page.stamp;
                refcount = u32::try_from(page.refcount).unwrap_or(u32::MAX);
            }
            into.pages.push(PageView {
                token,
                home: home(body.content),
                stamp: Stamp(stamp),
                exclusive: self.pages[&body.named].exclusive,
                mapcount,
                refcount,
                rmap: start..into.rmaps.len(),
                frame: None,
                folio: self.folio(seen, body, step),
            });
        }
        let transactions = seen.transactions.iter().map(|it| {
            let slot = Slot::Transaction(TransactionSlot(it.slot.into()));
            let candidates = u32::try_from(it.candidates.len()).expect("few candidates");
            (slot, SlotState::Transaction { phase: phase(it), candidates, frames: 0..0 })
        });
        into.slots.extend(transactions);
        into.slots.extend(seen.held.iter().filter_map(|held| {
            let page = self.pages.get(&held.frame)?.token;
            Some(match u32::from(held.slot).checked_sub(PinSlot::LIMIT) {
                None => (Slot::Pin(PinSlot(held.slot.into())), SlotState::Pin(page)),
                Some(hold) => (Slot::Hold(HoldSlot(hold)), SlotState::Hold(page)),
            })
        }));
        into.slots.extend(seen.blocks.iter().map(|it| {
            let (order, held) = (Order(it.order.into()), it.held);
            (Slot::Block(BlockSlot(it.slot.into())), SlotState::Block { order, split: it.split, held, base: None })
        }));
    }

    /// The large folio of a page.
    fn folio(&self, seen: &GuestState, body: &Body, step: &Step) -> Option<FolioView> {
        let folio = seen.page(body.content)?.folio?;
        let frames = body.content.number.checked_sub(folio.head)?;
        let index = frames / step.stride;
        let head = body.named.number.checked_sub(frames).map(|number| Frame { number, ..body.named });
        let head = head.and_then(|head| self.pages.get(&head)).map_or(PageToken(u32::MAX), |known| known.token);
        Some(FolioView { head, index, mapcount: u32::try_from(folio.mapcount).unwrap_or(u32::MAX) })
    }

    fn place(&self, it: &GuestPlace) -> PlaceView {
        let page = || self.pages.get(&it.frame).map(|known| known.token);
        let entry = match (it.entry, page()) {
            (EntryKind::Maps, Some(page)) => Entry::Maps { page, writable: it.writable, huge: it.huge },
            (EntryKind::Migrating, Some(page)) => Entry::Migrating { page, writable: it.writable, huge: it.huge },
            // An entry of an unknown kind shows as a hole with a page that no place has, which the reference never shows.
            (EntryKind::Unknown, _) => Entry::Maps { page: PageToken(u32::MAX), writable: it.writable, huge: false },
            (EntryKind::Hole | EntryKind::Maps | EntryKind::Migrating, _) => Entry::Hole,
        };
        let access = Access::ALL[usize::from(it.access)];
        PlaceView { place: place(it.space, it.page), state: PlaceState::Mapped { access, entry } }
    }
}

/// Whether the frame is named at this place and nowhere else.
fn is_only_at(seen: &GuestState, frame: Frame, at: Option<(u32, u32)>) -> bool {
    let mut places = seen.places.iter().filter(|place| named(place) == Some(frame)).peekable();
    places.peek().is_some() && places.all(|place| Some((u32::from(place.space), u32::from(place.page))) == at)
}

fn home(frame: Frame) -> Home {
    match u32::from(frame.home).checked_sub(1) {
        None => Home::Ram,
        Some(device) => Home::Device(Device(device)),
    }
}

fn place(space: u8, page: u8) -> Place {
    Place { space: Space(space.into()), page: VirtualPage(page.into()) }
}
