//! The test command as README.md gives it: what newcomers type first must be what continuous integration runs.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// The one command that must test the workspace.
const TEST_COMMAND: &str = "cargo test";

/// The arguments of the test command, from README.md.
pub(super) fn test_arguments(root: &Path) -> Result<Vec<String>> {
    let text =
        fs::read_to_string(root.join("README.md")).context("README.md cannot be read; it gives the test command")?;
    let command = code_lines(&text).find(|line| *line == TEST_COMMAND).with_context(|| {
        format!("README.md has no line of code that is exactly `{TEST_COMMAND}`; newcomers look for it there")
    })?;
    Ok(command.split_whitespace().skip(1).map(str::to_owned).collect())
}

/// The commands in blocks of code, fenced or indented, without prompts and comments at their ends.
fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut is_fenced = false;
    text.lines().filter_map(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_fenced ^= is_fence;
        let is_code = is_fenced && !is_fence || line.starts_with("    ");
        let line = line.trim();
        let command = line.strip_prefix("$ ").unwrap_or(line);
        is_code.then(|| command.split_once(" #").map_or(command, |(command, _)| command).trim_end())
    })
}

#[cfg(test)]
mod tests {
    use super::code_lines;

    #[test]
    fn only_code_gives_commands() {
        let text = "Type cargo test.\n```sh\n$ cargo test      # a minute\n```\ncargo test\n\n    cargo run\n";
        assert_eq!(code_lines(text).collect::<Vec<_>>(), ["cargo test", "cargo run"]);
    }
}
