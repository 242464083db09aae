//! From frames to pages: follows each page from frame to frame, and counts the pages that end.
//!
//! The guest shows frames. A page keeps its token while it moves; so a frame that appears is the next home of the page
//! whose frame has gone from the same place, if the two are of different homes (a migration changes the home, a copy on
//! write does not), and else a new page.

use std::collections::{BTreeMap, BTreeSet};

use stalemap_guest::{EntryKind, Frame, GuestPlace, GuestState, GuestTransaction};
use stalemap_operations::{
    Access, BlockSlot, Device, Entry, HoldSlot, Home, Observation, Order, PageToken, PageView, Phase, PinSlot, Place,
    PlaceState, PlaceView, Slot, SlotState, Space, Stamp, TransactionSlot, VirtualPage,
};

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
    next: u32,
}

/// Where a page is, and where it was or is going.
#[derive(Clone, Copy, Debug)]
struct Body {
    /// The frame that its entries name.
    named: Frame,
    /// The frame that holds its content.
    content: Frame,
}

impl Tracker {
    /// Takes in what was seen after a step: the observation, and how many pages ended in the step. `at` is the place
    /// that the operation names first.
    pub(crate) fn step(&mut self, seen: &GuestState, at: Option<(Space, VirtualPage)>, into: &mut Observation) -> u32 {
        let bodies = bodies(seen);
        let at = at.map(|(space, page)| (space.0, page.0));
        let mut pages = BTreeMap::new();
        let mut taken = BTreeSet::new();
        // First the pages that have not moved, then those that have; what is left is new.
        let (same, others): (Vec<&Body>, Vec<&Body>) =
            bodies.values().partition(|body| self.pages.contains_key(&body.named));
        for body in same {
            let known = self.pages[&body.named];
            taken.insert(known.token);
            pages.insert(body.named, known);
        }
        let mut newcomers: Vec<&Body> = others;
        // Of the frames that a faulted back page may be in, the writer's own is the copy.
        newcomers.sort_by_key(|body| is_only_at(seen, body.named, at));
        for body in newcomers {
            let known = self.predecessor(seen, body.named).filter(|known| taken.insert(known.token));
            let known = known.unwrap_or_else(|| {
                self.next += 1;
                Known { token: PageToken(self.next - 1), exclusive: false }
            });
            pages.insert(body.named, known);
        }
        let living: BTreeSet<PageToken> = pages.values().map(|known| known.token).collect();
        let ended = self.pages.values().filter(|known| !living.contains(&known.token)).count();
        self.pages = pages;
        self.places = seen.places.iter().filter_map(|it| Some(((it.space, it.page), named(it)?))).collect();
        self.note_exclusive(seen);
        self.show(seen, &bodies, into);
        u32::try_from(ended).expect("few pages")
    }

    /// The page that was in another home at one of the places that now name this frame.
    fn predecessor(&self, seen: &GuestState, frame: Frame) -> Option<Known> {
        let now = seen.places.iter().filter(|place| named(place) == Some(frame));
        let before = now.filter_map(|place| self.places.get(&(place.space, place.page)));
        before.filter(|old| old.home != frame.home).find_map(|old| self.pages.get(old)).copied()
    }

    fn note_exclusive(&mut self, seen: &GuestState) {
        for (&frame, known) in &mut self.pages {
            let entries = || seen.places.iter().filter(|place| named(place) == Some(frame));
            if entries().any(|place| place.entry == EntryKind::Migrating) {
                known.exclusive = entries().any(|place| place.exclusive);
            } else if entries().next().is_some() || seen.held.iter().any(|held| held.frame == frame) {
                known.exclusive = seen.page(frame).is_some_and(|page| page.exclusive);
            }
        }
    }

    fn show(&self, seen: &GuestState, bodies: &BTreeMap<Frame, Body>, into: &mut Observation) {
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
                folio: None,
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

    fn place(&self, it: &GuestPlace) -> PlaceView {
        let page = || self.pages.get(&it.frame).map(|known| known.token);
        let entry = match (it.entry, page()) {
            (EntryKind::Maps, Some(page)) => Entry::Maps { page, writable: it.writable, huge: false },
            (EntryKind::Migrating, Some(page)) => Entry::Migrating { page, writable: it.writable, huge: false },
            // An entry of an unknown kind shows as a hole with a page that no place has, which the reference never shows.
            (EntryKind::Unknown, _) => Entry::Maps { page: PageToken(u32::MAX), writable: it.writable, huge: false },
            (EntryKind::Hole | EntryKind::Maps | EntryKind::Migrating, _) => Entry::Hole,
        };
        let access = Access::ALL[usize::from(it.access)];
        PlaceView { place: place(it.space, it.page), state: PlaceState::Mapped { access, entry } }
    }
}

/// Every page that lives, by the frame that its entries name.
fn bodies(seen: &GuestState) -> BTreeMap<Frame, Body> {
    let mut bodies = BTreeMap::new();
    for frame in seen.places.iter().filter_map(named).chain(seen.held.iter().map(|held| held.frame)) {
        bodies.insert(frame, Body { named: frame, content: frame });
    }
    for transaction in &seen.transactions {
        let has_moved = phase(transaction) == Phase::Moved;
        for candidate in &transaction.candidates {
            let moved = candidate.destination.filter(|_| has_moved && candidate.moves);
            if let Some(source) = candidate.source {
                bodies.insert(source, Body { named: source, content: moved.unwrap_or(source) });
            } else if let Some(born) = moved {
                bodies.insert(born, Body { named: born, content: born });
            }
        }
    }
    bodies
}

/// The frame that an entry names.
fn named(place: &GuestPlace) -> Option<Frame> {
    matches!(place.entry, EntryKind::Maps | EntryKind::Migrating).then_some(place.frame)
}

/// Whether the frame is named at this place and nowhere else.
fn is_only_at(seen: &GuestState, frame: Frame, at: Option<(u32, u32)>) -> bool {
    let mut places = seen.places.iter().filter(|place| named(place) == Some(frame));
    places.all(|place| Some((u32::from(place.space), u32::from(place.page))) == at)
}

fn phase(transaction: &GuestTransaction) -> Phase {
    match transaction.phase {
        1 => Phase::Collected,
        2 => Phase::Copied,
        _ => Phase::Moved,
    }
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

#[cfg(test)]
mod tests {
    use stalemap_guest::{Candidate, EntryKind, Frame, GuestPage, GuestPlace, GuestState, GuestTransaction};
    use stalemap_operations::{Home, Observation, PageToken, Slot, Space, VirtualPage};

    use super::Tracker;

    const RAM: Frame = Frame { home: 0, number: 7_000 };
    const OTHER_RAM: Frame = Frame { home: 0, number: 7_001 };
    const DEVICE: Frame = Frame { home: 1, number: 3 };

    fn maps(space: u8, page: u8, frame: Frame) -> GuestPlace {
        GuestPlace { space, page, access: 2, entry: EntryKind::Maps, writable: false, exclusive: true, frame }
    }

    fn seen(places: &[GuestPlace], candidates: &[(u8, Candidate)]) -> GuestState {
        let page = |frame| GuestPage {
            frame,
            anonymous: true,
            exclusive: true,
            stamp: 9,
            mapcount: 1,
            refcount: 1,
            rmap: vec![(0, 0)],
        };
        let transactions =
            candidates.iter().map(|&(phase, it)| GuestTransaction { slot: 2, phase, candidates: vec![it] });
        GuestState {
            alive: 3,
            places: places.to_vec(),
            pages: [RAM, OTHER_RAM, DEVICE].map(page).to_vec(),
            transactions: transactions.collect(),
            ..GuestState::default()
        }
    }

    /// The tokens at the places in their order, after each state; and what ended in it.
    fn follow(states: &[(GuestState, Option<(u32, u32)>)]) -> Vec<(Vec<u32>, u32)> {
        let mut tracker = Tracker::default();
        let mut follow = Vec::new();
        for (state, at) in states {
            let mut shown = Observation::default();
            let at = at.map(|(space, page)| (Space(space), VirtualPage(page)));
            let ended = tracker.step(state, at, &mut shown);
            let tokens = shown.places.iter().filter_map(|view| view.state.page()).map(|PageToken(token)| token);
            follow.push((tokens.collect(), ended));
        }
        follow
    }

    #[test]
    fn a_page_keeps_its_token_from_home_to_home() {
        let there = [RAM, DEVICE, OTHER_RAM].map(|frame| (seen(&[maps(0, 0, frame)], &[]), Some((0, 0))));
        assert_eq!(follow(&there), [(vec![0], 0), (vec![0], 0), (vec![0], 0)]);
    }

    #[test]
    fn a_copy_on_write_is_a_new_page_and_the_last_user_of_the_old_one_ends_it() {
        let shared = seen(&[maps(0, 0, RAM), maps(1, 0, RAM)], &[]);
        let copied = seen(&[maps(0, 0, OTHER_RAM), maps(1, 0, RAM)], &[]);
        let unmapped = seen(&[maps(0, 0, OTHER_RAM)], &[]);
        let steps = [(shared, None), (copied, Some((0, 0))), (unmapped, Some((1, 0)))];
        assert_eq!(follow(&steps), [(vec![0, 0], 0), (vec![1, 0], 0), (vec![1], 1)]);
    }

    #[test]
    fn of_a_page_that_is_faulted_back_and_copied_the_writer_has_the_copy() {
        let shared = seen(&[maps(0, 0, DEVICE), maps(1, 0, DEVICE)], &[]);
        for (writer, expected) in [(0, vec![1, 0]), (1, vec![0, 1])] {
            let copied = seen(&[maps(0, 0, RAM), maps(1, 0, OTHER_RAM)], &[]);
            let steps = [(shared.clone(), None), (copied, Some((writer, 0)))];
            assert_eq!(follow(&steps), [(vec![0, 0], 0), (expected, 0)], "s{writer} writes");
        }
    }

    #[test]
    fn a_collected_page_lives_in_its_transaction_moves_with_it_and_ends_with_it() {
        let mut tracker = Tracker::default();
        let mut shown = Observation::default();
        let migrating = GuestPlace { entry: EntryKind::Migrating, ..maps(0, 0, RAM) };
        let candidate = Candidate { source: Some(RAM), destination: Some(DEVICE), moves: true };
        tracker.step(&seen(&[migrating], &[(2, candidate)]), None, &mut shown);
        assert_eq!(shown.pages[0].home, Home::Ram, "it has not moved yet");
        assert_eq!(tracker.step(&seen(&[], &[(2, candidate)]), None, &mut shown), 0, "the transaction has it");
        assert!(shown.pages[0].exclusive, "as its last entry showed");
        tracker.step(&seen(&[], &[(3, candidate)]), None, &mut shown);
        assert_eq!(shown.pages[0].home, Home::Device(stalemap_operations::Device(0)));
        assert!(matches!(shown.slots[..], [(Slot::Transaction(slot), _)] if slot.0 == 2));
        assert_eq!(tracker.step(&seen(&[], &[]), None, &mut shown), 1);
        assert!(shown.pages.is_empty());
    }

    #[test]
    fn a_page_made_of_a_hole_is_new() {
        let born = Candidate { source: None, destination: Some(DEVICE), moves: true };
        let steps = [(seen(&[], &[]), None), (seen(&[maps(0, 0, DEVICE)], &[(3, born)]), None)];
        assert_eq!(follow(&steps), [(vec![], 0), (vec![0], 0)]);
    }
}
