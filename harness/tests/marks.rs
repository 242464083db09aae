//! The marks: for each rule a sequence that meets it, and one beside it that does not.

use stalemap_harness::{Compare, Driver};
use stalemap_implementation::Implementation;
use stalemap_operations::{Machine, Trace};
use stalemap_reference::MARKS;

/// The machine and the mapping that most sequences begin with: four frames of RAM, two on each device.
const START: &str = "machine ram=4 device=2,2 spaces=3 pages=8; map s0 v0+4 rw";
const START_6_1: &str = "machine ram=4 device=2 spaces=3 pages=8 rules=linux-6.1; map s0 v0+4 rw";

/// Mark, a sequence that meets it once, and one that nearly meets it.
const SEQUENCES: &[(&str, &str, &str)] = &[
    (
        "RAM full at fault back",
        "migrate s0 v0 to d0; alloc b0 2; read s0 v0",
        "migrate s0 v0 to d0; alloc b0 1; read s0 v0",
    ),
    (
        "a block refused although enough frames are free",
        "alloc b0 0; alloc b1 0; alloc b2 0; alloc b3 0; free b1; free b2; alloc b4 1",
        "alloc b0 0; alloc b1 0; alloc b2 0; alloc b3 0; free b2; alloc b4 1",
    ),
    (
        "access to a page that its transaction has locked",
        "setup t0 s0 v0 to d0; copy t0 0; pages t0; read s0 v0",
        "setup t0 s0 v0 to d0; copy t0 0; pages t0; finalize t0; read s0 v0",
    ),
    (
        "collected page moves although nobody maps it any more",
        "write s0 v0 #1; setup t0 s0 v0 to d0; discard s0 v0; copy t0 0; pages t0",
        "write s0 v0 #1; setup t0 s0 v0 to d0; copy t0 0; pages t0",
    ),
    (
        "collected pages that RAM cannot take",
        "migrate s0 v0 to d0; collect t0 d0; alloc b0 2; copy t0 0",
        "migrate s0 v0 to d0; collect t0 d0; alloc b0 1; alloc b1 0; copy t0 0",
    ),
    (
        "copy on write",
        "write s0 v0 #1; fork s0 s1; write s0 v0 #2",
        "write s0 v0 #1; fork s0 s1; exit s1; write s0 v0 #2",
    ),
    (
        "copy on write of a held page",
        "write s0 v0 #1; fork s0 s1; hold h0 s0 v0; write s0 v0 #2",
        "write s0 v0 #1; fork s0 s1; write s0 v0 #2",
    ),
    (
        "copy on write that finds no frame",
        "write s0 v0 #1; fork s0 s1; alloc b0 1; alloc b1 0; write s0 v0 #2",
        "write s0 v0 #1; fork s0 s1; alloc b0 1; write s0 v0 #2",
    ),
    (
        "device access to a migration entry",
        "write s0 v0 #1; setup t0 s0 v0 to d0; device_read d0 s0 v0",
        "write s0 v0 #1; setup t0 s0 v0 to d0; finalize t0; device_read d0 s0 v0",
    ),
    (
        "device access to a migration entry",
        "write s0 v0 #1; setup t0 s0 v0 to d0; device_write d0 s0 v0 #2",
        "write s0 v0 #1; setup t0 s0 v0 to d0; read s0 v0",
    ),
    (
        "device access to another device's page",
        "migrate s0 v0 to d0; device_read d1 s0 v0",
        "migrate s0 v0 to d0; device_read d0 s0 v0; write s0 v1 #1; device_read d0 s0 v1",
    ),
    (
        "device access to its own page in place",
        "migrate s0 v0 to d0; device_read d0 s0 v0",
        "migrate s0 v0 to d0; device_read d1 s0 v0",
    ),
    (
        "device access to its own page while its transaction has it locked",
        "setup t0 s0 v0 to d0; copy t0 0; pages t0; device_read d0 s0 v0",
        "setup t0 s0 v0 to d0; copy t0 0; pages t0; finalize t0; device_read d0 s0 v0",
    ),
    (
        "device write to its own page without the writable bit",
        "migrate s0 v0 to d0; fork s0 s1; device_write d0 s0 v0 #1",
        "migrate s0 v0 to d0; device_write d0 s0 v0 #1",
    ),
    (
        "discard in a locked space",
        "setup t0 s0 v0 to d0; discard s0 v1",
        "setup t0 s0 v0 to d0; finalize t0; discard s0 v1",
    ),
    (
        "discard of a page that its transaction has locked",
        "setup t0 s0 v0 to d0; copy t0 0; pages t0; discard s0 v0",
        "setup t0 s0 v0 to d0; copy t0 0; pages t0; finalize t0; discard s0 v0",
    ),
    ("discard that is refused although it removed entries", "write s0 v3 #1; discard s0 v3+2", "discard s0 v3+2"),
    (
        "eviction of a shared page",
        "migrate s0 v0 to d0; fork s0 s1; evict d0",
        "migrate s0 v0 to d0; fork s0 s1; exit s1; evict d0",
    ),
    ("fault back", "migrate s0 v0 to d0; read s0 v0", "migrate s0 v0 to d0; fork s0 s1; read s0 v0"),
    ("fault back of a shared page", "migrate s0 v0 to d0; fork s0 s1; read s0 v0", "migrate s0 v0 to d0; read s0 v0"),
    ("fork of a device page", "migrate s0 v0 to d0; fork s0 s1", "write s0 v0 #1; fork s0 s1"),
    ("fork of a held page", "write s0 v0 #1; hold h0 s0 v0; fork s0 s1", "write s0 v0 #1; fork s0 s1"),
    (
        "fork of a migration entry",
        "migrate s0 v0 to d0; collect t0 d0; fork s0 s1",
        "migrate s0 v0 to d0; collect t0 d0; finalize t0; fork s0 s1",
    ),
    ("fork of a pinned page", "pin k0 s0 v0; fork s0 s1", "pin k0 s0 v0; unpin k0; fork s0 s1"),
    (
        "fork that finds no frame for a pinned page",
        "pin k0 s0 v0; alloc b0 1; alloc b1 0; fork s0 s1",
        "pin k0 s0 v0; alloc b0 1; fork s0 s1",
    ),
    ("free of one frame of a split block", "alloc b0 1; split b0; free b0", "alloc b0 1; free b0"),
    (
        "hold of a migration entry",
        "write s0 v0 #1; setup t0 s0 v0 to d0; hold h0 s0 v0",
        "write s0 v0 #1; setup t0 s0 v0 to d0; finalize t0; hold h0 s0 v0",
    ),
    ("hold of a shared page", "write s0 v0 #1; fork s0 s1; hold h0 s0 v0", "write s0 v0 #1; hold h0 s0 v0"),
    (
        "hole filled between setup and pages",
        "setup t0 s0 v0 to d0; write s0 v0 #1; copy t0 0; pages t0",
        "setup t0 s0 v0 to d0; write s0 v0 #1; discard s0 v0; copy t0 0; pages t0",
    ),
    (
        "hole filled in a locked space",
        "setup t0 s0 v0 to d0; write s0 v1 #1",
        "setup t0 s0 v0 to d0; finalize t0; write s0 v1 #1",
    ),
    (
        "hole that becomes a page on the device",
        "setup t0 s0 v0 to d0; copy t0 0; pages t0",
        "setup t0 s0 v0 to d0; copy t0 255; pages t0",
    ),
    (
        "migration in one step in a locked space",
        "setup t0 s0 v0 to d0; migrate s0 v1 to d0",
        "setup t0 s0 v0 to d0; finalize t0; migrate s0 v1 to d0",
    ),
    ("migration in one step without a frame", "migrate s0 v0+3 to d0", "migrate s0 v0+2 to d0"),
    (
        "migration of a shared page",
        "write s0 v0 #1; fork s0 s1; migrate s0 v0 to d0",
        "write s0 v0 #1; fork s0 s1; exit s1; migrate s0 v0 to d0",
    ),
    (
        "migration that is aborted",
        "setup t0 s0 v0 to d0; copy t0 0; finalize t0",
        "setup t0 s0 v0 to d0; copy t0 0; pages t0; finalize t0",
    ),
    (
        "migration that passes over a locked page",
        "setup t0 s0 v0 to d0; copy t0 0; pages t0; migrate s0 v0 from d0",
        "setup t0 s0 v0 to d0; copy t0 0; pages t0; finalize t0; migrate s0 v0 from d0",
    ),
    (
        "migration that passes over a migration entry",
        "write s0 v0 #1; setup t0 s0 v0 to d0; setup t1 s0 v0 to d0",
        "write s0 v0 #1; setup t0 s0 v0 to d0; finalize t0; setup t1 s0 v0 to d0",
    ),
    (
        "migration that passes over a page elsewhere",
        "migrate s0 v0 to d0; migrate s0 v0 to d1",
        "migrate s0 v0 to d0; migrate s0 v0 from d0; migrate s0 v0 to d1",
    ),
    (
        "migration that puts back a pinned or held page",
        "pin k0 s0 v0; migrate s0 v0 to d0",
        "pin k0 s0 v0; unpin k0; migrate s0 v0 to d0",
    ),
    (
        "migration that puts back a pinned or held page",
        "write s0 v0 #1; hold h0 s0 v0; migrate s0 v0 to d0",
        "write s0 v0 #1; hold h0 s0 v0; release h0; migrate s0 v0 to d0",
    ),
    ("migration that stops after pages have moved", "migrate s0 v3+2 to d0", "migrate s0 v4 to d0"),
    (
        "move of a migration entry",
        "migrate s0 v0 to d0; collect t0 d0; move s0 v0 v6",
        "migrate s0 v0 to d0; collect t0 d0; finalize t0; move s0 v0 v6",
    ),
    ("move that stops in the middle", "move s0 v3+2 v6", "move s0 v2+2 v6"),
    (
        "no frame left in the middle of a range",
        "setup t0 s0 v0+3 to d0; copy t0 0",
        "setup t0 s0 v0+2 to d0; copy t0 0",
    ),
    (
        "page that ends with its transaction",
        "write s0 v0 #1; setup t0 s0 v0 to d0; discard s0 v0; finalize t0",
        "write s0 v0 #1; setup t0 s0 v0 to d0; finalize t0",
    ),
    (
        "peek at a held page that nobody maps",
        "write s0 v0 #1; hold h0 s0 v0; unmap s0 v0; peek h0",
        "write s0 v0 #1; hold h0 s0 v0; peek h0",
    ),
    ("pin in a locked space", "setup t0 s0 v0 to d0; pin k0 s0 v1", "setup t0 s0 v0 to d0; finalize t0; pin k0 s0 v1"),
    (
        "protect of a migration entry",
        "migrate s0 v0 to d0; collect t0 d0; protect s0 v0 r",
        "migrate s0 v0 to d0; collect t0 d0; finalize t0; protect s0 v0 r",
    ),
    (
        "protect that sets the writable bit",
        "write s0 v0 #1; protect s0 v0 r; protect s0 v0 rw",
        "write s0 v0 #1; fork s0 s1; protect s0 v0 r; protect s0 v0 rw",
    ),
    (
        "protect to rw of a clean entry in dialect 6.1",
        "6.1; write s0 v0 #1; protect s0 v0 r; migrate s0 v0 to d0; migrate s0 v0 from d0; protect s0 v0 rw",
        "write s0 v0 #1; protect s0 v0 r; migrate s0 v0 to d0; migrate s0 v0 from d0; protect s0 v0 rw",
    ),
    (
        "protect to rw of a clean entry in dialect 6.1",
        "6.1; migrate s0 v0 to d0; read s0 v0; protect s0 v0 r; protect s0 v0 rw",
        "6.1; write s0 v0 #1; protect s0 v0 r; protect s0 v0 rw",
    ),
    (
        "protect to rw of a device page",
        "migrate s0 v0 to d0; protect s0 v0 r; protect s0 v0 rw",
        "migrate s0 v0 to d0; read s0 v0; protect s0 v0 r; protect s0 v0 rw",
    ),
    (
        "protect to rw of a shared page",
        "write s0 v0 #1; fork s0 s1; protect s0 v0 r; protect s0 v0 rw",
        "write s0 v0 #1; protect s0 v0 r; protect s0 v0 rw",
    ),
    (
        "read of a migration entry",
        "write s0 v0 #1; setup t0 s0 v0 to d0; read s0 v0",
        "write s0 v0 #1; setup t0 s0 v0 to d0; finalize t0; read s0 v0",
    ),
    (
        "read through a pin of a page that nobody maps",
        "pin k0 s0 v0; unmap s0 v0; pin_read k0",
        "pin k0 s0 v0; pin_read k0",
    ),
    ("second pin on a page", "pin k0 s0 v0; pin k1 s0 v0", "pin k0 s0 v0; pin k1 s0 v1"),
    (
        "second setup in a space",
        "setup t0 s0 v0 to d0; setup t1 s0 v1 to d0",
        "setup t0 s0 v0 to d0; finalize t0; setup t1 s0 v1 to d0",
    ),
    ("unmap or discard of a device page", "migrate s0 v0 to d0; unmap s0 v0", "write s0 v0 #1; unmap s0 v0"),
    (
        "unmap or discard of a held page",
        "write s0 v0 #1; hold h0 s0 v0; unmap s0 v0",
        "write s0 v0 #1; hold h0 s0 v0; release h0; unmap s0 v0",
    ),
    (
        "unmap or discard of a migration entry",
        "write s0 v0 #1; setup t0 s0 v0 to d0; discard s0 v0",
        "write s0 v0 #1; setup t0 s0 v0 to d0; finalize t0; discard s0 v0",
    ),
    ("unmap or discard of a pinned page", "pin k0 s0 v0; unmap s0 v0", "pin k0 s0 v0; unpin k0; unmap s0 v0"),
    (
        "write that reuses a page that was shared",
        "write s0 v0 #1; fork s0 s1; exit s1; write s0 v0 #2",
        "write s0 v0 #1; fork s0 s1; write s0 v0 #2",
    ),
    (
        "write to a migration entry",
        "write s0 v0 #1; setup t0 s0 v0 to d0; write s0 v0 #2",
        "write s0 v0 #1; setup t0 s0 v0 to d0; finalize t0; write s0 v0 #2",
    ),
    (
        "write to an exclusive page through an entry without the writable bit",
        "migrate s0 v0 to d0; protect s0 v0 r; protect s0 v0 rw; write s0 v0 #1",
        "migrate s0 v0 to d0; write s0 v0 #1",
    ),
    (
        "collection by device that passes over a transaction's page",
        "migrate s0 v0 to d0; collect t0 d0; collect t1 d0",
        "migrate s0 v0 to d0; collect t0 d0; finalize t0; collect t1 d0",
    ),
    (
        "copy on write that finds no frame after a fault back",
        "write s0 v0 #1; fork s0 s1; migrate s0 v0 to d0; alloc b0 1; alloc b1 0; write s0 v0 #2",
        "write s0 v0 #1; fork s0 s1; alloc b0 1; alloc b1 0; write s0 v0 #2",
    ),
    (
        "exit over a migration entry",
        "migrate s0 v0 to d0; fork s0 s1; collect t0 d0; exit s1",
        "migrate s0 v0 to d0; fork s0 s1; collect t0 d0; finalize t0; exit s1",
    ),
    // A frame of RAM is certainly used again when more were taken than there are.
    (
        "fault back into RAM whose frames are used again",
        "alloc b0 2; free b0; migrate s0 v0 to d0; read s0 v0",
        "alloc b0 1; free b0; alloc b0 0; free b0; migrate s0 v0 to d0; read s0 v0",
    ),
    (
        "fault back into RAM whose frames are used again",
        "alloc b0 1; free b0; alloc b0 0; free b0; write s0 v0 #1; migrate s0 v0 to d0; read s0 v0",
        "alloc b0 1; split b0; free b0; free b0; write s0 v0 #1; migrate s0 v0 to d0; read s0 v0",
    ),
    (
        "fault back into RAM whose frames are used again",
        "alloc b0 1; free b0; alloc b0 0; free b0; write s0 v0 #1; setup t0 s0 v0 to d0; copy t0 0; pages t0; finalize t0; \
         read s0 v0",
        "alloc b0 1; free b0; write s0 v0 #1; setup t0 s0 v0 to d0; copy t0 0; pages t0; finalize t0; read s0 v0",
    ),
    (
        "fault back into RAM whose frames are used again",
        "alloc b0 1; free b0; alloc b0 0; free b0; write s0 v1 #1; discard s0 v1; migrate s0 v0 to d0; read s0 v0",
        "alloc b0 1; free b0; alloc b0 0; free b0; read s0 v1; discard s0 v1; migrate s0 v0 to d0; read s0 v0",
    ),
    (
        "free of the last frame of a split block",
        "alloc b0 1; split b0; free b0; free b0",
        "alloc b0 1; split b0; free b0; alloc b1 0; free b1",
    ),
    (
        "migration to a device whose frames are used again",
        "migrate s0 v0+2 to d0; read s0 v0; migrate s0 v2 to d0",
        "migrate s0 v0 to d0; read s0 v0; migrate s0 v1 to d0",
    ),
    (
        "migration to a device whose frames are used again",
        "migrate s0 v0+2 to d0; evict d0; setup t0 s0 v2 to d0; copy t0 0",
        "migrate s0 v0+2 to d0; evict d0; setup t0 s0 v2 to d0; copy t0 255",
    ),
    (
        "migration to a device whose frames are used again",
        "setup t0 s0 v0+2 to d0; copy t0 0; finalize t0; migrate s0 v0 to d0",
        "setup t0 s0 v0+2 to d0; copy t0 1; finalize t0; migrate s0 v0 to d0",
    ),
    (
        "migration to a device whose frames are used again",
        "migrate s0 v0+2 to d0; migrate s0 v0+2 from d0; migrate s0 v3 to d0",
        "alloc b0 2; free b0; migrate s0 v0+2 to d0; migrate s0 v0+2 from d0; migrate s0 v0 from d0",
    ),
    (
        "migration to a device whose frames are used again",
        "migrate s0 v0+2 to d0; discard s0 v0; migrate s0 v3 to d0",
        "alloc b0 2; free b0; migrate s0 v0 to d0; setup t0 s0 v0 from d0; copy t0 0",
    ),
    // A frame that is not there is not used again, and what takes none uses none.
    (
        "migration to a device whose frames are used again",
        "migrate s0 v0+2 to d0; evict d0; migrate s0 v2 to d0; setup t0 s0 v3 to d0; copy t0 255",
        "migrate s0 v0+3 to d0",
    ),
    ("move over a mapped place", "move s0 v0 v2", "move s0 v0 v6"),
    (
        "page that ends with its last hold",
        "write s0 v0 #1; hold h0 s0 v0; unmap s0 v0; release h0",
        "write s0 v0 #1; hold h0 s0 v0; release h0",
    ),
    ("page that ends with its last pin", "pin k0 s0 v0; unmap s0 v0; unpin k0", "pin k0 s0 v0; unpin k0"),
    (
        "second setup in a space that meets a pinned page",
        "setup t0 s0 v0 to d0; pin k0 s0 v1; setup t1 s0 v1 to d0",
        "setup t0 s0 v0 to d0; pin k0 s0 v1; setup t1 s0 v2 to d0",
    ),
    (
        "second setup in a space that meets a pinned page",
        "pin k0 s0 v1; write s0 v2 #1; setup t0 s0 v0 to d0; setup t1 s0 v1+2 to d0",
        "setup t0 s0 v0 to d0; finalize t0; pin k0 s0 v1; setup t1 s0 v1 to d0",
    ),
    (
        "second setup in a space that meets a pinned page",
        "setup t0 s0 v0 to d0; pin k0 s0 v1; setup t1 s0 v1 to d0",
        "pin k0 s0 v1; write s0 v2 #1; setup t0 s0 v0 to d0; setup t1 s0 v2 to d0",
    ),
];

/// How often a sequence meets a mark. It is run twice, and must meet it as often each time.
fn met(mark: &str, sequence: &str) -> u64 {
    let (start, sequence) = match sequence.strip_prefix("6.1; ") {
        Some(sequence) => (START_6_1, sequence),
        None => (START, sequence),
    };
    let lines: Vec<&str> = [start, sequence].into_iter().flat_map(|part| part.split("; ")).collect();
    let trace = Trace::parse(&lines.join("\n")).unwrap_or_else(|error| panic!("{sequence}: {error}"));
    let mut driver = Driver::new(|machine: &Machine| Ok(Implementation::new(machine)));
    let index = MARKS.iter().position(|it| *it == mark).unwrap_or_else(|| panic!("no mark is named \"{mark}\""));
    let [once, twice] = [(); 2].map(|()| {
        let run = driver.check(&trace, Compare::Everything).expect("it takes every machine");
        assert_eq!(run.divergence, None, "{sequence}");
        driver.marks()[index]
    });
    assert_eq!(twice, 2 * once, "{sequence}");
    once
}

/// What is wrong with the marks.
pub(crate) fn wrong() -> Vec<String> {
    let mut wrong: Vec<String> = Vec::new();
    for mark in MARKS.iter().filter(|mark| !SEQUENCES.iter().any(|(it, _, _)| it == *mark)) {
        wrong.push(format!("no sequence meets \"{mark}\""));
    }
    for (mark, meets, passes_by) in SEQUENCES {
        for (sequence, expected) in [(meets, 1), (passes_by, 0)] {
            let met = met(mark, sequence);
            if met != expected {
                wrong.push(format!("\"{mark}\" is met {met} times by {sequence}"));
            }
        }
    }
    wrong
}

#[test]
fn a_mark_is_met_where_its_name_says_and_nowhere_beside() {
    let wrong = wrong();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
