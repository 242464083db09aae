//! Rules about what a room may not know or hold.

use crate::rule::Offences;
use crate::tokens::{Node, every_level, every_word, words_of};
use crate::tree::Tree;

/// The places that may be unsafe; the benchmark only where it calls a peer whose own interface is.
const UNSAFE_ROOMS: &[&str] = &["linux/guest", "fuzz", "bench/src/peers", "subjects/src/raw"];

pub(super) fn no_unsafe(tree: &Tree, offences: &mut Offences) {
    for file in tree.sources().filter(|file| !UNSAFE_ROOMS.iter().any(|room| file.is_in(room))) {
        every_word(&file.tokens, &mut |word, line| {
            if word == "unsafe" {
                offences.error(file, line, "`unsafe` is used");
            }
        });
    }
}

pub(super) fn oracles_know_no_bugs(tree: &Tree, offences: &mut Offences) {
    for file in tree.sources().filter(|file| file.path.starts_with("harness/src/oracle")) {
        every_word(&file.tokens, &mut |word, line| {
            if words_of(word).iter().any(|word| word == "bug" || word == "bugs") {
                offences.error(file, line, format!("the oracle mentions `{word}`"));
            }
        });
    }
}

pub(super) fn operations_know_no_frames(tree: &Tree, offences: &mut Offences) {
    for file in tree.sources_in(&["operations"]) {
        every_level(&file.live, &mut |level| {
            for pair in level.windows(2) {
                let declares = ["struct", "enum", "union", "type", "trait"].iter().any(|word| pair[0].is_word(word));
                let name = pair[1].word().filter(|name| declares && *name != "FrameToken");
                let words = name.map(words_of).unwrap_or_default();
                if words.iter().any(|word| word == "frame" || word == "pfn") {
                    offences.error(
                        file,
                        pair[1].line,
                        format!("the type `{}` names a frame", name.unwrap_or_default()),
                    );
                }
            }
        });
    }
}

pub(super) fn reference_stores_no_counters(tree: &Tree, offences: &mut Offences) {
    for file in tree.sources_in(&["reference"]) {
        every_level(&file.live, &mut |level| {
            for at in 0..level.len() {
                let holds_fields = ["struct", "enum", "union"].iter().any(|word| level[at].is_word(word));
                if !holds_fields {
                    continue;
                }
                let item = level[at..].iter().take_while(|node| !node.is_mark(';'));
                let Some(body) = item.filter_map(|node| node.group('{')).next() else { continue };
                every_level(body, &mut |fields| {
                    for (name, line) in fields_of(fields).filter(|(name, _)| is_counter(name)) {
                        offences.error(file, line, format!("the field `{name}` stores what should be counted"));
                    }
                });
            }
        });
    }
}

/// The names before a single colon.
fn fields_of(fields: &[Node]) -> impl Iterator<Item = (&str, usize)> {
    let pairs = fields.windows(2).filter(|pair| pair[1].is_mark(':'));
    pairs.filter_map(|pair| pair[0].word().map(|name| (name, pair[0].line)))
}

fn is_counter(name: &str) -> bool {
    let joined = words_of(name).concat();
    ["mapcount", "refcount", "rmap", "reversemap"].iter().any(|counter| joined.contains(counter))
}
