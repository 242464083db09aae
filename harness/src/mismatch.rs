//! A mismatch: what an oracle finds, in words.

use std::borrow::Cow;
use std::cmp::Ordering;

/// What an oracle finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Which oracle, in a word.
    pub oracle: &'static str,
    /// Which fact, in a word; for a panic and for a recount what they say, as a slug.
    pub fact: Cow<'static, str>,
    /// What the reference says, naming the thing that it says it of.
    pub expected: String,
    /// What the subject says.
    pub actual: String,
    /// Whether the subject has less or more than the reference.
    pub sense: Sense,
}

/// In which sense the subject differs. A bit that is clear and one that is set are different faults, and so are a count
/// that is too low and one that is too high.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sense {
    /// It has less: a bit is clear, a count is low, what the reference does is refused.
    Less,
    /// It has more: a bit is set, a count is high, what the reference refuses is done.
    More,
    /// Neither.
    Other,
}

impl Sense {
    /// The sense in which two values of one kind differ.
    pub(crate) fn between<T: Ord>(expected: T, actual: T) -> Sense {
        match actual.cmp(&expected) {
            Ordering::Less => Sense::Less,
            Ordering::Greater => Sense::More,
            Ordering::Equal => Sense::Other,
        }
    }
}

/// A sentence as a fact of a signature: its words in small letters, joined, without those that have digits; at most 48
/// letters.
#[must_use]
pub(crate) fn slug(sentence: &str) -> String {
    let is_word = |word: &&str| !word.is_empty() && !word.bytes().any(|byte| byte.is_ascii_digit());
    let words = sentence.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(is_word);
    let mut slug = String::new();
    for word in words {
        if slug.len() + 1 + word.len() > MOST_LETTERS {
            break;
        }
        if !slug.is_empty() {
            slug.push('_');
        }
        slug.push_str(&word.to_ascii_lowercase());
    }
    if slug.is_empty() { "nothing".to_string() } else { slug }
}

/// The most letters of a [`slug`].
const MOST_LETTERS: usize = 48;

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn a_slug_has_the_words_of_a_sentence_up_to_48_letters() {
        assert_eq!(slug("Page 12 of s0 v3: gone,  for EVER!"), "page_of_gone_for_ever");
        assert_eq!(slug("7 × 8"), "nothing");
        let [long, longer] = [47, 48].map(|length| "a".repeat(length));
        assert_eq!(slug(&long), long);
        assert_eq!(slug(&longer), "nothing", "a word and the stroke before it");
        let [half, rest] = ["a".repeat(23), "b".repeat(24)];
        assert_eq!(slug(&format!("{half} {rest}")), format!("{half}_{rest}"));
        assert_eq!(slug(&format!("{half} {rest}b c")), half, "nothing is left out in the middle");
    }
}
