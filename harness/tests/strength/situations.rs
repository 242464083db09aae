//! Situations: the abstract state of a place is what its words say, each has a number of its own, and those that what is
//! always true rules out are known.

use std::collections::BTreeSet;

use stalemap_operations::{Home, Outcome, Place, Space, Subject, Trace, VirtualPage};
use stalemap_reference::{Model, Situation};

const START: &str = "machine ram=8 device=2,2 spaces=3 pages=8";

/// What was done, and the situation of `s0 v0` after it.
const SITUATIONS: &[(&str, &str)] = &[
    ("map s0 v1 rw", "unmapped"),
    ("map s0 v0 none", "none, hole"),
    ("map s0 v0 r", "r, hole"),
    ("map s0 v0 rw", "rw, hole"),
    ("map s0 v0 rw; write s0 v0 #1", "rw, page in ram, writable, exclusive"),
    ("map s0 v0 rw; write s0 v0 #1; protect s0 v0 r", "r, page in ram, exclusive"),
    ("map s0 v0 rw; write s0 v0 #1; protect s0 v0 none", "none, page in ram, exclusive"),
    ("map s0 v0 rw; write s0 v0 #1; fork s0 s1", "rw, page in ram"),
    ("map s0 v0 rw; write s0 v0 #1; fork s0 s1; protect s0 v0 none", "none, page in ram"),
    ("map s0 v0 rw; write s0 v0 #1; hold h0 s0 v0", "rw, page in ram, writable, exclusive, held"),
    ("map s0 v0 rw; write s0 v0 #1; fork s0 s1; hold h0 s0 v0", "rw, page in ram, held"),
    ("map s0 v0 rw; pin k0 s0 v0", "rw, page in ram, writable, exclusive, pinned"),
    ("map s0 v0 rw; pin k0 s0 v0; hold h0 s0 v0", "rw, page in ram, writable, exclusive, pinned"),
    ("map s0 v0 rw; pin k0 s0 v0; protect s0 v0 r", "r, page in ram, exclusive, pinned"),
    ("map s0 v0 rw; migrate s0 v0 to d0", "rw, page on dev0, writable, exclusive"),
    ("map s0 v0 rw; migrate s0 v0 to d1", "rw, page on dev1, writable, exclusive"),
    ("map s0 v0 r; migrate s0 v0 to d0", "r, page on dev0, exclusive"),
    ("map s0 v0 rw; migrate s0 v0 to d1; fork s0 s1", "rw, page on dev1"),
    ("map s0 v0 rw; setup t0 s0 v0 to d0; copy t0 0; pages t0", "rw, page on dev0, writable, exclusive, locked"),
    ("map s0 v0 rw; setup t0 s0 v0 to d1; copy t0 0; pages t0", "rw, page on dev1, writable, exclusive, locked"),
    ("map s0 v0 r; setup t0 s0 v0 to d0; copy t0 0; pages t0", "r, page on dev0, exclusive, locked"),
    ("map s0 v0 rw; write s0 v0 #1; setup t0 s0 v0 to d0", "rw, migration entry, writable"),
    ("map s0 v0 rw; write s0 v0 #1; fork s0 s1; setup t0 s1 v0 to d0", "rw, migration entry"),
    ("map s0 v0 r; migrate s0 v0 to d0; collect t0 d0", "r, migration entry"),
];

/// Accesses, and an entry that a place with one of them can have: all that what is always true leaves.
const POSSIBLE: &[(&[&str], &str)] = &[
    (&["none", "r", "rw"], "hole"),
    (&["none", "r", "rw"], "migration entry"),
    (&["rw"], "migration entry, writable"),
    (&["none", "r", "rw"], "page in ram"),
    (&["none", "r", "rw"], "page in ram, held"),
    (&["none", "r", "rw"], "page in ram, exclusive"),
    (&["none", "r", "rw"], "page in ram, exclusive, held"),
    (&["none", "r", "rw"], "page in ram, exclusive, pinned"),
    (&["rw"], "page in ram, writable, exclusive"),
    (&["rw"], "page in ram, writable, exclusive, held"),
    (&["rw"], "page in ram, writable, exclusive, pinned"),
    (&["none", "r", "rw"], "page on dev0"),
    (&["none", "r", "rw"], "page on dev0, exclusive"),
    (&["r"], "page on dev0, exclusive, locked"),
    (&["rw"], "page on dev0, writable, exclusive"),
    (&["rw"], "page on dev0, writable, exclusive, locked"),
    (&["none", "r", "rw"], "page on dev1"),
    (&["none", "r", "rw"], "page on dev1, exclusive"),
    (&["r"], "page on dev1, exclusive, locked"),
    (&["rw"], "page on dev1, writable, exclusive"),
    (&["rw"], "page on dev1, writable, exclusive, locked"),
];

/// What is wrong with the situations.
pub(super) fn wrong() -> Vec<String> {
    let mut wrong = wrongly_possible();
    for (sequence, expected) in SITUATIONS {
        let situation = after(sequence);
        if situation.words() != *expected {
            wrong.push(format!("`{sequence}` leads to \"{}\" and not to \"{expected}\"", situation.words()));
        }
        if Situation::all().nth(situation.index()) != Some(situation) {
            wrong.push(format!("the number of \"{expected}\" is not its place in the list"));
        }
    }
    let all: Vec<String> = Situation::all().map(Situation::words).collect();
    let distinct: BTreeSet<&String> = all.iter().collect();
    // Unmapped; with each access a hole, two migration entries, and pages at three homes.
    let expected = 1 + 3 * (3 + 3 * 2 * 2 * 3 * 2);
    if [all.len(), distinct.len(), Situation::COUNT] != [expected; 3] {
        wrong.push(format!("of {expected} situations {} are listed, {} of them distinct", all.len(), distinct.len()));
    }
    wrong
}

/// Those that are possible and should not be, or should be and are not.
fn wrongly_possible() -> Vec<String> {
    let words = POSSIBLE.iter().flat_map(|(accesses, entry)| accesses.iter().map(move |it| format!("{it}, {entry}")));
    let expected: BTreeSet<String> = words.chain(["unmapped".to_owned()]).collect();
    let possible: BTreeSet<String> = Situation::all().filter(|it| it.is_possible()).map(Situation::words).collect();
    expected.symmetric_difference(&possible).map(|it| format!("whether \"{it}\" is possible is mistaken")).collect()
}

/// The situation of `s0 v0` after a sequence of operations.
fn after(sequence: &str) -> Situation {
    let trace = Trace::parse(&format!("{START}\n{}", sequence.replace("; ", "\n")));
    let trace = trace.unwrap_or_else(|error| panic!("{sequence}: {error}"));
    let mut model = Model::new(trace.machine, Home::ALL.map(|home| trace.machine.frames(home)));
    for operation in trace.operations() {
        let outcome = model.apply(operation);
        assert!(matches!(outcome, Outcome::Done(_)), "{sequence}: {operation} = {outcome}");
    }
    model.situation(Place { space: Space(0), page: VirtualPage(0) })
}
