//! Situations: the abstract state of a place is what its words say, each has a number of its own, and those that what is
//! always true rules out are known.

use std::collections::BTreeSet;

use stalemap_operations::{Home, Outcome, Place, Space, Subject, Trace, VirtualPage};
use stalemap_reference::{Model, Situation};

const START: &str = "machine ram=8 device=2,2 spaces=3 pages=8";
const HUGE: &str =
    "machine ram=8 device=2,2 spaces=3 pages=8 huge=1 rules=linux-7.3\nmap s0 v0+2 rw\nadvise s0 v0+2 huge";

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

/// The same on a machine with huge pages, where a group is mapped and advised.
const LARGE: &[(&str, &str)] = &[
    ("protect s0 v0+2 r", "r, hole that a large folio may fill"),
    ("protect s0 v0 r", "r, hole"),
    ("advise s0 v0+2 nohuge; write s0 v0 #1", "rw, page in ram, writable, exclusive"),
    ("write s0 v0 #1", "rw, huge entry of a large folio in ram, writable, exclusive"),
    ("write s0 v0 #1; protect s0 v0+2 none", "none, huge entry of a large folio in ram, exclusive"),
    ("write s0 v0 #1; fork s0 s1", "rw, huge entry of a large folio in ram"),
    ("write s0 v0 #1; hold h0 s0 v1", "rw, huge entry of a large folio in ram, writable, exclusive, held"),
    ("write s0 v0 #1; pin k0 s0 v1", "rw, huge entry of a large folio in ram, writable, exclusive, pinned"),
    ("write s0 v0 #1; unmap s0 v1", "rw, small entry of a large folio in ram, writable, exclusive"),
    ("write s0 v0 #1; fork s0 s1; unmap s0 v1", "rw, small entry of a large folio in ram"),
    ("write s0 v0 #1; unmap s0 v1; protect s0 v0 r", "r, small entry of a large folio in ram, exclusive"),
    ("write s0 v0 #1; split_folio s0 v0", "rw, page in ram, writable, exclusive"),
    ("migrate s0 v0+2 to d1", "rw, huge entry of a large folio on a device, writable, exclusive"),
    ("migrate s0 v0+2 to d0; unmap s0 v1", "rw, small entry of a large folio on a device, writable, exclusive"),
    ("migrate s0 v0+2 to d0; fork s0 s1", "rw, huge entry of a large folio on a device"),
    ("migrate s0 v0+2 to d0; protect s0 v0+2 r", "r, huge entry of a large folio on a device, exclusive"),
    (
        "setup t0 s0 v0+2 to d0; copy t0 0; pages t0",
        "rw, huge entry of a large folio on a device, writable, exclusive, locked",
    ),
    (
        "protect s0 v0+2 r; setup t0 s0 v0+2 to d0; copy t0 0; pages t0",
        "r, huge entry of a large folio on a device, exclusive, locked",
    ),
    (
        "setup t0 s0 v0+2 to d0; copy t0 0; pages t0; discard s0 v1",
        "rw, small entry of a large folio on a device, writable, exclusive, locked",
    ),
    ("write s0 v0 #1; setup t0 s0 v0+2 to d0", "rw, huge migration entry of a large folio, writable"),
    ("write s0 v0 #1; fork s0 s1; setup t0 s0 v0+2 to d0", "rw, huge migration entry of a large folio"),
    ("write s0 v0 #1; setup t0 s0 v0+2 to d0; discard s0 v1", "rw, small migration entry of a large folio, writable"),
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
    (&["none", "r", "rw"], "small entry of a large folio in ram, pinned"),
    (&["none", "r", "rw"], "hole that a large folio may fill"),
];

/// The same of an entry of a large folio, which is small or huge.
const POSSIBLE_LARGE: &[(&[&str], &str)] = &[
    (&["none", "r", "rw"], "migration entry of a large folio"),
    (&["rw"], "migration entry of a large folio, writable"),
    (&["none", "r", "rw"], "entry of a large folio in ram"),
    (&["none", "r", "rw"], "entry of a large folio in ram, held"),
    (&["none", "r", "rw"], "entry of a large folio in ram, exclusive"),
    (&["none", "r", "rw"], "entry of a large folio in ram, exclusive, held"),
    (&["none", "r", "rw"], "entry of a large folio in ram, exclusive, pinned"),
    (&["rw"], "entry of a large folio in ram, writable, exclusive"),
    (&["rw"], "entry of a large folio in ram, writable, exclusive, held"),
    (&["rw"], "entry of a large folio in ram, writable, exclusive, pinned"),
    (&["none", "r", "rw"], "entry of a large folio on a device"),
    (&["none", "r", "rw"], "entry of a large folio on a device, exclusive"),
    (&["rw"], "entry of a large folio on a device, writable, exclusive"),
    (&["r"], "entry of a large folio on a device, exclusive, locked"),
    (&["rw"], "entry of a large folio on a device, writable, exclusive, locked"),
];

/// What is wrong with the situations.
pub(super) fn wrong() -> Vec<String> {
    let mut wrong = wrongly_possible();
    let small = SITUATIONS.iter().map(|row| (START, row));
    for (start, (sequence, expected)) in small.chain(LARGE.iter().map(|row| (HUGE, row))) {
        let situation = after(start, sequence);
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
    let small = 1 + 3 * (3 + 3 * 2 * 2 * 3 * 2);
    if Situation::SMALL != small || !all[..small].iter().all(|words| !words.contains("large")) {
        wrong.push(format!("the first {small} situations are not those of machines without huge pages"));
    }
    // With each access a hole; small and huge two migration entries, pages in RAM and on a device, of those two locked.
    let expected = small + 3 * (1 + 2 * (2 + 3 * 3 + 3 + 2));
    if [all.len(), distinct.len(), Situation::COUNT] != [expected; 3] {
        wrong.push(format!("of {expected} situations {} are listed, {} of them distinct", all.len(), distinct.len()));
    }
    wrong
}

/// Those that are possible and should not be, or should be and are not.
fn wrongly_possible() -> Vec<String> {
    let words = POSSIBLE.iter().flat_map(|(accesses, entry)| accesses.iter().map(move |it| format!("{it}, {entry}")));
    let entries = POSSIBLE_LARGE.iter().flat_map(|row| ["small", "huge"].map(|size| (size, row)));
    let large =
        entries.flat_map(|(size, (accesses, entry))| accesses.iter().map(move |it| format!("{it}, {size} {entry}")));
    let expected: BTreeSet<String> = words.chain(large).chain(["unmapped".to_owned()]).collect();
    let possible: BTreeSet<String> = Situation::all().filter(|it| it.is_possible()).map(Situation::words).collect();
    expected.symmetric_difference(&possible).map(|it| format!("whether \"{it}\" is possible is mistaken")).collect()
}

/// The situation of `s0 v0` after a sequence of operations.
fn after(start: &str, sequence: &str) -> Situation {
    let trace = Trace::parse(&format!("{start}\n{}", sequence.replace("; ", "\n")));
    let trace = trace.unwrap_or_else(|error| panic!("{sequence}: {error}"));
    let mut model = Model::new(trace.machine, Home::ALL.map(|home| trace.machine.frames(home)));
    for operation in trace.operations() {
        let outcome = model.apply(operation);
        assert!(matches!(outcome, Outcome::Done(_)), "{sequence}: {operation} = {outcome}");
    }
    model.situation(Place { space: Space(0), page: VirtualPage(0) })
}
