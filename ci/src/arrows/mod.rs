//! The arrows that must not exist: who may depend on whom, and what may not be known where.

mod determinism;
mod knowledge;
mod manifests;
mod operations;

use crate::rule::Rule;

/// The rooms whose result depends on the trace alone.
const DETERMINISTIC: &[&str] = &["operations", "reference", "implementation", "harness"];

/// All rules about arrows.
pub const RULES: &[Rule] = &[
    Rule {
        name: "rivals-strangers",
        why: "the reference and the implementation find each other's mistakes only while neither knows the other.",
        instead: "depend on stalemap-operations alone; a test that compares the two belongs in harness/tests.",
        check: manifests::rivals_are_strangers,
    },
    Rule {
        name: "operations-alone",
        why: "the words are below every room, and whoever writes a subject must be able to take them alone.",
        instead: "move the code that needs the dependency to the room that uses it; only an optional `arbitrary` is allowed.",
        check: manifests::operations_stand_alone,
    },
    Rule {
        name: "harness-neutral",
        why: "the driver and the oracles must treat every subject alike, so they may not know the implementation.",
        instead: "take any `Subject`, or move the dependency to [dev-dependencies] if only a test needs it.",
        check: manifests::harness_is_neutral,
    },
    Rule {
        name: "nothing-above",
        why: "the harness looks at its subjects from above; a subject that knows it could play to it.",
        instead: "move what both need to operations, or the test to harness/tests.",
        check: manifests::subjects_do_not_know_the_harness,
    },
    Rule {
        name: "leaves",
        why: "the command line, the fuzz targets, the benchmark and CI are where arrows end.",
        instead: "move the shared code to the room below (harness or report).",
        check: manifests::leaves_are_leaves,
    },
    Rule {
        name: "no-wildcard",
        why: "a new operation must be named by the compiler at each place that has to treat it.",
        instead: "list the remaining operations, or ask the operation table (`Kind::row`) for the fact.",
        check: operations::no_wildcard,
    },
    Rule {
        name: "operations-named",
        why: "a new operation must change three files and not thirty.",
        instead: "ask the operation table, or `Operation::kind` and `Operation::values`; only the operations, the two \
                  sides, the guest, adapters and tests name operations.",
        check: operations::named_in_few_rooms,
    },
    Rule {
        name: "one-result",
        why: "one trace has one result for ever: no time, threads, randomness, shared state or hash order.",
        instead: "pass the number or seed in, keep state in fields, and use BTreeMap, BTreeSet or a Vec.",
        check: determinism::one_result,
    },
    Rule {
        name: "no-counters",
        why: "the reference counts what the implementation stores; a stored counter could be wrong in the same way.",
        instead: "count the places or holders where the number is asked for.",
        check: knowledge::reference_stores_no_counters,
    },
    Rule {
        name: "no-frame-numbers",
        why: "frames are private to a subject; only a FrameToken, which one oracle reads, crosses the seam.",
        instead: "use FrameToken, or keep the type in the room that owns the frames.",
        check: knowledge::operations_know_no_frames,
    },
    Rule {
        name: "no-unsafe",
        why: "only the guest's system calls, libFuzzer's C interface and the benchmark's peers need it.",
        instead: "write it in safe Rust, or move it to linux/guest, fuzz, bench/src/peers or subjects/src/raw.",
        check: knowledge::no_unsafe,
    },
    Rule {
        name: "honest-oracles",
        why: "an oracle that knows the seeded bugs proves nothing about those that nobody seeded.",
        instead: "state the fact that must hold, for every subject.",
        check: knowledge::oracles_know_no_bugs,
    },
];
