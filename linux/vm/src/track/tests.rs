//! What is told of frames that a kernel showed.

use stalemap_guest::{Candidate, EntryKind, Frame, GuestFolio, GuestPage, GuestPlace, GuestState, GuestTransaction};
use stalemap_operations::{Entry, Home, Observation, PageToken, PlaceState, Slot};

use super::{Step, Tracker};

const RAM: Frame = Frame { home: 0, number: 7_000 };
const OTHER_RAM: Frame = Frame { home: 0, number: 7_001 };
const DEVICE: Frame = Frame { home: 1, number: 3 };

fn maps(space: u8, page: u8, frame: Frame) -> GuestPlace {
    GuestPlace { space, page, access: 2, entry: EntryKind::Maps, writable: false, exclusive: true, huge: false, frame }
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
        folio: None,
    };
    let transactions = candidates.iter().map(|&(phase, it)| GuestTransaction { slot: 2, phase, candidates: vec![it] });
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
        let ended = tracker.step(state, &Step { at: *at, ..Step::default() }, &mut shown);
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
    tracker.step(&seen(&[migrating], &[(2, candidate)]), &Step::default(), &mut shown);
    assert_eq!(shown.pages[0].home, Home::Ram, "it has not moved yet");
    assert_eq!(tracker.step(&seen(&[], &[(2, candidate)]), &Step::default(), &mut shown), 0, "the transaction has it");
    assert!(shown.pages[0].exclusive, "as its last entry showed");
    tracker.step(&seen(&[], &[(3, candidate)]), &Step::default(), &mut shown);
    assert_eq!(shown.pages[0].home, Home::Device(stalemap_operations::Device(0)));
    assert!(matches!(shown.slots[..], [(Slot::Transaction(slot), _)] if slot.0 == 2));
    assert_eq!(tracker.step(&seen(&[], &[]), &Step::default(), &mut shown), 1);
    assert!(shown.pages.is_empty());
}

#[test]
fn a_page_made_of_a_hole_is_new() {
    let born = Candidate { source: None, destination: Some(DEVICE), moves: true };
    let steps = [(seen(&[], &[]), None), (seen(&[maps(0, 0, DEVICE)], &[(3, born)]), None)];
    assert_eq!(follow(&steps), [(vec![], 0), (vec![0], 0)]);
}

/// A space with a group of two places, of which those that are not dropped are mapped, and the pages of the large folio there.
fn folio(home: u8, number: u32, stamp: u8, mapped: &[u8], huge: bool) -> GuestState {
    let frame = |page: u8| Frame { home, number: number + u32::from(page) };
    let mut state = seen(&[], &[]);
    state.places = mapped.iter().map(|&page| GuestPlace { huge, ..maps(0, page, frame(page)) }).collect();
    let page = |index: u8| GuestPage {
        frame: frame(index),
        anonymous: true,
        exclusive: true,
        stamp,
        mapcount: 1,
        refcount: 1,
        rmap: Vec::new(),
        folio: Some(GuestFolio { head: number, mapcount: 1 }),
    };
    state.pages = vec![page(0), page(1)];
    state
}

/// The tokens of all pages after each state.
fn pages(states: &[(GuestState, Step)]) -> Vec<Vec<u32>> {
    let mut tracker = Tracker::default();
    let mut shown = Observation::default();
    let each = states.iter().map(|(state, step)| {
        tracker.step(state, step, &mut shown);
        shown.pages.iter().map(|page| page.token.0).collect()
    });
    each.collect()
}

#[test]
fn a_page_that_nothing_maps_moves_with_its_folio_and_shows_its_head() {
    let states = [folio(0, 8, 9, &[0, 1], true), folio(0, 8, 9, &[1], false), folio(1, 2, 9, &[1], false)];
    assert_eq!(pages(&states.clone().map(|state| (state, Step::default()))), [[0, 1], [0, 1], [0, 1]]);
    let mut tracker = Tracker::default();
    let mut shown = Observation::default();
    tracker.step(&states[0], &Step::default(), &mut shown);
    let folio = shown.pages[1].folio.expect("a page of a large folio");
    assert_eq!((folio.head, folio.index, folio.mapcount), (PageToken(0), 1, 1));
    assert!(
        shown
            .places
            .iter()
            .all(|place| matches!(place.state, PlaceState::Mapped { entry: Entry::Maps { huge: true, .. }, .. }))
    );
}

#[test]
fn what_a_collapse_makes_of_a_devices_page_is_new() {
    let before = seen(&[maps(0, 0, DEVICE)], &[]);
    let collapses = Step { collapses: true, ..Step::default() };
    let fault = [(before.clone(), Step::default()), (folio(0, 8, 9, &[0, 1], true), Step::default())];
    assert_eq!(pages(&fault), [vec![0], vec![0, 1]], "a fault moves it");
    let collapse = [(before, Step::default()), (folio(0, 8, 9, &[0, 1], true), collapses)];
    assert_eq!(pages(&collapse), [vec![0], vec![1, 2]]);
}

#[test]
fn a_page_of_zeros_whose_folio_a_migration_splits_is_dropped_and_what_is_there_afterwards_is_new() {
    let to_device = |last| Step { to_device: Some((0, 0, last)), group: 2, ..Step::default() };
    for (stamp, last, expected) in [(0, 1, 2), (9, 1, 0), (0, 2, 0)] {
        let after = seen(&[maps(0, 0, DEVICE)], &[]);
        let states = [(folio(0, 8, stamp, &[0, 1], true), Step::default()), (after, to_device(last))];
        assert_eq!(pages(&states)[1], [expected], "stamp {stamp}, up to {last}");
    }
}
