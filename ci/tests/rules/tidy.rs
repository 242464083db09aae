//! Cases of the rules about tidiness.

use super::{Case, breaks, keeps};

/// A text ten times over.
macro_rules! ten {
    ($text:expr) => {
        concat!($text, $text, $text, $text, $text, $text, $text, $text, $text, $text)
    };
}

/// As many lines as a file may have before it is said.
macro_rules! lines_400 {
    () => {
        ten!(ten!("use a;\nuse b;\nuse c;\nuse d;\n"))
    };
}

/// As many lines as a file may have at all.
macro_rules! lines_600 {
    () => {
        concat!(lines_400!(), ten!(ten!("use e;\nuse f;\n")))
    };
}

/// All but the first line of a function of 70 lines.
macro_rules! lines_69 {
    () => {
        concat!(ten!("g();\ng();\ng();\ng();\ng();\ng();\n"), "g();\ng();\ng();\ng();\n\n\n\n\n}\n")
    };
}

pub(super) const CASES: &[Case] = &[
    breaks(
        "readable",
        "a brace that is never closed, a text that never ends",
        &[("a/src/a.rs", "fn f() {"), ("a/src/b.rs", "const A: &str = \"x;")],
        &["a/src/a.rs:1", "a/src/b.rs:1"],
    ),
    keeps("readable", "a source, and a text that need not be one", &[("a/src/a.rs", "fn f() {}"), ("a/b.txt", "{")]),
    breaks(
        "opening",
        "an empty file, a comment, an empty sentence, a sentence that comes later",
        &[
            ("a/a.rs", ""),
            ("a/b.rs", "// What it is.\n"),
            ("a/c.rs", "//! \n//! What it is.\n"),
            ("a/d.rs", "use b;\n//! What it is.\n"),
        ],
        &["a/a.rs:1", "a/b.rs:1", "a/c.rs:1", "a/d.rs:1"],
    ),
    keeps("opening", "a sentence", &[("a/a.rs", "//! What it is.\n\nuse b;\n"), ("a/b.md", "# What it is\n")]),
    keeps("file-length", "400 lines", &[("a/a.rs", lines_400!())]),
    breaks("file-length", "401 lines", &[("a/a.rs", concat!(lines_400!(), "use e;\n"))], &["warning a/a.rs:400"]),
    breaks("file-length", "600 lines", &[("a/a.rs", lines_600!())], &["warning a/a.rs:400"]),
    breaks("file-length", "601 lines", &[("a/a.rs", concat!(lines_600!(), "use g;\n"))], &["a/a.rs:600"]),
    keeps(
        "function-length",
        "a short function, a declaration and a type",
        &[("a/a.rs", "fn f() {}\ntrait T { fn g(); }\ntype F = fn(u8) -> u8;\n")],
    ),
    keeps("function-length", "70 lines", &[("a/a.rs", concat!("fn f() {\n", lines_69!()))]),
    breaks("function-length", "71 lines", &[("a/a.rs", concat!("fn f()\n{\n", lines_69!()))], &["a/a.rs:1"]),
    breaks(
        "function-length",
        "71 lines in a macro, under a name that the macro is given",
        &[("a/a.rs", concat!("m! {\nfn $name()\n{\n", lines_69!(), "}"))],
        &["a/a.rs:2"],
    ),
    breaks(
        "file-name",
        "files, folders and modules whose name says nothing",
        &[("a/utils.rs", ""), ("a/common/b.rs", ""), ("a/c.rs", "fn f() {}\nmod helpers { }")],
        &["a/c.rs:2", "a/common/b.rs:1", "a/utils.rs:1"],
    ),
    keeps("file-name", "names that say something", &[("a/uncommon.rs", "mod helper_page {}\nfn helper() {}")]),
    breaks(
        "unfinished",
        "what is left to do, and what looks for a mistake, in tests too",
        &[("a/src/a.rs", "fn f() {\ntodo!()\n}\nfn g() { dbg!(1); }"), ("a/tests/b.rs", "fn f() { unimplemented!() }")],
        &["a/src/a.rs:2", "a/src/a.rs:4", "a/tests/b.rs:1"],
    ),
    keeps(
        "unfinished",
        "a comment, a name, a finished macro",
        &[("a/a.rs", "// todo!()\nfn todo() { unreachable!() }")],
    ),
    breaks(
        "white-space",
        "a tab, a space at the end of a line, a carriage return",
        &[("a/a.rs", "fn f() {}\n\tg();\n"), ("a/b.md", "x \n"), ("corpus/c.trace", "# x\r\nfork s0 s1\n")],
        &["a/a.rs:2", "a/b.md:1", "corpus/c.trace:1"],
    ),
    keeps(
        "white-space",
        "spaces inside lines, and tabs where a format asks for them",
        &[("a/a.rs", "fn f() {\n    g();\n}\n"), ("Makefile", "a:\n\tb\n")],
    ),
    breaks(
        "corpus-name",
        "a trace without its ending",
        &[("corpus/spec/a.txt", "fork s0 s1\n")],
        &["corpus/spec/a.txt:1"],
    ),
    breaks(
        "corpus-name",
        "a program beside no trace, and one that is of no trophy",
        &[("corpus/linux/trophies/a.c", "int a;\n"), ("corpus/spec/b.c", "int b;\n"), ("corpus/spec/b.trace", "x\n")],
        &["corpus/linux/trophies/a.c:1", "corpus/spec/b.c:1"],
    ),
    keeps(
        "corpus-name",
        "traces and a description; other rooms",
        &[
            ("corpus/README.md", "# Corpus\n"),
            ("corpus/spec/README.md", "# Rules\n"),
            ("corpus/spec/a.trace", "fork s0 s1\n"),
            ("corpus/linux/trophies/a.trace", "fork s0 s1\n"),
            ("corpus/linux/trophies/a.c", "int a;\n"),
            ("corpus/linux/trophies/a.console", "BUG\n"),
            ("fuzz/dictionary.txt", "x\n"),
        ],
    ),
    breaks(
        "machine-path",
        "a path in a source, in a document and at the start of a line",
        &[
            ("a/a.rs", concat!("const A: &str = \"/", "work/main\";\n")),
            ("README.md", concat!("Look at\n/", "root/x.\n")),
            ("a.sh", concat!("cd '/", "home/me'\n")),
        ],
        &["README.md:2", "a.sh:1", "a/a.rs:1"],
    ),
    keeps(
        "machine-path",
        "a folder of such a name on the way",
        &[("a/a.rs", "// src/home/page.rs, ~/work/x, $HOME/work/y and https://example.org/~me/home/z\n")],
    ),
    breaks(
        "registry",
        "a host in a document, a mirror in a configuration, a package from elsewhere",
        &[
            ("README.md", concat!("Get it from https", "://", "crates.io/x\n")),
            (".cargo/config.toml", concat!("[source.x]\nreplace", "-with = \"y\"\n")),
            ("Cargo.lock", concat!("source = \"registry", "+https://mirror.example.org/index\"\n")),
        ],
        &[".cargo/config.toml:2", "Cargo.lock:1", "README.md:1"],
    ),
    keeps(
        "registry",
        "what cargo itself writes into Cargo.lock",
        &[("Cargo.lock", concat!("source = \"registry", "+https://github.com/rust-lang/crates.io", "-index\"\n"))],
    ),
];
