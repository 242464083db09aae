//! Rules: what the table of operations says of an operation, and the functions of Linux that carry it out.

use serde::Serialize;
use stalemap_operations::Kind;

/// What an operation means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its word.
    pub word: &'static str,
    /// What the table says of it, on one line.
    pub meaning: String,
    /// The functions of Linux 7.3 that carry it out, each with the source that defines it.
    pub functions: Vec<(&'static str, &'static str)>,
}

impl Rule {
    /// The rule of an operation.
    #[must_use]
    pub fn of(kind: Kind) -> Rule {
        let row = kind.row();
        let meaning = row.meaning.split_whitespace().collect::<Vec<_>>().join(" ");
        let functions = row.linux.iter().map(|function| (function.name, function.file)).collect();
        Rule { word: row.word, meaning, functions }
    }
}

#[cfg(test)]
mod tests {
    use stalemap_operations::Kind;

    use super::Rule;

    #[test]
    fn a_rule_is_what_the_table_says_on_one_line_with_functions_of_linux() {
        let rule = Rule::of(Kind::Pages);
        assert!(rule.meaning.starts_with("Third phase (`migrate_vma_pages`)") && !rule.meaning.contains('\n'));
        assert_eq!(rule.functions[0], ("migrate_vma_pages", "mm/migrate_device.c"));
        for &kind in Kind::ALL {
            assert!(!Rule::of(kind).functions.is_empty(), "{kind:?}");
        }
    }
}
