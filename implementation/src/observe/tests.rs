//! What an observer may ask is shown, by names that are given again.

use alloc::vec::Vec;
use alloc::{format, vec};

use stalemap_operations::{HoldSlot, Observation, Place, Scope, Slot, Space, Subject as _, VirtualPage};

use crate::complete::tests::after;

#[test]
fn pages_that_asked_places_and_slots_show_are_shown_too() {
    let implementation = after("map s0 v0+2 rw; write s0 v0 #1; write s0 v1 #2; hold h0 s0 v1; unmap s0 v1");
    for (slots, stamps) in [(vec![], vec![1]), (vec![Slot::Hold(HoldSlot(0))], vec![1, 2])] {
        let places = vec![Place { space: Space(0), page: VirtualPage(0) }];
        let (scope, mut seen) = (Scope { places, slots, ..Scope::default() }, Observation::default());
        implementation.observe(&scope, &mut seen);
        assert_eq!(seen.pages.iter().map(|page| page.stamp.0).collect::<Vec<_>>(), stamps);
    }
}

#[test]
fn the_name_of_a_page_that_ended_is_given_again_by_the_next_operation() {
    let names = |sequence: &str| {
        let mut seen = Observation::default();
        after(sequence).observe(&Scope::everything(), &mut seen);
        seen.pages.iter().map(|page| page.token.0).collect::<Vec<_>>()
    };
    let two = "map s0 v0+2 rw; write s0 v0 #1; write s0 v1 #2";
    assert_eq!(names(two), [0, 1]);
    assert_eq!(names(&format!("{two}; discard s0 v0; write s0 v0 #1")), [0, 1]);
    assert_eq!(names(&format!("{two}; discard s0 v0+2; write s0 v0 #1")).len(), 1);
}

#[test]
fn a_copy_tells_of_each_folio_that_its_mask_asks_for_whether_it_has_a_run() {
    let folios =
        "map s0 v0+8 rw; advise s0 v0+8 huge; write s0 v0 #1; write s0 v2 #1; write s0 v4 #1; setup t0 s0 v0+6 to d0";
    for (mask, expected) in
        [(0, &[true, true, false][..]), (1, &[true, true]), (4, &[true, true]), (5, &[true]), (21, &[])]
    {
        assert_eq!(after(&format!("{folios}; copy t0 {mask}")).runs(), expected, "{mask}");
    }
}
