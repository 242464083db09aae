//! What can make a difference to what happens next makes a complete state of its own; names without meaning make none.

use alloc::format;
use alloc::vec::Vec;

use stalemap_operations::{CompleteState, Explorable as _, Stamp, Subject as _, Trace};

use crate::implementation::Implementation;

/// A machine with two devices, pages in groups of two, and four spaces of eight pages.
const START: &str = "machine ram=8 device=4,4 spaces=4 pages=8 rules=linux-7.3 huge=1";

/// A page that two spaces share.
const SHARED: &str = "map s0 v0+2 rw; write s0 v0 #1; fork s0 s1";

/// A huge entry of each of two spaces that lead to one large folio.
const LARGE: &str = "map s0 v0+4 rw; advise s0 v0+4 huge; write s0 v0 #1; fork s0 s1";

/// Two pages of one index and one anon_vma, one for each space, both found as if shared: then both go away and come back.
const ALIKE: &str = "map s0 v0 rw; write s0 v0 #1; fork s0 s1; write s0 v0 #2; fork s0 s2; exit s2";

/// A machine of two devices after these operations, which balances.
pub(crate) fn after(sequence: &str) -> Implementation {
    let trace = Trace::parse(&format!("{START}; {sequence}").replace("; ", "\n"));
    let trace = trace.unwrap_or_else(|error| panic!("{sequence}: {error}"));
    let mut implementation = Implementation::new(&trace.machine);
    for operation in trace.operations() {
        implementation.apply(operation);
    }
    assert_eq!(implementation.validate(), Ok(()), "{sequence}");
    implementation
}

/// What comes first, and sequences that lead from there to a state of its own each.
const APART: &[(&str, &[&str])] = &[
    // Spaces, places, regions, access, advice.
    (
        "map s0 v0+2 rw",
        &[
            "discard s0 v0",
            "unmap s0 v1",
            "unmap s0 v0",
            "map s0 v2 rw",
            "map s0 v3 rw",
            "unmap s0 v1; map s0 v1 rw",
            "protect s0 v0+2 r",
            "protect s0 v0+2 none",
            "protect s0 v1 r",
            "advise s0 v0+2 huge",
            "advise s0 v0+2 nohuge",
            "advise s0 v0 huge",
            "fork s0 s1",
            "fork s0 s2",
            "fork s0 s1; unmap s1 v0+2",
            "move s0 v0 v4",
            "unmap s0 v0; map s0 v4 rw",
            "move s0 v0+2 v4",
            "unmap s0 v0+2; map s0 v4+2 rw",
            "move s0 v0 v4; move s0 v4 v0",
        ],
    ),
    // Entries, and pages with their stamps, places and counts.
    (
        "map s0 v0+2 rw",
        &[
            "read s0 v0",
            "write s0 v0 #1",
            "write s0 v1 #1",
            "write s0 v0 #1; write s0 v1 #1",
            "write s0 v0 #1; write s0 v1 #2",
            "write s0 v1 #1; write s0 v0 #2",
            "write s0 v0 #1; discard s0 v0",
            "write s0 v0 #0",
            "write s0 v0 #1; protect s0 v0 r",
            "write s0 v0 #1; fork s0 s1; exit s1; protect s0 v0 r",
            "write s0 v0 #1; fork s0 s1; exit s1",
            "write s0 v0 #1; hold h0 s0 v0; setup t0 s0 v0 to d0; finalize t0",
            "write s0 v0 #1; hold h0 s0 v0",
            "write s0 v0 #1; hold h0 s0 v0; setup t0 s0 v0 to d0; finalize t0; release h0",
            "write s0 v0 #1; pin k0 s0 v0",
            "write s0 v0 #1; pin k1 s0 v0",
            "write s0 v0 #1; pin k0 s0 v0; pin k1 s0 v0",
            "write s0 v0 #1; migrate s0 v0 to d0",
            "write s0 v0 #1; migrate s0 v0 to d0; protect s0 v0 r",
            "write s0 v0 #1; migrate s0 v0 to d1",
            "write s0 v0 #1; protect s0 v0 r; setup t0 s0 v0 to d0",
            "write s0 v0 #1; setup t0 s0 v0 to d0",
            "write s0 v0 #1; fork s0 s1; exit s1; setup t0 s0 v0 to d0",
            "write s0 v0 #1; move s0 v0 v4",
            "write s0 v0 #1; move s0 v0 v4; move s0 v4 v0",
        ],
    ),
    // What the reverse map goes by.
    (
        SHARED,
        &[
            "read s0 v0",
            "write s0 v0 #2",
            "write s1 v0 #2",
            "write s0 v0 #2; write s1 v0 #1",
            "write s1 v0 #2; write s0 v0 #1",
            "fork s0 s2",
            "fork s0 s2; exit s1",
            "fork s0 s2; fork s0 s3",
            "fork s0 s3; fork s0 s2",
            "unmap s0 v0",
            "unmap s0 v0+2",
            "unmap s1 v0",
            "unmap s1 v1",
            "discard s1 v0",
            "discard s0 v0; write s0 v0 #1",
            "exit s1",
            "move s1 v0 v4",
            "migrate s0 v0 to d0",
            "migrate s0 v0 to d0; write s1 v0 #2",
        ],
    ),
    (
        "map s0 v0+2 rw",
        &[
            "fork s0 s1; write s0 v0 #1; write s1 v0 #2",
            "write s0 v0 #1; fork s0 s1; write s1 v0 #2; write s0 v0 #1",
            "fork s0 s1; write s1 v0 #1; write s0 v0 #2",
        ],
    ),
    (
        ALIKE,
        &[
            "migrate s0 v0 to d0; migrate s1 v0 to d0; device_read d1 s0 v0; device_read d1 s1 v0",
            "migrate s1 v0 to d0; migrate s0 v0 to d0; device_read d1 s1 v0; device_read d1 s0 v0",
            "migrate s0 v0 to d0; migrate s1 v0 to d0",
            "migrate s1 v0 to d0; migrate s0 v0 to d0",
            "migrate s0 v0 to d0; migrate s1 v0 to d0; setup t0 s0 v0 from d0; setup t1 s1 v0 from d0",
            "migrate s1 v0 to d0; migrate s0 v0 to d0; setup t0 s0 v0 from d0; setup t1 s1 v0 from d0",
        ],
    ),
    // Of two pages that only a fork's child has, the first or the second is of the parent.
    (
        "map s0 v0+2 rw",
        &[
            "write s0 v0 #1; fork s0 s1; unmap s0 v0+2; write s1 v1 #2; fork s1 s2; exit s2; \
             migrate s1 v0 to d0; migrate s1 v1 to d0; read s1 v0; read s1 v1",
            "write s0 v1 #1; fork s0 s1; unmap s0 v0+2; write s1 v0 #2; fork s1 s2; exit s2; \
             migrate s1 v0 to d0; migrate s1 v1 to d0; read s1 v0; read s1 v1",
        ],
    ),
    // Large folios.
    (
        LARGE,
        &[
            "read s0 v0",
            "protect s0 v0 r; protect s0 v0 rw",
            "protect s1 v0 r; protect s1 v0 rw",
            "protect s0 v0 r; protect s0 v0 rw; protect s1 v0 r; protect s1 v0 rw",
            "discard s1 v0",
            "discard s1 v1",
            "discard s1 v0+2",
            "discard s0 v0",
            "exit s1",
            "exit s1; write s0 v0 #1",
            "exit s1; split_folio s0 v0",
            "exit s1; discard s0 v0",
            "exit s1; discard s0 v1",
            "exit s1; discard s0 v1; protect s0 v0 r",
            "exit s1; migrate s0 v0+2 to d0",
            "exit s1; migrate s0 v0 to d0",
            "exit s1; setup t0 s0 v0+2 to d0",
            "exit s1; setup t0 s0 v0+2 to d0; copy t0 0",
            "exit s1; setup t0 s0 v0+2 to d0; copy t0 1",
            "exit s1; setup t0 s0 v0 to d0",
            "exit s1; setup t0 s0 v1 to d0",
            "exit s1; setup t0 s0 v2+2 to d0",
            "exit s1; setup t0 s0 v2 to d0; setup t1 s0 v3 to d0",
            "write s1 v0 #2",
            "write s1 v1 #2",
            "hold h0 s0 v0",
            "hold h0 s0 v1",
            "hold h0 s0 v0; exit s1; unmap s0 v0",
            "write s0 v2 #1",
        ],
    ),
    // Free frames.
    (
        "map s0 v0+8 rw",
        &[
            "alloc b0 0",
            "alloc b0 1",
            "alloc b0 2",
            "alloc b1 0",
            "alloc b0 1; split b0",
            "alloc b0 1; split b0; free b0",
            "alloc b0 0; alloc b1 0; free b0",
            "alloc b0 0; alloc b1 0; free b0; free b1",
            "alloc b0 0; alloc b1 0; free b1; free b0",
            "alloc b0 0; alloc b1 0; alloc b2 0; free b1; free b2; free b0",
            "alloc b0 0; alloc b1 0; alloc b2 0; free b2; free b1; free b0",
            "alloc b0 1; alloc b1 1; free b0",
            "migrate s0 v0+4 to d0; discard s0 v0+2; discard s0 v2+2",
            "migrate s0 v0+4 to d0; discard s0 v2+2; discard s0 v0+2",
            "advise s0 v0+4 huge; migrate s0 v0+4 to d0; unmap s0 v0+2; unmap s0 v2+2; map s0 v0+4 rw",
            "advise s0 v0+4 huge; migrate s0 v0+4 to d0; unmap s0 v2+2; unmap s0 v0+2; map s0 v0+4 rw",
            "advise s0 v0+4 huge; migrate s0 v0+2 to d0; unmap s0 v0+2; map s0 v0+2 rw",
        ],
    ),
    // Transactions.
    (
        "map s0 v0+2 rw; write s0 v0 #1; migrate s0 v0 to d0; fork s0 s1",
        &[
            "setup t0 s0 v0 to d0",
            "setup t0 s0 v0 to d1",
            "setup t0 s0 v0 from d0",
            "setup t0 s0 v0 from d1",
            "setup t0 s1 v0 to d0",
            "setup t0 s1 v0 to d1",
            "setup t1 s0 v0 to d0",
            "collect t0 d0",
            "collect t0 d1",
            "collect t0 d0; copy t0 0",
            "collect t0 d0; copy t0 0; pages t0",
            "setup t0 s0 v1 to d0",
            "setup t0 s0 v1 to d1",
            "setup t0 s0 v1 to d1; copy t0 0",
            "setup t0 s0 v1 to d1; copy t0 1",
            "setup t0 s0 v1 to d1; copy t0 0; pages t0",
            "setup t0 s0 v1 to d1; copy t0 1; pages t0",
            "setup t0 s0 v0+2 to d1",
            "setup t0 s0 v0+2 from d0; copy t0 0",
            "setup t0 s0 v0+2 from d0; copy t0 0; pages t0",
            "setup t0 s0 v1 to d0; setup t1 s0 v1 to d0",
        ],
    ),
    (
        "map s0 v0+4 rw; map s0 v4+4 rw; write s0 v1 #1; write s0 v2 #1",
        &[
            "setup t0 s0 v0+2 to d0",
            "setup t0 s0 v0+3 to d0",
            "setup t0 s0 v1+2 to d0",
            "setup t0 s0 v1+2 to d0; copy t0 1",
            "setup t0 s0 v1+2 to d0; copy t0 2",
            "setup t0 s0 v1+2 to d0; copy t0 0",
            "setup t0 s0 v1+2 to d0; copy t0 0; pages t0",
            "setup t0 s0 v0 to d0",
            "setup t0 s0 v3 to d0",
            "setup t0 s0 v4 to d0",
            "setup t0 s0 v5 to d0",
            "setup t0 s0 v4 to d0; setup t1 s0 v5 to d0; copy t0 0; copy t1 0",
            "setup t0 s0 v4 to d0; setup t1 s0 v5 to d0; copy t1 0; copy t0 0",
        ],
    ),
    // A large folio on its way to a device that has no run of frames, only single ones.
    (
        "map s0 v0+8 rw; write s0 v4 #1; write s0 v5 #2; write s0 v6 #3; migrate s0 v4+3 to d0; discard s0 v4; \
         advise s0 v0+4 huge; write s0 v0 #1",
        &[
            "setup t0 s0 v0+2 to d0",
            "setup t0 s0 v0+2 to d0; copy t0 1",
            "setup t0 s0 v0+2 to d0; copy t0 0",
            "setup t0 s0 v0+2 to d0; copy t0 0; pages t0",
            "setup t0 s0 v0+2 to d0; copy t0 0; finalize t0",
            "setup t0 s0 v0+2 to d0; copy t0 0; pages t0; finalize t0",
        ],
    ),
    // Slots.
    (
        "map s0 v0+2 rw; write s0 v0 #1; write s0 v1 #2",
        &[
            "pin k0 s0 v0; pin k1 s0 v1",
            "pin k1 s0 v0; pin k0 s0 v1",
            "hold h0 s0 v0; hold h1 s0 v1",
            "hold h1 s0 v0; hold h0 s0 v1",
            "hold h0 s0 v0; hold h1 s0 v0",
        ],
    ),
];

/// Sequences that lead to one state, since they differ in names without meaning or in nothing.
const ALIKE_AFTER: &[(&str, &str)] = &[
    ("map s0 v0+2 rw; write s0 v0 #1", "map s0 v0+2 rw; write s0 v0 #7"),
    ("map s0 v0+2 rw; write s0 v0 #1; write s0 v1 #2", "map s0 v0+2 rw; write s0 v0 #2; write s0 v1 #1"),
    (
        "map s0 v0+2 rw; write s0 v0 #3; write s0 v1 #3",
        "map s0 v0+2 rw; write s0 v0 #1; write s0 v1 #2; write s0 v1 #1",
    ),
    ("map s0 v0 rw; unmap s0 v0; map s0 v0 rw", "map s0 v0 rw"),
    ("map s0 v0 rw; write s0 v0 #1; fork s0 s1; fork s0 s2", "map s0 v0 rw; write s0 v0 #1; fork s0 s1; fork s1 s2"),
    ("map s0 v0 rw; write s0 v0 #1; move s0 v0 v5; move s0 v5 v4", "map s0 v0 rw; write s0 v0 #1; move s0 v0 v4"),
    ("map s0 v0 rw; map s0 v1 rw", "map s0 v1 rw; map s0 v0 rw"),
    ("map s0 v0 rw; write s0 v0 #1; fork s0 s1; fork s0 s2; exit s2", "map s0 v0 rw; write s0 v0 #1; fork s0 s1"),
    ("map s0 v0 rw; write s0 v0 #1; unmap s0 v0; map s0 v0 rw; write s0 v0 #1", "map s0 v0 rw; write s0 v0 #2"),
];

#[test]
fn what_can_make_a_difference_makes_a_state_of_its_own() {
    let mut same = Vec::new();
    for (before, ways) in APART {
        let states: Vec<CompleteState> =
            ways.iter().map(|way| after(&format!("{before}; {way}")).complete_state()).collect();
        for (index, state) in states.iter().enumerate() {
            if let Some(other) = states[..index].iter().position(|other| other == state) {
                same.push((*before, ways[other], ways[index]));
            }
        }
    }
    assert_eq!(same, [], "after the first, the second and the third lead to one state");
}

#[test]
fn names_without_meaning_make_no_difference() {
    for (one, other) in ALIKE_AFTER {
        assert_eq!(after(one).complete_state(), after(other).complete_state(), "after `{one}` and `{other}`");
    }
}

#[test]
fn the_subject_tells_its_states_apart() {
    let implementation = after("map s0 v0 rw; write s0 v0 #1");
    let told = implementation.explorable().map(|it| it.complete_state());
    assert_eq!((implementation.name(), told), ("implementation", Some(implementation.complete_state())));
}

#[test]
fn the_lowest_stamp_that_no_frame_has_is_unused() {
    for (sequence, expected) in [
        ("map s0 v0 rw", 1),
        ("map s0 v0 rw; write s0 v0 #2", 1),
        ("map s0 v0+2 rw; write s0 v0 #1; write s0 v1 #2", 3),
        ("map s0 v0+2 rw; write s0 v0 #1; write s0 v1 #3", 2),
    ] {
        assert_eq!(after(sequence).unused_stamp(), Stamp(expected), "{sequence}");
    }
}
