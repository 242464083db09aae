//! Which pages are one large folio, in which order and how often mapped, makes another digest; what they are called makes none.

use stalemap_operations::{
    Access, Entry, FolioView, Observation, PageToken, PageView, PlaceState, PlaceView, SpaceSet,
};

use super::super::words::folio_word;
use super::side::Side;
use super::{Change, assert_each_makes_another_digest, digest_of, page, place, start};

/// Two large folios of two pages each, by huge entries at s1 v2 and s1 v4; their pages show the same but for places and folio.
fn shown() -> Observation {
    shown_as([10, 11, 12, 13])
}

/// The same with these names of the pages.
fn shown_as(tokens: [u32; 4]) -> Observation {
    let head = |index: usize| PageToken(tokens[index & 2]);
    let maps = |index: usize| PlaceView {
        place: place(1, 2 + u32::try_from(index).expect("a few")),
        state: PlaceState::Mapped {
            access: Access::Read,
            entry: Entry::Maps { page: PageToken(tokens[index]), writable: false, huge: true },
        },
    };
    let of_folio = |index: usize| {
        let folio = FolioView { head: head(index), index: u32::from(index & 1 == 1), mapcount: 1 };
        PageView { folio: Some(folio), ..page(tokens[index], index..index + 1) }
    };
    Observation {
        places: (0..4).map(maps).collect(),
        pages: (0..4).map(of_folio).collect(),
        alive: SpaceSet::from(0b11),
        free: [3, 2, 1],
        rmaps: (2..6).map(|page| place(1, page)).collect(),
        ..Observation::default()
    }
}

fn folio(seen: &mut Observation, page: usize) -> &mut FolioView {
    seen.pages[page].folio.as_mut().expect("it is of a large folio")
}

fn huge(seen: &mut Observation, at: usize) -> &mut bool {
    match &mut seen.places[at].state {
        PlaceState::Mapped { entry: Entry::Maps { huge, .. } | Entry::Migrating { huge, .. }, .. } => huge,
        PlaceState::Mapped { entry: Entry::Hole, .. } | PlaceState::Unmapped => panic!("it maps a page"),
    }
}

const CHANGES: &[Change] = &[
    ("a small entry", |it| *huge(it, 0) = false),
    ("another small entry", |it| *huge(it, 1) = false),
    ("small entries for a group", |it| (0..2).for_each(|at| *huge(it, at) = false)),
    ("small entries for the other group", |it| (2..4).for_each(|at| *huge(it, at) = false)),
    ("a head that is of no folio", |it| it.pages[0].folio = None),
    ("a page that is of no folio", |it| it.pages[1].folio = None),
    ("a folio less", |it| (0..2).for_each(|page| it.pages[page].folio = None)),
    ("the other folio less", |it| (2..4).for_each(|page| it.pages[page].folio = None)),
    ("the index of a page", |it| folio(it, 1).index = 2),
    ("the order of a folio", |it| {
        (folio(it, 0).index, folio(it, 1).index) = (1, 0);
    }),
    ("the head of a folio", |it| (0..2).for_each(|page| folio(it, page).head = PageToken(11))),
    ("the mapcount of a folio", |it| (0..2).for_each(|page| folio(it, page).mapcount = 2)),
    ("the mapcount that one page shows", |it| folio(it, 1).mapcount = 2),
    ("a page of the other folio", |it| folio(it, 1).head = PageToken(12)),
    ("pages that changed folios", |it| {
        (folio(it, 1).head, folio(it, 3).head) = (PageToken(12), PageToken(10));
    }),
    ("a folio whose head is no page", |it| folio(it, 1).head = PageToken(99)),
    ("a folio whose head has a name that is too large", |it| folio(it, 1).head = PageToken(u32::MAX)),
];

#[test]
fn every_fact_of_folios_makes_another_digest() {
    assert_each_makes_another_digest(shown, CHANGES);
}

#[test]
fn names_of_the_pages_of_folios_make_no_difference() {
    for names in [[1, 0, 3, 2], [5, 90, 7, 8], [12, 13, 10, 11]] {
        let mut seen = shown_as(names);
        seen.pages.sort_by_key(|page| page.token);
        assert_eq!(digest_of(seen), digest_of(shown()), "{names:?}");
    }
}

#[test]
fn what_was_told_of_folios_is_known_and_anything_else_is_not() {
    let mut digest = start();
    assert_eq!(digest.update(&mut Side::from(shown())), Some(()));
    assert!(digest.knows_observed(&shown()));
    for (what, change) in CHANGES {
        let mut seen = shown();
        change(&mut seen);
        assert!(!digest.knows_observed(&seen), "{what}");
    }
}

#[test]
fn a_folio_that_is_split_or_ends_leaves_nothing_of_its_word() {
    let mut digest = start();
    assert_eq!(digest.update(&mut Side::from(shown())), Some(()));
    let split = || {
        let mut seen = shown();
        seen.pages.iter_mut().for_each(|page| page.folio = None);
        (0..4).for_each(|at| *huge(&mut seen, at) = false);
        seen
    };
    assert_eq!(digest.update(&mut Side::from(split())), Some(()));
    assert_eq!(digest.value(), digest_of(split()), "as if there had been none");
    assert_eq!(digest.update(&mut Side::from(shown())), Some(()));
    assert_eq!(digest.value(), digest_of(shown()), "and again");
    let mut gone = shown();
    gone.places.iter_mut().for_each(|view| view.state = PlaceState::Unmapped);
    let ended = gone.pages.drain(..).map(|page| page.token).collect();
    assert_eq!(digest.update(&mut Side { ended, ..Side::from(gone) }), Some(()));
    let nothing = Observation { places: Vec::new(), pages: Vec::new(), ..shown() };
    assert_eq!(digest.value(), digest_of(nothing));
    digest.reset(super::CAPACITY);
    assert_eq!(digest.value(), start().value());
}

#[test]
fn folios_whose_pages_add_up_to_another_sum_have_another_word() {
    for sum in [1, 0x6000_0000_0000_0005] {
        let other = (0..u64::BITS).find(|bit| folio_word(sum) == folio_word(sum ^ 1 << bit));
        assert_eq!(other, None, "a bit of the sum {sum:#x} makes no difference");
    }
    assert_eq!(folio_word(0), 0);
}
