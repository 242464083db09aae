//! Pages that keep what was measured: a part between two marks is written anew, the rest stays.

use std::fs;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result};
use jiff::Timestamp;
use stalemap_commands::output;

use crate::catalogue::Line;

/// What ends a part.
const END: &str = "<!-- end -->";

/// Whether the page has a part for this measurement. Call it before the measurement begins.
///
/// # Errors
/// When it has none, or cannot be read.
pub(super) fn check(page: Option<&Path>, what: &str) -> Result<()> {
    page.map_or(Ok(()), |page| parts(&read(page)?, page, what).map(|_| ()))
}

/// Writes the table into its part of the page, under the day, the machine and the command.
///
/// # Errors
/// As [`check`], or when the page cannot be written.
pub(super) fn update(line: &Line, page: Option<&Path>, what: &str, table: &str) -> Result<()> {
    let Some(page) = page else {
        return Ok(());
    };
    let text = read(page)?;
    let (before, after) = parts(&text, page, what)?;
    output::write_file(page, format!("{before}\n{}\n\n{table}{after}", made(line)).as_bytes())?;
    output::tell(format_args!("written to {}", page.display()));
    Ok(())
}

fn read(page: &Path) -> Result<String> {
    fs::read_to_string(page).with_context(|| format!("cannot read {}", page.display()))
}

/// What stands before and behind the part, marks included.
fn parts<'a>(text: &'a str, page: &Path, what: &str) -> Result<(&'a str, &'a str)> {
    let start = format!("<!-- bugs --{what} -->\n");
    let cut = || {
        let from = text.find(&start)? + start.len();
        let to = from + text[from..].find(END)?;
        Some((&text[..from], &text[to..]))
    };
    cut().with_context(|| format!("{} has no part from `{}` to `{END}`", page.display(), start.trim_end()))
}

/// When, where and how it was made.
fn made(line: &Line) -> String {
    let words: Vec<_> = line.words().iter().map(|word| word.to_string_lossy()).collect();
    let processors = thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{}, {}, {processors} processors, `cargo run --release --features seeded-bugs -- {}`",
        Timestamp::now().strftime("%Y-%m-%d"),
        processor().unwrap_or_else(|| "unknown processor".to_string()),
        shlex::try_join(words.iter().map(AsRef::as_ref)).unwrap_or_else(|_| words.join(" ")),
    )
}

/// The model of the processor, where the system tells it as Linux does.
fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'))?;
    Some(model.1.trim().to_string())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::parts;

    #[test]
    fn a_part_reaches_from_its_mark_to_the_next_end() {
        let text = "a\n<!-- bugs --bench -->\nold\n<!-- end -->\nb\n<!-- bugs --oracles -->\n<!-- end -->\n";
        let (before, after) = parts(text, Path::new("page"), "bench").expect("it has one");
        assert_eq!(before, "a\n<!-- bugs --bench -->\n");
        assert!(after.starts_with("<!-- end -->\nb\n"), "{after}");
        let none = parts(text, Path::new("page"), "minimiser").expect_err("it has none");
        assert_eq!(none.to_string(), "page has no part from `<!-- bugs --minimiser -->` to `<!-- end -->`");
    }
}
