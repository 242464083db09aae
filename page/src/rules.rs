//! Rules: what the table of operations says of an operation, and the functions of Linux that it names.

use serde::Serialize;
use stalemap_operations::Kind;

/// What an operation means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its word.
    pub word: &'static str,
    /// What the table says of it, on one line.
    pub meaning: String,
    /// The functions of Linux that it names.
    pub functions: Vec<String>,
}

impl Rule {
    /// The rule of an operation.
    #[must_use]
    pub fn of(kind: Kind) -> Rule {
        let row = kind.row();
        let meaning = row.meaning.split_whitespace().collect::<Vec<_>>().join(" ");
        let functions = functions(&meaning);
        Rule { word: row.word, meaning, functions }
    }
}

/// The names of functions in a text: what stands in backticks, is an identifier in small letters, and names no operation and
/// no space.
fn functions(text: &str) -> Vec<String> {
    let is_function = |word: &&str| {
        let is_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
        word.chars().all(is_name) && !word.is_empty() && Kind::by_word(word).is_none()
    };
    text.split('`').skip(1).step_by(2).filter(is_function).map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use stalemap_operations::Kind;

    use super::Rule;

    #[test]
    fn a_rule_is_what_the_table_says_with_the_functions_that_it_names() {
        let functions = |word: &str| Rule::of(Kind::by_word(word).expect("an operation")).functions;
        assert_eq!(functions("setup"), ["migrate_vma_setup", "migrate_vma_collect_pmd"]);
        assert_eq!(functions("device_read"), ["hmm_range_fault", "hmm_vma_fault", "hmm_do_fault"]);
        assert_eq!(functions("exit"), [""; 0], "s0 and EINVAL are none");
        assert!(
            Rule::of(Kind::by_word("pages").expect("one")).meaning.starts_with("Third phase (`migrate_vma_pages`)")
        );
    }
}
