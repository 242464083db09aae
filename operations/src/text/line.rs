//! The words of one line, and the errors that name one of them.

use alloc::format;
use alloc::string::{String, ToString};

use super::error::{ParseError, nearest};

/// A word and the column in which it begins, counted from 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word<'a> {
    pub(crate) text: &'a str,
    pub(super) column: usize,
}

/// The words of a line that were not read yet.
#[derive(Clone, Debug)]
pub(crate) struct Line<'a> {
    number: usize,
    rest: &'a str,
    column: usize,
}

impl<'a> Line<'a> {
    pub(super) fn new(number: usize, text: &'a str) -> Self {
        Line { number, rest: text, column: 1 }
    }

    /// The next word without taking it.
    pub(super) fn peek(&self) -> Option<Word<'a>> {
        self.clone().take()
    }

    /// The next word.
    pub(super) fn take(&mut self) -> Option<Word<'a>> {
        let start = self.rest.find(|c: char| !c.is_whitespace())?;
        let from = &self.rest[start..];
        let text = from.find(char::is_whitespace).map_or(from, |end| &from[..end]);
        let column = self.column + self.rest[..start].chars().count();
        self.column = column + text.chars().count();
        self.rest = &from[text.len()..];
        Some(Word { text, column })
    }

    /// The next word, which must be there.
    pub(crate) fn expect(&mut self, expected: &str) -> Result<Word<'a>, ParseError> {
        let end = self.end();
        self.take().ok_or_else(|| self.error(end, expected))
    }

    /// The end of the line, as a word with nothing in it.
    pub(super) fn end(&self) -> Word<'a> {
        Word { text: "", column: self.column }
    }

    /// Fails unless all words were read.
    pub(super) fn finish(mut self, expected: &str) -> Result<(), ParseError> {
        match self.take() {
            None => Ok(()),
            Some(word) => Err(self.error(word, expected)),
        }
    }

    /// An error at a word.
    pub(crate) fn error(&self, word: Word<'_>, expected: &str) -> ParseError {
        let found = match word.text {
            "" if word.column < self.column => "nothing".to_string(),
            "" => "the end of the line".to_string(),
            text => quoted(text),
        };
        ParseError { line: self.number, column: word.column, found, expected: expected.to_string(), nearest: None }
    }

    /// An error at a word for which there are known words.
    pub(crate) fn unknown<'w>(
        &self,
        word: Word<'_>,
        expected: &str,
        known: impl IntoIterator<Item = &'w str>,
    ) -> ParseError {
        ParseError { nearest: nearest(word.text, known), ..self.error(word, expected) }
    }
}

/// A word in quotes, cut where it is long, with nothing in it that a terminal would obey.
fn quoted(word: &str) -> String {
    const MOST: usize = 40;
    let shown: String = word.chars().take(MOST).flat_map(char::escape_debug).collect();
    let more = if word.chars().count() > MOST { "…" } else { "" };
    format!("\"{shown}{more}\"")
}

/// A decimal number without sign or leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}
