//! The rule that a trace has one result: what could make two runs differ.

use super::DETERMINISTIC;
use crate::rule::Offences;
use crate::tokens::{Node, every_level};
use crate::tree::Tree;

/// Names that are wrong wherever they stand, and what they bring in.
const NAMES: &[(&str, &str)] = &[
    ("Instant", "time"),
    ("SystemTime", "time"),
    ("HashMap", "hash order"),
    ("HashSet", "hash order"),
    ("RandomState", "hash order"),
    ("thread_local", "shared state"),
    ("lazy_static", "shared state"),
];

/// Crates of random numbers.
const RANDOM: &[&str] = &["rand", "rand_core", "rand_chacha", "rand_xoshiro", "fastrand", "getrandom", "oorandom"];

/// Types whose value changes behind a shared reference; names that begin with `Atomic` are too.
const CHANGES_INSIDE: &[&str] = &[
    "Cell",
    "RefCell",
    "UnsafeCell",
    "OnceCell",
    "LazyCell",
    "Mutex",
    "RwLock",
    "OnceLock",
    "LazyLock",
    "Once",
    "Lazy",
];

pub(super) fn one_result(tree: &Tree, offences: &mut Offences) {
    for file in tree.sources_in(DETERMINISTIC) {
        every_level(&file.live, &mut |level| {
            for at in 0..level.len() {
                for what in offences_at(level, at) {
                    offences.error(file, level[at].line, what);
                }
            }
        });
    }
}

fn offences_at(level: &[Node], at: usize) -> Vec<String> {
    let Some(word) = level[at].word() else { return Vec::new() };
    let mut found = Vec::new();
    if let Some((name, what)) = NAMES.iter().find(|(name, _)| *name == word) {
        found.push(format!("`{name}` brings {what} in"));
    }
    let is_path = level.get(at + 1).is_some_and(Node::is_path_separator);
    let is_imported = at > 0 && (level[at - 1].is_word("use") || level[at - 1].is_word("crate"));
    if RANDOM.contains(&word) && (is_path || is_imported) {
        found.push(format!("`{word}` brings randomness in"));
    }
    if (word == "std" || word == "core") && is_path {
        let modules = level.get(at + 2).map(modules_of).unwrap_or_default();
        found.extend(modules.into_iter().map(|module| format!("`{word}::{module}` is used")));
    }
    if word == "static" {
        found.extend(shared_state(&level[at + 1..]));
    }
    found
}

/// `time` and `thread`, where a path or an import goes there.
fn modules_of(next: &Node) -> Vec<&'static str> {
    let is_named = |module: &str| match next.group('{') {
        // An import of several: what begins each of its parts.
        Some(list) => list.split(|node| node.is_mark(',')).any(|part| part.first().is_some_and(|n| n.is_word(module))),
        None => next.is_word(module),
    };
    ["time", "thread"].into_iter().filter(|module| is_named(module)).collect()
}

/// What is wrong with a static, given what follows the word.
fn shared_state(rest: &[Node]) -> Option<String> {
    if rest.first().is_some_and(|node| node.is_word("mut")) {
        return Some("a `static mut` is state that runs share".to_owned());
    }
    let declared = rest.split(|node| node.is_mark('=') || node.is_mark(';')).next().unwrap_or_default();
    let mut changing = None;
    every_level(declared, &mut |level| {
        let names = level.iter().filter_map(Node::word);
        let mut wrong = names.filter(|name| name.starts_with("Atomic") || CHANGES_INSIDE.contains(name));
        changing = changing.or(wrong.next());
    });
    changing.map(|name| format!("a static of `{name}` is state that runs share"))
}
