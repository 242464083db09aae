//! Pages that no place shows are bound by what is known of them.

use stalemap_operations::{
    Access, BlockContract, Entry, FolioView, Home, Machine, Observables, Observation, PageToken, PageView, Place,
    PlaceState, PlaceView, Space, Stamp, VirtualPage,
};

use super::Comparison;
use crate::oracle::owners::FrameRules;

fn comparison(reference: &Observation, subject: &Observation) -> Comparison {
    let rules = FrameRules { machine: &Machine::DEFAULT, blocks: &BlockContract::BUDDY };
    let mut comparison = Comparison::new(rules, Observables::ALL);
    (comparison.reference, comparison.subject) = (reference.clone(), subject.clone());
    comparison.bind();
    comparison
}

/// The subject's page of each of these pages of the reference.
fn bound<const N: usize>(comparison: &Comparison, pages: [u32; N]) -> [Option<u32>; N] {
    pages.map(|page| comparison.binding().subject(PageToken(page)).map(|page| page.0))
}

fn page(token: u32, home: Home, folio: Option<(u32, u32)>) -> PageView {
    let folio = folio.map(|(head, index)| FolioView { head: PageToken(head), index, mapcount: 1 });
    let (token, stamp) = (PageToken(token), Stamp(1));
    PageView { token, home, stamp, exclusive: false, mapcount: 0, refcount: 1, rmap: 0..0, frame: None, folio }
}

/// What shows these pages, and of them these at the first places of the first space.
fn seen(mut pages: Vec<PageView>, shown: &[u32]) -> Observation {
    pages.sort_by_key(|page| page.token);
    let places = shown.iter().zip(0..).map(|(&page, at)| {
        let entry = Entry::Maps { page: PageToken(page), writable: false, huge: false };
        let place = Place { space: Space(0), page: VirtualPage(at) };
        PlaceView { place, state: PlaceState::Mapped { access: Access::Read, entry } }
    });
    Observation { places: places.collect(), pages, ..Observation::default() }
}

/// Two folios of two pages with these names, of which the first pages are shown.
fn folios([one, two, three, four]: [u32; 4]) -> Observation {
    let of = |token, head, index| page(token, Home::Ram, Some((head, index)));
    seen(vec![of(one, one, 0), of(two, one, 1), of(three, three, 0), of(four, three, 1)], &[one, three])
}

#[test]
fn pages_of_a_folio_that_nothing_shows_are_bound_by_their_index_in_it() {
    let reference = folios([1, 2, 3, 4]);
    for names in [[1, 2, 3, 4], [13, 14, 11, 12], [14, 13, 12, 11]] {
        let bound = bound(&comparison(&reference, &folios(names)), [1, 2, 3, 4]);
        assert_eq!(bound, names.map(Some));
    }
}

#[test]
fn pages_that_only_a_transaction_has_are_bound_by_what_they_show() {
    let device = Home::ALL[1];
    let reference = seen(vec![page(5, Home::Ram, None), page(6, device, None), page(7, Home::Ram, None)], &[7]);
    let subject = seen(vec![page(24, device, None), page(25, Home::Ram, None), page(26, Home::Ram, None)], &[26]);
    assert_eq!(bound(&comparison(&reference, &subject), [5, 6, 7]), [Some(25), Some(24), Some(26)]);
}

#[test]
fn after_a_reset_no_page_is_known() {
    let [reference, subject] = [seen(vec![page(1, Home::Ram, None)], &[1]), seen(vec![page(8, Home::Ram, None)], &[8])];
    let mut comparison = comparison(&reference, &subject);
    assert_eq!(bound(&comparison, [1]), [Some(8)]);
    comparison.reset();
    assert_eq!((bound(&comparison, [1]), comparison.seen()), ([None], [&Observation::default(); 2]));
    // Then pages that nothing shows are bound by their facts once more.
    let [reference, subject] = [2, 9].map(|token| seen(vec![page(token, Home::Ram, None)], &[]));
    (comparison.reference, comparison.subject) = (reference, subject);
    comparison.bind();
    assert_eq!(bound(&comparison, [1, 2]), [None, Some(9)]);
}
