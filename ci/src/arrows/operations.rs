//! Rules about who names operations, and how.

use crate::rule::Offences;
use crate::tokens::{Node, Token, every_level};
use crate::tree::Tree;

/// The rooms that know each operation; tests do too.
const KNOWS_OPERATIONS: &[&str] = &["operations", "reference", "implementation", "subjects", "linux/guest"];

pub(super) fn named_in_few_rooms(tree: &Tree, offences: &mut Offences) {
    let others = tree.sources().filter(|file| !KNOWS_OPERATIONS.iter().any(|room| file.is_in(room)));
    for file in others {
        every_level(&file.live, &mut |level| {
            for at in 0..level.len() {
                if let Some(name) = variant_at(level, at) {
                    offences.error(file, level[at].line, format!("`Operation::{name}` is named here"));
                }
                let is_renamed = level[at].is_word("Operation") && level.get(at + 1).is_some_and(|n| n.is_word("as"));
                let is_qualified = at > 0 && level[at - 1].is_mark('<');
                if is_renamed && !is_qualified {
                    offences.error(file, level[at].line, "`Operation` gets another name, behind which variants hide");
                }
            }
        });
    }
}

/// The variant that a path names here: `Operation::Map`; an import of several is `{…}` or `*`.
fn variant_at(level: &[Node], at: usize) -> Option<String> {
    let [name, separator, last, ..] = &level[at..] else { return None };
    if !name.is_word("Operation") || !separator.is_path_separator() {
        return None;
    }
    if last.group('{').is_some() {
        return Some("{…}".to_owned());
    }
    if last.is_mark('*') {
        return Some("*".to_owned());
    }
    let name = last.word()?;
    let is_variant = name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase);
    is_variant.then(|| name.to_owned())
}

pub(super) fn no_wildcard(tree: &Tree, offences: &mut Offences) {
    // Tests are not exempt: a test that passes over a new operation does not test it.
    for file in tree.sources() {
        every_level(&file.tokens, &mut |level| {
            for at in 0..level.len() {
                let arms = if level[at].is_word("match") { arms_after(level, at) } else { None };
                if let Some(pattern) = arms.and_then(wildcard_over_operations) {
                    offences.error(file, pattern.line, "an arm of a match over operations takes whatever comes");
                }
            }
        });
    }
}

/// The arms of a match: the first braces that hold an arrow. (A scrutinee may be a block too.)
fn arms_after(level: &[Node], at: usize) -> Option<&[Node]> {
    let groups = level[at + 1..].iter().take_while(|node| !node.is_mark(';')).filter_map(|node| node.group('{'));
    groups.into_iter().find(|inside| inside.iter().any(Node::is_arrow))
}

/// The wildcard of a match over operations, if it has one.
fn wildcard_over_operations(arms: &[Node]) -> Option<&Node> {
    let patterns = patterns_of(arms);
    let names_operations = patterns.iter().any(|pattern| names_operation(pattern.tokens));
    if !names_operations {
        return None;
    }
    let alternatives = || patterns.iter().flat_map(|pattern| pattern.tokens.split(|node| node.is_mark('|')));
    let wrappers: Vec<Vec<&str>> =
        alternatives().map(peel).filter(|(_, core)| starts_with_operation(core)).map(|(wrapper, _)| wrapper).collect();
    let unguarded = patterns.iter().filter(|pattern| !pattern.is_guarded);
    unguarded.flat_map(|pattern| pattern.tokens.split(|node| node.is_mark('|'))).find_map(|alternative| {
        let (wrapper, core) = peel(alternative);
        let covers = wrapper.is_empty() || wrappers.contains(&wrapper);
        (covers && is_wildcard(core)).then(|| core.first()).flatten()
    })
}

/// The left side of an arm without its guard.
struct Pattern<'a> {
    tokens: &'a [Node],
    is_guarded: bool,
}

fn patterns_of(arms: &[Node]) -> Vec<Pattern<'_>> {
    let mut patterns = Vec::new();
    let mut rest = arms;
    while let Some(arrow) = rest.iter().position(Node::is_arrow) {
        let left = &rest[..arrow];
        // A comma here is left over from a body such as `f::<A, B>()`: patterns have none outside brackets.
        let start = left.iter().rposition(|node| node.is_mark(',')).map_or(0, |comma| comma + 1);
        let guard = left.iter().position(|node| node.is_word("if")).filter(|&guard| guard >= start);
        patterns.push(Pattern { tokens: &left[start..guard.unwrap_or(arrow)], is_guarded: guard.is_some() });
        rest = &rest[arrow + 1..];
        let is_block = rest.first().is_some_and(|node| node.group('{').is_some());
        let end = if is_block { Some(0) } else { rest.iter().position(|node| node.is_mark(',')) };
        rest = end.map_or(&[][..], |end| &rest[end + 1..]);
    }
    patterns
}

fn names_operation(tokens: &[Node]) -> bool {
    let mut found = false;
    every_level(tokens, &mut |level| found |= (0..level.len()).any(|at| variant_at(level, at).is_some()));
    found
}

/// Takes attributes, `&`, `ref`, `mut` and wrappers such as `Some(…)` off a pattern: the words of the wrappers, and what is inside.
fn peel(mut pattern: &[Node]) -> (Vec<&str>, &[Node]) {
    let mut wrapper = Vec::new();
    loop {
        while let [first, others @ ..] = pattern {
            let is_decoration = first.is_mark('&') || first.is_word("ref") || first.is_word("mut");
            let is_attribute = first.is_mark('#') && !others.is_empty();
            if !is_decoration && !is_attribute {
                break;
            }
            pattern = &others[usize::from(is_attribute)..];
        }
        let Some((last, path)) = pattern.split_last() else { return (wrapper, pattern) };
        let is_path = !path.is_empty() && path.iter().all(|node| node.word().is_some() || node.is_path_separator());
        let inside = last.group('(').filter(|inside| !inside.iter().any(|node| node.is_mark(',')));
        match inside {
            Some(inside) if is_path && !starts_with_operation(path) => {
                wrapper.extend(path.iter().filter_map(Node::word));
                pattern = inside;
            }
            Some(_) | None => return (wrapper, pattern),
        }
    }
}

fn starts_with_operation(core: &[Node]) -> bool {
    let is_path = |node: &&Node| node.word().is_some() || matches!(node.token, Token::PathSeparator);
    let path = core.iter().take_while(is_path).count();
    (0..path).any(|at| variant_at(&core[..path], at).is_some())
}

/// `_`, or a name that binds whatever comes.
fn is_wildcard(core: &[Node]) -> bool {
    let [only] = core else { return false };
    only.word()
        .is_some_and(|word| word == "_" || word.starts_with(char::is_lowercase) && word != "true" && word != "false")
}
