//! Rust sources as trees of tokens: comments and strings are gone, macros are seen as any other code.
//!
//! The rules look at tokens and not at a syntax tree, because a syntax tree stops at every macro, and a rule that a
//! macro hides from is no rule.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// A token and the line where it starts (the first line is 1).
#[derive(Clone, Debug)]
pub struct Node {
    /// The line where it starts.
    pub line: usize,
    /// Which token it is.
    pub token: Token,
}

/// The kinds of tokens that rules tell apart.
#[derive(Clone, Debug)]
pub enum Token {
    /// An identifier or a keyword.
    Word(String),
    /// `::`
    PathSeparator,
    /// `=>`
    Arrow,
    /// Any other punctuation, one character at a time.
    Mark(char),
    /// A number or a text; documentation comments are texts too.
    Literal,
    /// `'a`
    Lifetime,
    /// What stands between brackets.
    Group {
        /// `(`, `[` or `{`; a space for brackets that cannot be seen.
        open: char,
        /// The tokens inside.
        inside: Vec<Node>,
        /// The line of the closing bracket.
        end: usize,
    },
}

impl Node {
    /// The identifier or keyword that it is.
    #[must_use]
    pub fn word(&self) -> Option<&str> {
        if let Token::Word(word) = &self.token { Some(word) } else { None }
    }

    /// Is it this identifier or keyword?
    #[must_use]
    pub fn is_word(&self, word: &str) -> bool {
        self.word() == Some(word)
    }

    /// Is it this punctuation character?
    #[must_use]
    pub fn is_mark(&self, mark: char) -> bool {
        matches!(self.token, Token::Mark(sign) if sign == mark)
    }

    /// Is it `::`?
    #[must_use]
    pub fn is_path_separator(&self) -> bool {
        matches!(self.token, Token::PathSeparator)
    }

    /// Is it `=>`?
    #[must_use]
    pub fn is_arrow(&self) -> bool {
        matches!(self.token, Token::Arrow)
    }

    /// What stands inside, if it is a group that this bracket opens.
    #[must_use]
    pub fn group(&self, bracket: char) -> Option<&[Node]> {
        if let Token::Group { open, inside, .. } = &self.token { (*open == bracket).then_some(inside) } else { None }
    }
}

/// Reads a source.
///
/// # Errors
/// A sentence, when the text is not made of Rust tokens.
pub fn read(text: &str) -> Result<Vec<Node>, String> {
    let stream: TokenStream = text.parse().map_err(|error| format!("it cannot be read as Rust: {error}"))?;
    Ok(nodes(stream))
}

fn nodes(stream: TokenStream) -> Vec<Node> {
    let mut read = Vec::new();
    let mut rest = stream.into_iter().peekable();
    while let Some(tree) = rest.next() {
        let line = tree.span().start().line;
        let token = match tree {
            TokenTree::Ident(word) => Token::Word(word.to_string()),
            TokenTree::Literal(_) => Token::Literal,
            TokenTree::Group(group) => Token::Group {
                open: bracket(group.delimiter()),
                end: group.span_close().end().line,
                inside: nodes(group.stream()),
            },
            TokenTree::Punct(sign) => {
                let joined = match rest.peek() {
                    Some(TokenTree::Punct(next)) if sign.spacing() == Spacing::Joint => Some(next.as_char()),
                    _ => None,
                };
                let token = match (sign.as_char(), joined) {
                    (':', Some(':')) => Token::PathSeparator,
                    ('=', Some('>')) => Token::Arrow,
                    ('\'', _) => Token::Lifetime,
                    (sign, _) => Token::Mark(sign),
                };
                if !matches!(token, Token::Mark(_)) {
                    rest.next();
                }
                token
            }
        };
        read.push(Node { line, token });
    }
    read
}

fn bracket(delimiter: Delimiter) -> char {
    match delimiter {
        Delimiter::Parenthesis => '(',
        Delimiter::Bracket => '[',
        Delimiter::Brace => '{',
        Delimiter::None => ' ',
    }
}

/// Visits the tokens and, inside every group, its tokens: each call gets one level.
pub fn every_level<'a>(nodes: &'a [Node], visit: &mut dyn FnMut(&'a [Node])) {
    visit(nodes);
    for node in nodes {
        if let Token::Group { inside, .. } = &node.token {
            every_level(inside, visit);
        }
    }
}

/// Visits every identifier with its line, in the order of the source.
pub fn every_word<'a>(nodes: &'a [Node], visit: &mut dyn FnMut(&'a str, usize)) {
    for node in nodes {
        if let Some(word) = node.word() {
            visit(word, node.line);
        }
        if let Token::Group { inside, .. } = &node.token {
            every_word(inside, visit);
        }
    }
}

/// The words of a name in lower case: `PageTable`, `page_table` and `PAGE_TABLE` are `page` and `table`.
#[must_use]
pub fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for letter in name.chars() {
        if letter == '_' || (letter.is_uppercase() && after_small) {
            words.push(String::new());
        }
        after_small = letter.is_lowercase() || letter.is_ascii_digit();
        if letter != '_'
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::{read, words_of};

    #[test]
    fn names_fall_into_words() {
        let cases: [(&str, &[&str]); 5] = [
            ("PageTable", &["page", "table"]),
            ("debug_assert", &["debug", "assert"]),
            ("is_bug", &["is", "bug"]),
            ("BUGS", &["bugs"]),
            ("_x", &["x"]),
        ];
        for (name, words) in cases {
            assert_eq!(words_of(name), words, "{name}");
        }
    }

    #[test]
    fn comments_and_texts_are_not_code() {
        let nodes = read("// unsafe\n/* unsafe */ const A: &'static str = \"unsafe\"; /// unsafe\nfn f() {}").unwrap();
        let mut words = Vec::new();
        super::every_word(&nodes, &mut |word, line| words.push((word.to_owned(), line)));
        let words: Vec<_> = words.iter().map(|(word, line)| (word.as_str(), *line)).collect();
        assert_eq!(words, [("const", 2), ("A", 2), ("str", 2), ("doc", 2), ("fn", 3), ("f", 3)]);
    }
}
