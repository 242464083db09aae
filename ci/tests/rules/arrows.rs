//! Cases of the rules about what sources may name.

use super::{Case, breaks, keeps};

pub(super) const CASES: &[Case] = &[
    breaks(
        "no-wildcard",
        "an underscore, a name, a wildcard among alternatives, behind a reference and inside a wrapper",
        &[
            ("a/src/a.rs", "fn f(o: Operation) { match o {\nOperation::Map { .. } => 1,\n_ => 2,\n} }"),
            ("a/src/b.rs", "fn f(o: Operation) { match o { Operation::Map { .. } => 1,\nother => g(other) } }"),
            (
                "a/src/c.rs",
                "fn f(o: Operation) { match o { Operation::Fork(..) => {}\nOperation::Exit(..) | _ => {} } }",
            ),
            ("a/src/d.rs", "fn f(o: &Operation) { match o { &Operation::Fork(..) => {}\n&_ => {} } }"),
            ("a/src/e.rs", "fn f() { match g() { Some(Operation::Map(..)) => 1,\nSome(_) => 2, None => 3 } }"),
        ],
        &["a/src/a.rs:3", "a/src/b.rs:2", "a/src/c.rs:2", "a/src/d.rs:2", "a/src/e.rs:2"],
    ),
    breaks(
        "no-wildcard",
        "a macro and a test hide nothing",
        &[
            ("a/src/a.rs", "m! { match o { Operation::Map { .. } => 1,\n_ => 2 } }"),
            ("a/tests/b.rs", "#[test] fn t() { match o { Operation::Map { .. } => 1,\n_ => 2 } }"),
        ],
        &["a/src/a.rs:2", "a/tests/b.rs:2"],
    ),
    breaks(
        "no-wildcard",
        "an arm with a body that holds commas and braces comes first",
        &[("a/src/a.rs", "match o { Operation::Map { .. } => f::<A, B>(), Operation::Exit(s) => { g() }\n_ => h() }")],
        &["a/src/a.rs:2"],
    ),
    keeps(
        "no-wildcard",
        "all operations listed; guards; other enums; operands; an absent operation",
        &[
            ("a/src/a.rs", "match o { Operation::Map { .. } => 1, Operation::Unmap { .. } => 2 }"),
            ("a/src/b.rs", "match o { Operation::Map { .. } => 1, other if g(other) => 2, Operation::Exit(_) => 3 }"),
            ("a/src/c.rs", "match kind { Kind::Map => 1, _ => 2 }"),
            (
                "a/src/d.rs",
                "match o { Operation::Alloc { order: 0, .. } => 1, Operation::Alloc { order: _, .. } => 2 }",
            ),
            ("a/src/e.rs", "match next { Some(Operation::Map(..)) => 1, None => 2, Some(Operation::Exit(_)) => 3 }"),
        ],
    ),
    breaks(
        "operations-named",
        "a variant, an import of variants, of all variants, and another name for the type",
        &[
            ("harness/src/a.rs", "fn f() -> Operation {\nOperation::Map { space }\n}"),
            ("report/src/b.rs", "use stalemap_operations::Operation::{Map, Unmap};"),
            ("cli/src/c.rs", "use stalemap_operations::Operation::*;"),
            ("ci/src/d.rs", "use stalemap_operations::Operation as O;"),
        ],
        &["ci/src/d.rs:1", "cli/src/c.rs:1", "harness/src/a.rs:2", "report/src/b.rs:1"],
    ),
    keeps(
        "operations-named",
        "the rooms that know operations, tests, functions and constants of the type, a qualified path",
        &[
            ("reference/src/a.rs", "fn f() { Operation::Map { space }; }"),
            ("implementation/src/a.rs", "use Operation::*;"),
            ("linux/guest/src/a.rs", "fn f() { Operation::Exit(0); }"),
            ("subjects/src/a.rs", "fn f() { Operation::Exit(0); }"),
            ("harness/tests/a.rs", "fn f() { Operation::Map { space }; }"),
            ("harness/src/b.rs", "#[cfg(test)] mod tests { fn f() { Operation::Exit(0); } }"),
            ("harness/src/c.rs", "fn f() { Operation::decode(b); Operation::COUNT; <Operation as Clone>::clone(&o); }"),
            ("harness/src/d.rs", "#[cfg(test)] mod cases;"),
            ("harness/src/d/cases.rs", "fn f() { Operation::Exit(0); }"),
        ],
    ),
    breaks(
        "one-result",
        "time, threads, hash order, randomness and shared state",
        &[
            ("harness/src/a.rs", "use std::time::Instant;"),
            ("harness/src/b.rs", "fn f() {\nstd::thread::spawn(g);\n}"),
            ("harness/src/c.rs", "use std::{collections::BTreeMap, thread};"),
            ("implementation/src/d.rs", "struct S {\nm: HashMap<u8, u8>,\ns: HashSet<u8> }"),
            ("operations/src/e.rs", "use rand::Rng;"),
            ("operations/src/f.rs", "fn f() { fastrand::u8(..); }"),
            ("reference/src/g.rs", "static mut COUNT: u32 = 0;"),
            ("reference/src/h.rs", "static COUNT: AtomicU32 = AtomicU32::new(0);"),
            ("reference/src/i.rs", "static TABLE: Option<Mutex<u8>> = None;"),
            ("reference/src/j.rs", "thread_local! { static A: u8 = 0; }"),
        ],
        &[
            "harness/src/a.rs:1",
            "harness/src/a.rs:1",
            "harness/src/b.rs:2",
            "harness/src/c.rs:1",
            "implementation/src/d.rs:2",
            "implementation/src/d.rs:3",
            "operations/src/e.rs:1",
            "operations/src/f.rs:1",
            "reference/src/g.rs:1",
            "reference/src/h.rs:1",
            "reference/src/i.rs:1",
            "reference/src/j.rs:1",
        ],
    ),
    keeps(
        "one-result",
        "ordered maps, a static table, the lifetime, other rooms, tests and texts",
        &[
            (
                "harness/src/a.rs",
                "use std::collections::{BTreeMap, BTreeSet};\nstatic NAMES: [&'static str; 1] = [\"a\"];",
            ),
            ("harness/src/b.rs", "/// Takes no Instant.\nfn f(time: u64, thread: u8) { random::next(time); }"),
            ("harness/src/c.rs", "struct S { cell: Cell<u8> }"),
            ("cli/src/d.rs", "use std::time::Instant;\nstatic STOP: AtomicBool = AtomicBool::new(false);"),
            ("harness/tests/e.rs", "use std::time::Instant;"),
        ],
    ),
    breaks(
        "no-counters",
        "a counter in a struct, in a variant and in a union; a stored reverse map",
        &[
            ("reference/src/a.rs", "struct Page {\nstamp: u8,\nmapcount: u32,\n}"),
            ("reference/src/b.rs", "enum E { A {\nref_count: u32 } }"),
            ("reference/src/c.rs", "struct Page { rmap: Vec<u32> }"),
        ],
        &["reference/src/a.rs:3", "reference/src/b.rs:2", "reference/src/c.rs:1"],
    ),
    keeps(
        "no-counters",
        "functions that count, and what other rooms store",
        &[
            (
                "reference/src/a.rs",
                "struct Page { stamp: u8 }\nimpl Page { fn mapcount(&self) -> u32 { let refcount: u32 = 0; 0 } }",
            ),
            ("reference/src/b.rs", "struct Unit;\nfn f() { let rmap: u32 = 0; }"),
            ("implementation/src/c.rs", "struct Page { mapcount: i32 }"),
        ],
    ),
    breaks(
        "no-frame-numbers",
        "types that name a frame",
        &[("operations/src/a.rs", "pub struct FrameNumber(u32);\ntype Pfn = u64;\nenum FreeFrame { A }")],
        &["operations/src/a.rs:1", "operations/src/a.rs:2", "operations/src/a.rs:3"],
    ),
    keeps(
        "no-frame-numbers",
        "the token that one oracle may read, fields, and the room that owns frames",
        &[
            (
                "operations/src/a.rs",
                "pub struct FrameToken { offset: u32 }\nstruct Machine { ram_frames: u32 }\nstruct Framework;",
            ),
            ("implementation/src/b.rs", "struct FrameNumber(u32);"),
        ],
    ),
    breaks(
        "no-unsafe",
        "an unsafe block, in tests and macros too",
        &[
            ("harness/src/a.rs", "fn f() {\nunsafe { g() }\n}"),
            ("harness/tests/b.rs", "fn f() { m!(unsafe { g() }) }"),
            ("linux/vm/src/c.rs", "unsafe fn f() {}"),
        ],
        &["harness/src/a.rs:2", "harness/tests/b.rs:1", "linux/vm/src/c.rs:1"],
    ),
    keeps(
        "no-unsafe",
        "the guest, the fuzz targets, and the word in a comment",
        &[
            ("linux/guest/src/a.rs", "fn f() { unsafe { g() } }"),
            ("fuzz/src/b.rs", "unsafe extern \"C\" fn f() {}"),
            ("harness/src/c.rs", "// unsafe\nconst UNSAFE: &str = \"unsafe\";"),
        ],
    ),
    breaks(
        "honest-oracles",
        "an oracle that looks at the seeded bugs",
        &[
            ("harness/src/oracle/mapping.rs", "use crate::Bug;\nfn f(seeded_bugs: u8) {}"),
            ("harness/src/oracle.rs", "fn f() { is_bug(); }"),
        ],
        &["harness/src/oracle.rs:1", "harness/src/oracle/mapping.rs:1", "harness/src/oracle/mapping.rs:2"],
    ),
    keeps(
        "honest-oracles",
        "an oracle that asserts, and others that know bugs",
        &[
            ("harness/src/oracle/mapping.rs", "#[derive(Debug)] struct Mapping; fn f() { debug_assert!(true); }"),
            ("harness/src/driver.rs", "fn f(bug: Bug) {}"),
        ],
    ),
];
