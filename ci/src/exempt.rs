//! Which code is test code: items under `#[cfg(test)]` and `#[test]`, and files in `tests` folders.

use crate::tokens::{Node, Token};

/// Words that open an item; an item ends with its braces or a semicolon, anything else with a comma.
const ITEMS: &[&str] = &[
    "mod",
    "fn",
    "use",
    "struct",
    "enum",
    "union",
    "impl",
    "const",
    "static",
    "type",
    "trait",
    "unsafe",
    "extern",
    "macro_rules",
    "async",
    "let",
];

/// Is the file test code as a whole, by its place?
#[must_use]
pub(crate) fn is_test_path(path: &str) -> bool {
    path.split('/').rev().skip(1).any(|folder| folder == "tests")
}

/// The source without the items that are compiled for tests only.
#[must_use]
pub(crate) fn without_tests(nodes: &[Node]) -> Vec<Node> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < nodes.len() {
        if is_test_attribute(nodes, at) {
            at = end_of_item(nodes, at);
            continue;
        }
        let mut copy = nodes[at].clone();
        if let Token::Group { inside, .. } = &mut copy.token {
            *inside = without_tests(inside);
        }
        kept.push(copy);
        at += 1;
    }
    kept
}

/// The paths at which the file's test modules may stand that it declares without a body (`#[cfg(test)] mod name;`).
#[must_use]
pub(crate) fn declared_test_files(path: &str, nodes: &[Node]) -> Vec<String> {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let base = match file {
        "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
        _ => path.trim_end_matches(".rs").to_owned(),
    };
    let mut files = Vec::new();
    for at in (0..nodes.len()).filter(|&at| is_test_attribute(nodes, at)) {
        let item = &nodes[at..end_of_item(nodes, at)];
        if let [.., module, name, end] = item
            && module.is_word("mod")
            && end.is_mark(';')
            && let Some(name) = name.word()
        {
            files.push(format!("{base}/{name}.rs"));
            files.push(format!("{base}/{name}/"));
        }
    }
    files
}

/// Does an attribute begin here that says `test`, `cfg(test)` or `cfg(all(test, …))`?
fn is_test_attribute(nodes: &[Node], at: usize) -> bool {
    let [hash, attribute, ..] = &nodes[at..] else { return false };
    let Some(attribute) = attribute.group('[') else { return false };
    match attribute {
        [name] => hash.is_mark('#') && name.is_word("test"),
        [name, condition] => {
            let condition = condition.group('(').unwrap_or_default();
            hash.is_mark('#') && name.is_word("cfg") && needs_test(condition)
        }
        _ => false,
    }
}

fn needs_test(condition: &[Node]) -> bool {
    match condition {
        [name] => name.is_word("test"),
        [name, list] => {
            let list = list.group('(').unwrap_or_default();
            name.is_word("all") && list.split(|node| node.is_mark(',')).any(needs_test)
        }
        _ => false,
    }
}

/// Where the item ends whose attributes begin at `at`.
fn end_of_item(nodes: &[Node], mut at: usize) -> usize {
    while at + 1 < nodes.len() && nodes[at].is_mark('#') && nodes[at + 1].group('[').is_some() {
        at += 2;
    }
    let is_public = nodes.get(at).is_some_and(|node| node.is_word("pub"));
    let first =
        if is_public { nodes[at + 1..].iter().find_map(Node::word) } else { nodes.get(at).and_then(Node::word) };
    let is_item = first.is_some_and(|word| ITEMS.contains(&word));
    while at < nodes.len() {
        let node = &nodes[at];
        at += 1;
        let is_end = if is_item { node.is_mark(';') || node.group('{').is_some() } else { node.is_mark(',') };
        if is_end {
            let closes = node.group('{').is_some() && nodes.get(at).is_some_and(|next| next.is_mark(';'));
            return at + usize::from(closes);
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::{declared_test_files, is_test_path, without_tests};
    use crate::tokens::{every_word, read};

    #[test]
    fn test_items_are_left_out() {
        let cases = [
            ("#[cfg(test)] mod tests { fn gone() {} } fn kept() {}", "fn kept"),
            ("#[test] fn gone() {} fn kept() {}", "fn kept"),
            ("#[cfg(all(test, unix))] use gone::{a, b}; fn kept() {}", "fn kept"),
            ("#[cfg(not(test))] fn kept() {}", "cfg not test fn kept"),
            ("#[cfg(any(test, unix))] fn kept() {}", "cfg any test unix fn kept"),
            ("struct S { #[cfg(test)] gone: u8, kept: u8 }", "struct S kept u8"),
            ("#[cfg(test)] #[rustfmt::skip] pub(crate) mod gone; fn kept() {}", "fn kept"),
            ("mod a { #[cfg(test)] fn gone<A, B>() {} fn kept() {} }", "mod a fn kept"),
        ];
        for (source, expected) in cases {
            let mut words = Vec::new();
            let live = without_tests(&read(source).unwrap());
            every_word(&live, &mut |word, _| words.push(word.to_owned()));
            assert_eq!(words.join(" "), expected, "{source}");
        }
    }

    #[test]
    fn test_files_are_found_by_place_and_by_declaration() {
        assert!(is_test_path("harness/tests/minimise.rs"));
        assert!(!is_test_path("harness/src/tests.rs"));
        let nodes = read("#[cfg(test)] mod tests; mod other;").unwrap();
        assert_eq!(declared_test_files("a/src/lib.rs", &nodes), ["a/src/tests.rs", "a/src/tests/"]);
        assert_eq!(declared_test_files("a/src/b.rs", &nodes), ["a/src/b/tests.rs", "a/src/b/tests/"]);
    }
}
