//! Tidiness: what keeps the workspace easy to read, and free of traces of the machine that it was written on.

mod code;
mod text;

use crate::rule::Rule;

/// All rules about tidiness.
pub const RULES: &[Rule] = &[
    Rule {
        name: "readable",
        why: "a source that is not made of Rust tokens hides from every other rule.",
        instead: "mend the source until `cargo check` can read it.",
        check: code::readable,
    },
    Rule {
        name: "opening",
        why: "the first sentence of a file says what it is for.",
        instead: "begin the file with one `//!` sentence.",
        check: code::opening,
    },
    Rule {
        name: "file-length",
        why: "one concept a file: long files are those that know too many.",
        instead: "split the file by concept; over 400 lines is a warning, over 600 an error.",
        check: code::file_length,
    },
    Rule {
        name: "function-length",
        why: "a function of more than 70 lines does not fit on a screen, nor in a head.",
        instead: "give its parts names.",
        check: code::function_length,
    },
    Rule {
        name: "file-name",
        why: "a name that fits everything collects everything.",
        instead: "name the file after the concept in it.",
        check: code::file_name,
    },
    Rule {
        name: "unfinished",
        why: "what is not finished, and what was left over from looking for a mistake, does not go to main.",
        instead: "finish it, return an error, or take it out.",
        check: code::unfinished,
    },
    Rule {
        name: "white-space",
        why: "white space that nobody sees makes differences that nobody meant.",
        instead: "indent with spaces and take the spaces at the end of the line away.",
        check: text::white_space,
    },
    Rule {
        name: "corpus-name",
        why: "everything that replays the corpus looks for .trace; another file there is never replayed.",
        instead: "name it *.trace, or describe it in a README.md.",
        check: text::corpus_name,
    },
    Rule {
        name: "machine-path",
        why: "a path of one machine is wrong on every other.",
        instead: "use a path from the root of the workspace, or an argument.",
        check: text::machine_path,
    },
    Rule {
        name: "registry",
        why: "where packages come from is the business of whoever builds, and of Cargo.lock.",
        instead: "name packages by name and version alone; put mirrors into your own cargo configuration.",
        check: text::registry,
    },
];
