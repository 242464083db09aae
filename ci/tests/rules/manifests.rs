//! Cases of the rules about dependencies.

use super::{Case, breaks, keeps};

pub(super) const CASES: &[Case] = &[
    breaks(
        "rivals-strangers",
        "the reference depends on the implementation",
        &[("reference/Cargo.toml", "[dependencies]\nstalemap-implementation.workspace = true\n")],
        &["reference/Cargo.toml:2"],
    ),
    breaks(
        "rivals-strangers",
        "the implementation depends on the reference, for tests only",
        &[("implementation/Cargo.toml", "[dev-dependencies]\nstalemap-reference = { path = \"../reference\" }\n")],
        &["implementation/Cargo.toml:2"],
    ),
    breaks(
        "rivals-strangers",
        "the reference depends on a room that knows both",
        &[("reference/Cargo.toml", "[package]\nname = \"x\"\n\n[dependencies]\nstalemap-harness = \"0\"\n")],
        &["reference/Cargo.toml:5"],
    ),
    breaks(
        "rivals-strangers",
        "the rival has another name here",
        &[(
            "reference/Cargo.toml",
            "[dependencies]\nother = { package = \"stalemap-implementation\", path = \"../implementation\" }\n",
        )],
        &["reference/Cargo.toml:2"],
    ),
    breaks(
        "rivals-strangers",
        "the rival has another name in the workspace's table",
        &[
            ("Cargo.toml", "[workspace.dependencies]\nother = { package = \"stalemap-implementation\" }\n"),
            ("reference/Cargo.toml", "[dependencies]\nother.workspace = true\n"),
        ],
        &["reference/Cargo.toml:2"],
    ),
    breaks(
        "rivals-strangers",
        "the rival is a dependency for one target, or of the build script, or has a table of its own",
        &[
            ("implementation/Cargo.toml", "[build-dependencies]\nstalemap-reference = \"0\"\n"),
            (
                "reference/Cargo.toml",
                "[target.'cfg(unix)'.dependencies]\nstalemap-implementation = \"0\"\n\n\
                 [dev-dependencies.stalemap-implementation]\npath = \"..\"\n",
            ),
        ],
        &["implementation/Cargo.toml:2", "reference/Cargo.toml:2", "reference/Cargo.toml:4"],
    ),
    breaks(
        "rivals-strangers",
        "the manifest cannot be read",
        &[("reference/Cargo.toml", "[dependencies\n")],
        &["reference/Cargo.toml:1"],
    ),
    keeps(
        "rivals-strangers",
        "both depend on the operations, and on other packages for tests; the harness's tests know both",
        &[
            ("reference/Cargo.toml", "[dependencies]\nstalemap-operations.workspace = true\n"),
            (
                "implementation/Cargo.toml",
                "[dependencies]\nstalemap-operations.workspace = true\n[dev-dependencies]\nproptest = \"1\"\n",
            ),
            ("harness/Cargo.toml", "[dev-dependencies]\nstalemap-implementation.workspace = true\n"),
        ],
    ),
    breaks(
        "operations-alone",
        "a package that is needed always, and a room for tests",
        &[(
            "operations/Cargo.toml",
            "[dependencies]\nserde = \"1\"\narbitrary = \"1\"\n\n[dev-dependencies]\nstalemap-reference = \"0\"\n",
        )],
        &["operations/Cargo.toml:2", "operations/Cargo.toml:3", "operations/Cargo.toml:6"],
    ),
    keeps(
        "operations-alone",
        "arbitrary on demand, and a package for tests",
        &[(
            "operations/Cargo.toml",
            "[dependencies]\narbitrary = { version = \"1\", optional = true }\n[dev-dependencies]\nproptest = \"1\"\n",
        )],
    ),
    breaks(
        "harness-neutral",
        "the harness depends on the implementation outside its tests",
        &[("harness/Cargo.toml", "[dependencies]\nstalemap-implementation.workspace = true\n")],
        &["harness/Cargo.toml:2"],
    ),
    keeps(
        "harness-neutral",
        "the harness depends on operations, reference and packages, and for tests on the implementation",
        &[(
            "harness/Cargo.toml",
            "[dependencies]\nstalemap-operations.workspace = true\nstalemap-reference.workspace = true\nserde = \"1\"\n\
             [dev-dependencies]\nstalemap-implementation.workspace = true\n",
        )],
    ),
    breaks(
        "nothing-above",
        "each room below the harness depends on it",
        &[
            ("operations/Cargo.toml", "[dependencies]\nstalemap-harness = \"0\"\n"),
            ("reference/Cargo.toml", "[dev-dependencies]\nstalemap-harness = \"0\"\n"),
            ("implementation/Cargo.toml", "[dependencies]\nstalemap-harness = { path = \"../harness\" }\n"),
            ("linux/guest/Cargo.toml", "[dependencies]\nstalemap-harness.workspace = true\n"),
        ],
        &[
            "implementation/Cargo.toml:2",
            "linux/guest/Cargo.toml:2",
            "operations/Cargo.toml:2",
            "reference/Cargo.toml:2",
        ],
    ),
    keeps(
        "nothing-above",
        "the report depends on the harness",
        &[("report/Cargo.toml", "[dependencies]\nstalemap-harness.workspace = true\n")],
    ),
    breaks(
        "leaves",
        "rooms depend on the command line, the targets, CI and the benchmark",
        &[
            ("harness/Cargo.toml", "[dependencies]\nstalemap = { path = \"../cli\" }\n"),
            ("report/Cargo.toml", "[dev-dependencies]\nstalemap-ci.workspace = true\n"),
            ("linux/vm/Cargo.toml", "[dependencies]\nstalemap-fuzz = \"0\"\nstalemap-bench = \"0\"\n"),
        ],
        &["harness/Cargo.toml:2", "linux/vm/Cargo.toml:2", "linux/vm/Cargo.toml:3", "report/Cargo.toml:2"],
    ),
    keeps(
        "leaves",
        "the leaves depend on rooms",
        &[
            ("cli/Cargo.toml", "[dependencies]\nstalemap-harness.workspace = true\nstalemap-report.workspace = true\n"),
            ("fuzz/Cargo.toml", "[dependencies]\nstalemap-harness.workspace = true\nlibfuzzer-sys = \"0.4\"\n"),
        ],
    ),
];
