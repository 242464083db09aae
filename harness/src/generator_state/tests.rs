//! The guess of the state after sequences of operations.

use stalemap_operations::{Field, Trace};

use super::{GeneratorState, Want};
use crate::random::Random;

fn after(lines: &str) -> GeneratorState {
    let trace = Trace::parse(&format!("machine ram=4 device=2 spaces=3 pages=8\n{lines}")).expect("a good text");
    let mut state = GeneratorState::new();
    trace.operations().for_each(|operation| state.note(&operation));
    state
}

#[test]
fn places_are_mapped_by_map_fork_and_move_until_unmap_or_exit() {
    let mapped = |lines: &str| {
        let state = after(lines);
        [0, 1].map(|space| (0..8).filter(|&page| state.run((space, page), Want::Mapped) > 0).collect::<Vec<_>>())
    };
    assert_eq!(mapped("map s0 v2+3 rw\n"), [vec![2, 3, 4], vec![]]);
    assert_eq!(mapped("map s0 v2+3 rw\nunmap s0 v3\n"), [vec![2, 4], vec![]]);
    assert_eq!(mapped("map s0 v2+3 rw\nmove s0 v2+2 v6\n"), [vec![4, 6, 7], vec![]]);
    assert_eq!(mapped("map s0 v2+3 rw\nfork s0 s1\nunmap s0 v2\n"), [vec![3, 4], vec![2, 3, 4]]);
    assert_eq!(mapped("map s0 v2+3 rw\nfork s0 s1\nexit s1\n"), [vec![2, 3, 4], vec![]]);
}

#[test]
fn slots_and_spaces_are_in_use_from_what_fills_them_to_what_ends_them() {
    let used = |lines: &str, field| {
        let state = after(lines);
        (0..4).filter(|&number| state.used[field as usize] >> number & 1 == 1).collect::<Vec<_>>()
    };
    assert_eq!(used("map s0 v0+8 rw\npin k1 s0 v0\npin k2 s0 v1\nunpin k1\n", Field::Pin), [2]);
    assert_eq!(used("pin k1 s0 v0\n", Field::Pin), [0; 0], "there is nothing to pin");
    assert_eq!(used("alloc b3 0\nsplit b3\n", Field::Block), [3]);
    assert_eq!(used("alloc b3 0\nfree b3\n", Field::Block), [0; 0]);
    assert_eq!(used("fork s0 s2\nfork s0 s1\nexit s2\n", Field::Space), [0, 1]);
    assert_eq!(used("exit s0\n", Field::Space), [0], "the first space always lives");
}

#[test]
fn what_cannot_work_changes_nothing() {
    let open = |lines: &str, space| {
        let state = after(lines);
        (0..8).filter(|&page| state.run((space, page), Want::Open) > 0).collect::<Vec<_>>()
    };
    assert_eq!(open("map s0 v2+3 none\nmap s0 v1+3 rw\n", 0), [0; 0], "there is something already");
    assert_eq!(open("map s1 v2+3 rw\n", 1), [0; 0], "the space is dead");
    assert_eq!(open("map s0 v0+2 none\nmap s0 v3 none\nprotect s0 v0+4 rw\n", 0), [0, 1], "it stops at a gap");
    assert_eq!(open("map s0 v0+4 rw\nmove s0 v0+2 v1\n", 0), [0, 1, 2, 3], "it would overlap itself");
    assert_eq!(open("map s0 v0 rw\nfork s0 s1\nunmap s0 v0\nfork s0 s1\n", 1), [0], "the child lives already");
}

#[test]
fn the_next_phase_follows_and_a_property_is_set_back_once() {
    let next = |lines: &str| after(lines).next_phase().map(|(kind, slot)| (kind.row().word, slot));
    let setup = "map s0 v1+2 rw\nsetup t2 s0 v1 to d0\n";
    assert_eq!(next("map s0 v1 rw\n"), None);
    assert_eq!(next(setup), Some(("copy", 2)));
    assert_eq!(next(&format!("{setup}copy t2 0\n")), Some(("pages", 2)));
    assert_eq!(next(&format!("{setup}copy t2 0\npages t2\n")), Some(("finalize", 2)));
    assert_eq!(next(&format!("{setup}copy t2 0\npages t2\nfinalize t2\n")), None);
    assert_eq!(next("map s0 v1 rw\npin k1 s0 v1\nalloc b0 1\n"), None, "they have no phases");
    let again = |lines: &str| after(lines).again().map(|(kind, place)| (kind.row().word, place));
    let down = "map s0 v1+3 rw\nprotect s0 v2 r\nread s0 v1\n";
    let set_back = |lines: &str| after(lines).set_back().map(|(kind, place)| (kind.row().word, place));
    assert_eq!(set_back(down), Some(("protect", (0, 2))));
    assert_eq!(set_back(&format!("{down}protect s0 v2 rw\n")), None);
    assert_eq!(again(&format!("{down}protect s0 v2 rw\n")), Some(("read", (0, 2))));
    assert_eq!(after(&format!("{setup}read s0 v2\ncopy t2 0\n")).named(0), Some((0, 1)), "what the slot is about");
    assert_eq!(after("map s0 v1+2 rw\npin k0 s0 v2\nread s0 v1\nfork s0 s2\n").named(0), Some((2, 2)));
}

#[test]
fn picks_are_made_among_what_there_is() {
    let state = after("map s0 v6+2 rw\ncollect t1 d0\n");
    let mut random = Random::new(1, 1);
    for _ in 0..20 {
        assert_eq!(state.used(Field::Transaction, 0, &mut random), Some(1));
        assert_ne!(state.unused(Field::Transaction, 4, &mut random), Some(1));
        assert!(state.page(0, 8, Want::Mapped, &mut random).is_some_and(|page| page >= 6));
        assert!(state.page(0, 8, Want::Unmapped, &mut random).is_some_and(|page| page < 6));
    }
    assert_eq!(state.used(Field::Space, 1, &mut random), None, "no space but the first");
    assert!(state.is_full(Field::Space, 1) && !state.is_full(Field::Space, 2) && state.is_empty(Field::Space));
}

#[test]
fn what_a_slot_has_is_special_and_so_is_its_copy() {
    let special = |lines: &str| after(lines).special();
    assert_eq!(special("map s0 v1+2 rw\nwrite s0 v1 #1\n"), None);
    assert_eq!(special("map s0 v1+2 rw\npin k0 s0 v2\n"), Some((0, 2)));
    assert_eq!(special("map s0 v1+2 rw\npin k0 s0 v2\nfork s0 s1\n"), Some((1, 2)));
    assert_eq!(special("map s0 v1+2 rw\npin k0 s0 v2\nfork s0 s1\nfork s0 s2\n"), Some((1, 2)));
    assert_eq!(special("map s0 v1+2 rw\nmigrate s0 v1 to d0\nread s0 v2\ncollect t0 d0\n"), Some((0, 1)));
}

#[test]
fn spaces_behind_a_word_of_them_are_filled_in_turn() {
    let forks: String = (1..66).map(|child| format!("fork s0 s{child}\n")).collect();
    let trace = Trace::parse(&format!("machine ram=4 spaces=67 pages=1\n{forks}")).expect("a good text");
    let (mut state, mut random) = (GeneratorState::new(), Random::new(1, 1));
    for (operation, next) in trace.operations().zip(2..) {
        state.note(&operation);
        let child = state.unused(Field::Space, 67, &mut random);
        assert!(if next < 64 { child.is_some_and(|child| child < 64) } else { child == Some(next) });
    }
    assert!(state.is_full(Field::Space, 66) && !state.is_full(Field::Space, 67));
}
