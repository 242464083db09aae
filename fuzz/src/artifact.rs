//! How libFuzzer names the input that ends the process, and where it is about to write it.

use std::env;

/// `crash-` and the SHA-1 of the input.
pub(crate) fn name(bytes: &[u8]) -> String {
    format!("crash-{}", stalemap_report::input_name(bytes))
}

/// The file: that name behind what `-artifact_prefix=` says; relative to the current folder where it lies below it.
/// AFL++ alone knows what it will call the file.
pub(crate) fn path(bytes: &[u8]) -> String {
    if !cfg!(feature = "libfuzzer") {
        return "FILE".to_string();
    }
    let arguments: Vec<String> = env::args().collect();
    let value = |flag: &str| arguments.iter().rev().find_map(|argument| argument.strip_prefix(flag));
    if let Some(exact) = value("-exact_artifact_path=") {
        return exact.to_string();
    }
    let current = env::current_dir().map(|folder| format!("{}/", folder.display())).unwrap_or_default();
    let prefix = value("-artifact_prefix=").unwrap_or_default();
    format!("{}{}", prefix.strip_prefix(&current).unwrap_or(prefix), name(bytes))
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_crash_is_named_as_libfuzzer_names_it() {
        // The SHA-1 of an empty input.
        assert_eq!(name(&[]), "crash-da39a3ee5e6b4b0d3255bfef95601890afd80709");
    }
}
