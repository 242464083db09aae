//! Where libFuzzer is about to write the input that ends the process.

use std::env;
use std::fmt::Write;

use sha1::{Digest, Sha1};

/// The file as libFuzzer names it: `crash-` and the SHA-1 of the input, behind what `-artifact_prefix=` says; relative
/// to the current folder where it lies below it.
pub(crate) fn path(bytes: &[u8]) -> String {
    let arguments: Vec<String> = env::args().collect();
    let value = |flag: &str| arguments.iter().rev().find_map(|argument| argument.strip_prefix(flag));
    if let Some(exact) = value("-exact_artifact_path=") {
        return exact.to_string();
    }
    let current = env::current_dir().map(|folder| format!("{}/", folder.display())).unwrap_or_default();
    let prefix = value("-artifact_prefix=").unwrap_or_default();
    let mut path = format!("{}crash-", prefix.strip_prefix(&current).unwrap_or(prefix));
    for byte in Sha1::digest(bytes) {
        write!(path, "{byte:02x}").expect("a string takes everything");
    }
    path
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn a_crash_is_named_as_libfuzzer_names_it() {
        // The SHA-1 of an empty input.
        assert_eq!(path(&[]), "crash-da39a3ee5e6b4b0d3255bfef95601890afd80709");
    }
}
