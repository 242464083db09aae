//! The name of a new crate, as Cargo and the compiler take it.

use anyhow::{Result, bail};

/// Names that a program may not have: keywords, crates that every program has, folders of a target, and what the new crates
/// depend on.
const TAKEN: &[&str] = &[
    "abstract",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "struct",
    "super",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield", //
    "alloc",
    "core",
    "proc_macro",
    "std",
    "test", //
    "build",
    "deps",
    "examples",
    "incremental", //
    "afl",
    "libfuzzer_sys",
    "stalemap",
];

/// The most letters in a name, as the registry has it.
const LONGEST: usize = 64;

/// Checks that a crate can be called so.
///
/// # Errors
/// Says what is wrong with the name.
pub(crate) fn check(name: &str) -> Result<()> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if let Some(letter) = name.chars().find(|letter| !is_letter(*letter)) {
        bail!("a crate cannot be called {name:?}: {letter:?} is not an ASCII letter, a digit, `-` or `_`");
    }
    if !name.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
        bail!("a crate cannot be called {name:?}: the name begins with a letter");
    }
    if name.len() > LONGEST {
        bail!("a crate cannot be called {name:?}: the name has more than {LONGEST} letters");
    }
    if TAKEN.contains(&name.replace('-', "_").to_ascii_lowercase().as_str()) {
        bail!("a crate cannot be called {name:?}: the name has another meaning to Rust, Cargo or Stalemap");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, check};

    #[test]
    fn a_name_is_taken_or_refused_for_a_reason() {
        for good in ["mine", "my-allocator", "A1_b", &"a".repeat(LONGEST)] {
            assert!(check(good).is_ok(), "{good}");
        }
        let rows = [
            ("", "begins with a letter"),
            ("9mine", "begins with a letter"),
            ("-x", "begins with a letter"),
            ("my allocator", "' ' is not an ASCII letter"),
            ("größe", "'ö' is not an ASCII letter"),
            ("match", "another meaning"),
            ("proc-macro", "another meaning"),
            ("Stalemap", "another meaning"),
            (&"a".repeat(LONGEST + 1), "more than 64 letters"),
        ];
        for (bad, why) in rows {
            let error = check(bad).expect_err(bad).to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
