//! Rules about Rust sources.

use crate::rule::Offences;
use crate::tokens::{Node, Token, every_level};
use crate::tree::Tree;

const LONG_FILE: usize = 400;
const TOO_LONG_FILE: usize = 600;
const TOO_LONG_FUNCTION: usize = 70;

/// Files that may be longer: path and reason.
const LONG_FILES: &[(&str, &str)] = &[];

/// Functions that may be longer: path, name and reason.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[];

/// Names that say nothing.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "helper", "helpers", "misc"];

pub(super) fn readable(tree: &Tree, offences: &mut Offences) {
    for file in tree.sources() {
        if let Some(sentence) = &file.unreadable {
            offences.error(file, 1, sentence.clone());
        }
    }
}

pub(super) fn opening(tree: &Tree, offences: &mut Offences) {
    for file in tree.sources() {
        let says_something = file.text.strip_prefix("//! ").is_some_and(|rest| !rest.starts_with('\n'));
        if !says_something {
            offences.error(file, 1, "the file does not begin with a `//!` sentence");
        }
    }
}

pub(super) fn file_length(tree: &Tree, offences: &mut Offences) {
    for file in tree.sources() {
        let lines = file.text.lines().count();
        let may_be_long = LONG_FILES.iter().any(|(path, _)| file.path == *path);
        if lines > TOO_LONG_FILE && !may_be_long {
            offences.error(file, TOO_LONG_FILE, format!("the file has {lines} lines"));
        } else if lines > LONG_FILE {
            offences.warning(file, LONG_FILE, format!("the file has {lines} lines"));
        }
    }
}

pub(super) fn function_length(tree: &Tree, offences: &mut Offences) {
    for file in tree.sources() {
        every_level(&file.tokens, &mut |level| {
            for (at, node) in level.iter().enumerate().filter(|(_, node)| node.is_word("fn")) {
                let Some((name, end)) = name_and_end(&level[at + 1..]) else { continue };
                let lines = end + 1 - node.line;
                let may_be_long = LONG_FUNCTIONS.iter().any(|(path, long, _)| file.path == *path && name == *long);
                if lines > TOO_LONG_FUNCTION && !may_be_long {
                    offences.error(file, node.line, format!("the function `{name}` has {lines} lines"));
                }
            }
        });
    }
}

/// The name of a function and the line of its last brace, given what follows `fn`; none for a type or a declaration.
fn name_and_end(rest: &[Node]) -> Option<(&str, usize)> {
    // In a macro the name may be a variable: `fn $name`.
    let rest = if rest.first()?.is_mark('$') { &rest[1..] } else { rest };
    let name = rest.first()?.word()?;
    rest.iter().take_while(|node| !node.is_mark(';')).find_map(|node| match node.token {
        Token::Group { open: '{', end, .. } => Some((name, end)),
        Token::Group { .. }
        | Token::Word(_)
        | Token::PathSeparator
        | Token::Arrow
        | Token::Mark(_)
        | Token::Literal
        | Token::Lifetime => None,
    })
}

pub(super) fn file_name(tree: &Tree, offences: &mut Offences) {
    for file in tree.sources() {
        for part in file.path.trim_end_matches(".rs").split('/') {
            if EMPTY_NAMES.contains(&part) {
                offences.error(file, 1, format!("`{part}` says nothing"));
            }
        }
        every_level(&file.tokens, &mut |level| {
            for pair in level.windows(2) {
                let name = pair[1].word().filter(|name| pair[0].is_word("mod") && EMPTY_NAMES.contains(name));
                if let Some(name) = name {
                    offences.error(file, pair[1].line, format!("the module name `{name}` says nothing"));
                }
            }
        });
    }
}

pub(super) fn unfinished(tree: &Tree, offences: &mut Offences) {
    for file in tree.sources() {
        every_level(&file.tokens, &mut |level| {
            for pair in level.windows(2).filter(|pair| pair[1].is_mark('!')) {
                let name = pair[0].word().filter(|name| ["todo", "unimplemented", "dbg"].contains(name));
                if let Some(name) = name {
                    offences.error(file, pair[0].line, format!("`{name}!` is left here"));
                }
            }
        });
    }
}
