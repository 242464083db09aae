//! Every fact that an oracle compares makes another digest; names of pages make none.

mod both_ways;
mod folios;
mod side;

use stalemap_operations::{
    Access, BlockContract, Device, Dialect, Entry, HoldSlot, Home, Machine, Observation, Order, PageToken, PageView,
    Phase, PinSlot, Place, PlaceState, PlaceView, Slot, SlotState, Space, SpaceSet, Stamp, TransactionSlot,
    VirtualPage,
};

use self::side::Side;
use super::SideDigest;
use crate::oracle::owners::FrameRules;

const CAPACITY: [u32; Home::LIMIT] = [8, 4, 4];
/// As many as there can be.
const SPACES: u32 = Space::LIMIT;
const PIN: Slot = Slot::Pin(PinSlot(0));
const HOLD: Slot = Slot::Hold(HoldSlot(1));
const TRANSACTION: Slot = Slot::Transaction(TransactionSlot(2));

fn place(space: u32, page: u32) -> Place {
    Place { space: Space(space), page: VirtualPage(page) }
}

fn maps(place: Place, page: u32) -> PlaceView {
    let entry = Entry::Maps { page: PageToken(page), writable: false, huge: false };
    PlaceView { place, state: PlaceState::Mapped { access: Access::Read, entry } }
}

fn page(token: u32, rmap: std::ops::Range<usize>) -> PageView {
    let mapcount = u32::try_from(rmap.len()).expect("a few");
    PageView {
        token: PageToken(token),
        home: Home::Ram,
        stamp: Stamp(7),
        exclusive: false,
        mapcount,
        refcount: mapcount,
        rmap,
        frame: None,
        folio: None,
    }
}

/// Page 0 at two places and held, page 1 at one and pinned, page 2 behind a migration entry; a hole.
fn shown() -> Observation {
    let migrating = Entry::Migrating { page: PageToken(2), writable: false, huge: false };
    let state = |entry| PlaceState::Mapped { access: Access::Read, entry };
    Observation {
        places: vec![
            maps(place(0, 0), 0),
            maps(place(0, 1), 1),
            PlaceView { place: place(0, 2), state: state(migrating) },
            PlaceView { place: place(0, 3), state: state(Entry::Hole) },
            maps(place(1, 0), 0),
        ],
        pages: vec![page(0, 0..2), page(1, 2..3), page(2, 3..3)],
        slots: vec![
            (PIN, SlotState::Pin(PageToken(1))),
            (HOLD, SlotState::Hold(PageToken(0))),
            (TRANSACTION, SlotState::Transaction { phase: Phase::Collected, candidates: 1, frames: 0..0 }),
        ],
        alive: SpaceSet::from(0b11),
        free: [3, 2, 1],
        rmaps: vec![place(0, 0), place(1, 0), place(0, 1)],
        ..Observation::default()
    }
}

/// A digest of a side at its start.
fn start() -> SideDigest {
    let machine = Machine::new(CAPACITY, SPACES, 8, Dialect::default()).expect("within the limits");
    SideDigest::new(&machine, Some(FrameRules { machine: &machine, blocks: &BlockContract::BUDDY }), CAPACITY)
}

/// The digest of what is shown at once, which is the same by lists and handed over.
fn digest_of(seen: Observation) -> u64 {
    let [by_lists, handed_over] = [false, true].map(|hands_over| {
        let mut digest = start();
        assert_eq!(digest.update(&mut Side { hands_over, ..Side::from(seen.clone()) }), Some(()));
        digest.value()
    });
    assert_eq!(by_lists, handed_over);
    by_lists
}

fn entry(seen: &mut Observation, at: usize) -> &mut Entry {
    match &mut seen.places[at].state {
        PlaceState::Mapped { entry, .. } => entry,
        PlaceState::Unmapped => panic!("it is mapped"),
    }
}

/// A fact, and how it is made another one.
type Change = (&'static str, fn(&mut Observation));

const CHANGES: &[Change] = &[
    ("a place is unmapped", |it| it.places[3].state = PlaceState::Unmapped),
    ("the access of a place", |it| {
        it.places[3].state = PlaceState::Mapped { access: Access::ReadWrite, entry: Entry::Hole };
    }),
    ("an entry instead of a hole", |it| {
        *entry(it, 3) = Entry::Maps { page: PageToken(1), writable: false, huge: false }
    }),
    ("a hole instead of an entry", |it| *entry(it, 1) = Entry::Hole),
    ("the writable bit of an entry", |it| {
        *entry(it, 1) = Entry::Maps { page: PageToken(1), writable: true, huge: false }
    }),
    ("the writable bit of a migration entry", |it| {
        *entry(it, 2) = Entry::Migrating { page: PageToken(2), writable: true, huge: false };
    }),
    ("a mapping instead of a migration entry", |it| {
        *entry(it, 2) = Entry::Maps { page: PageToken(2), writable: false, huge: false }
    }),
    ("the page of an entry", |it| *entry(it, 4) = Entry::Maps { page: PageToken(1), writable: false, huge: false }),
    ("the page of a migration entry", |it| {
        *entry(it, 2) = Entry::Migrating { page: PageToken(1), writable: false, huge: false }
    }),
    ("an entry to a page that is none", |it| {
        *entry(it, 4) = Entry::Maps { page: PageToken(u32::MAX), writable: false, huge: false }
    }),
    ("the home of a page", |it| it.pages[0].home = Home::Device(Device(0))),
    ("the device of a page", |it| it.pages[0].home = Home::Device(Device(1))),
    ("the stamp of a page", |it| it.pages[0].stamp = Stamp(8)),
    ("whether a page is exclusive", |it| it.pages[0].exclusive = true),
    ("the mapcount of a page", |it| it.pages[0].mapcount += 1),
    ("the refcount of a page", |it| it.pages[0].refcount += 1),
    ("a place less in a reverse map", |it| it.pages[0].rmap = 0..1),
    ("another place in a reverse map", |it| it.rmaps[1] = place(1, 1)),
    ("a place twice in a reverse map", |it| it.rmaps[1] = place(0, 0)),
    ("a page that is live on one side only", |it| it.pages.push(page(3, 0..0))),
    ("a page that has ended", |it| {
        it.pages.pop();
    }),
    ("an empty slot", |it| it.slots[0].1 = SlotState::Empty),
    ("the page of a pin", |it| it.slots[0].1 = SlotState::Pin(PageToken(0))),
    ("the page of a hold", |it| it.slots[1].1 = SlotState::Hold(PageToken(1))),
    ("the sort of a slot", |it| it.slots[1].1 = SlotState::Pin(PageToken(0))),
    ("the phase of a transaction", |it| {
        it.slots[2].1 = SlotState::Transaction { phase: Phase::Copied, candidates: 1, frames: 0..0 };
    }),
    ("the last phase of a transaction", |it| {
        it.slots[2].1 = SlotState::Transaction { phase: Phase::Moved, candidates: 1, frames: 0..0 };
    }),
    ("the candidates of a transaction", |it| {
        it.slots[2].1 = SlotState::Transaction { phase: Phase::Collected, candidates: 2, frames: 0..0 };
    }),
    ("a block", |it| it.slots[2].1 = SlotState::Block { order: Order(2), split: false, held: 4, base: None }),
    ("the order of a block", |it| {
        it.slots[2].1 = SlotState::Block { order: Order(3), split: false, held: 4, base: None };
    }),
    ("whether a block is split", |it| {
        it.slots[2].1 = SlotState::Block { order: Order(2), split: true, held: 4, base: None };
    }),
    ("the frames of a block", |it| {
        it.slots[2].1 = SlotState::Block { order: Order(2), split: true, held: 3, base: None };
    }),
    ("the spaces that are alive", |it| it.alive = SpaceSet::from(0b101)),
    ("a space behind the first word that is alive", |it| it.alive.insert(Space(64))),
    ("another space behind the first word that is alive", |it| it.alive.insert(Space(128))),
    ("a space behind the first word that is locked", |it| it.locked.insert(Space(64))),
    ("the spaces that are locked", |it| it.locked = SpaceSet::from(0b1)),
    ("the free frames of RAM", |it| it.free[0] += 1),
    ("the free frames of a device", |it| it.free[1] += 1),
    ("the free frames of the other device", |it| it.free[2] += 1),
];

#[test]
fn every_fact_that_oracles_compare_makes_another_digest() {
    assert_each_makes_another_digest(shown, CHANGES);
}

fn assert_each_makes_another_digest(shown: fn() -> Observation, changes: &[Change]) {
    let mut known = vec![("what is shown", digest_of(shown()))];
    for (what, change) in changes {
        let mut seen = shown();
        change(&mut seen);
        let digest = digest_of(seen);
        for (other, known) in &known {
            assert_ne!(digest, *known, "{what} and {other} have one digest");
        }
        known.push((what, digest));
    }
}

#[test]
fn what_was_told_is_known_and_any_other_fact_is_not() {
    let told = ascending(shown());
    let mut digest = start();
    assert_eq!(digest.update(&mut Side::from(told.clone())), Some(()));
    assert!(digest.knows_observed(&told));
    for (what, change) in CHANGES {
        let mut seen = shown();
        change(&mut seen);
        assert!(!digest.knows_observed(&ascending(seen)), "{what}");
    }
    let mut twice = told.clone();
    twice.places[1] = twice.places[0];
    assert!(!digest.knows_observed(&twice), "one place twice and another not at all");
    let mut aside = told;
    aside.places[4].place = place(0, 8);
    assert!(!digest.knows_observed(&aside), "a page behind the last of its space");
}

/// What is observed of everything comes in order.
fn ascending(mut seen: Observation) -> Observation {
    seen.slots.sort_by_key(|(slot, _)| slot.index());
    seen
}

#[test]
fn names_of_pages_and_the_order_of_a_walk_make_no_difference() {
    let mut renamed = shown();
    let name = |token: PageToken| PageToken([9, 4, 0][token.0 as usize]);
    for view in &mut renamed.places {
        if let PlaceState::Mapped { entry: Entry::Maps { page, .. } | Entry::Migrating { page, .. }, .. } =
            &mut view.state
        {
            *page = name(*page);
        }
    }
    for (_, state) in &mut renamed.slots {
        if let SlotState::Pin(page) | SlotState::Hold(page) = state {
            *page = name(*page);
        }
    }
    renamed.pages.iter_mut().for_each(|page| page.token = name(page.token));
    renamed.rmaps.swap(0, 1);
    assert_eq!(digest_of(renamed), digest_of(shown()));
}

#[test]
fn a_page_that_takes_the_place_of_another_is_told_by_its_age() {
    let mut side = Side::from(shown());
    let mut digest = start();
    let mut step = |side: &mut Side| {
        assert_eq!(digest.update(side), Some(()));
        digest.value()
    };
    let before = step(&mut side);
    assert_eq!(step(&mut side), before, "the same again");
    // Page 1 ends, and page 5 takes its place with the same facts: all else is told again as it was.
    let mut renamed = shown();
    renamed.places[1] = maps(place(0, 1), 5);
    renamed.pages[1] = page(5, 2..3);
    renamed.slots[0].1 = SlotState::Pin(PageToken(5));
    let mut side = Side { ended: vec![PageToken(1)], ..Side::from(renamed.clone()) };
    assert_ne!(step(&mut side), before, "it is younger");
    assert_eq!(digest_of(renamed), before, "from the start it has no other age");
}

#[test]
fn each_state_of_each_place_makes_a_digest_of_its_own() {
    let page = PageToken(0);
    let entries = [false, true].into_iter().flat_map(|writable| {
        [Entry::Maps { page, writable, huge: false }, Entry::Migrating { page, writable, huge: false }, Entry::Hole]
    });
    let entries: Vec<Entry> = entries.take(5).collect();
    let mut known = vec![("nothing".to_string(), digest_of_places(&[]))];
    for (space, number) in (0..3).flat_map(|space| (0..8).map(move |number| (space, number))) {
        for access in [Access::None, Access::Read, Access::ReadWrite] {
            for &entry in &entries {
                let view = PlaceView { place: place(space, number), state: PlaceState::Mapped { access, entry } };
                known.push((format!("{view:?}"), digest_of_places(&[view])));
            }
        }
    }
    known.sort_by_key(|(_, digest)| *digest);
    assert!(known.is_sorted_by(|(_, first), (_, second)| first < second), "{known:?}");
}

/// The digest of a side that shows these places and nothing else.
fn digest_of_places(places: &[PlaceView]) -> u64 {
    // One place at least is touched.
    let unmapped = PlaceView { place: place(2, 7), state: PlaceState::Unmapped };
    let places = if places.is_empty() { vec![unmapped] } else { places.to_vec() };
    digest_of(Observation { places, ..Observation::default() })
}

#[test]
fn each_state_of_each_slot_makes_a_digest_of_its_own() {
    let mut known: Vec<(String, u64)> = Vec::new();
    let phases = [Phase::Collected, Phase::Copied, Phase::Moved];
    let transactions = phases
        .into_iter()
        .flat_map(|phase| (0..200).map(move |candidates| SlotState::Transaction { phase, candidates, frames: 0..0 }));
    let blocks = (0..12).flat_map(|order| {
        [false, true].into_iter().flat_map(move |split| {
            (0..40).map(move |held| SlotState::Block { order: Order(order), split, held, base: None })
        })
    });
    let pages = [PageToken(0), PageToken(9)].into_iter().flat_map(|page| [SlotState::Pin(page), SlotState::Hold(page)]);
    let states: Vec<SlotState> = transactions.chain(blocks).chain(pages).collect();
    for slot in [PIN, HOLD, TRANSACTION] {
        for state in &states {
            // Both pages live, so that which page it is makes a difference by their facts.
            let other = PageView { stamp: Stamp(8), ..page(9, 0..0) };
            let seen = Observation {
                slots: vec![(slot, state.clone())],
                pages: vec![page(0, 0..0), other],
                ..Observation::default()
            };
            known.push((format!("{slot} {state:?}"), digest_of(seen)));
        }
    }
    known.sort_by_key(|(_, digest)| *digest);
    let same = known.windows(2).find(|pair| pair[0].1 == pair[1].1);
    assert_eq!(same, None);
}

#[test]
fn each_space_that_is_alive_or_locked_makes_a_digest_of_its_own() {
    let mut known: Vec<(String, u64)> = Vec::new();
    for number in 0..SPACES {
        for is_locked in [false, true] {
            let mut seen = Observation { pages: vec![page(0, 0..0)], ..Observation::default() };
            let set = if is_locked { &mut seen.locked } else { &mut seen.alive };
            set.insert(Space(number));
            set.insert(Space(SPACES - 1));
            known.push((format!("s{number}, locked: {is_locked}"), digest_of(seen)));
        }
    }
    known.sort_by_key(|(_, digest)| *digest);
    let same = known.windows(2).find(|pair| pair[0].1 == pair[1].1);
    assert_eq!(same, None);
}

#[test]
fn a_digest_is_that_of_the_start_again_after_a_reset_and_after_everything_has_gone() {
    let at_start = start().value();
    let mut digest = start();
    let mut side = Side::from(shown());
    assert!(digest.update(&mut side) == Some(()) && digest.value() != at_start);
    let mut reset = digest.clone();
    reset.reset(CAPACITY);
    assert_eq!(reset.value(), at_start);
    assert_eq!(reset.update(&mut side), Some(()));
    assert_eq!(reset.value(), digest.value(), "after a reset as from the start");
    // What goes is told once more: a page by its token, a place and a slot with nothing there.
    let mut gone = shown();
    gone.places.iter_mut().for_each(|view| view.state = PlaceState::Unmapped);
    gone.slots.iter_mut().for_each(|(_, state)| *state = SlotState::Empty);
    let ended: Vec<PageToken> = gone.pages.drain(..).map(|page| page.token).collect();
    assert_eq!(digest.update(&mut Side { ended, ..Side::from(gone.clone()) }), Some(()));
    let nothing = Observation { places: Vec::new(), slots: Vec::new(), ..gone };
    assert_eq!(digest.value(), digest_of(nothing), "nothing is left of what has gone");
}
