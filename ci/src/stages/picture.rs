//! The stage `picture`: the finding that README.md shows is drawn from what is printed today.

use anstyle_svg::Term;
use anyhow::{Context as _, Result, ensure};

use crate::context::{Context, code_and_stdout};

/// Where the picture is kept, from the root of the workspace.
const KEPT: &str = "docs/src/finding.svg";
/// What README.md says that finds it.
const COMMAND: &[&str] = &["fuzz", "--bug", "stale_mapping", "--seed", "1", "--max-findings", "1"];
/// What a campaign ends with that has found something.
const FOUND: i32 = 1;
/// The line behind the finding.
const END: &str = "  kept in";

/// Draws the finding and compares it with the picture that is kept; where they differ the new one is kept.
pub(super) fn run(context: &Context) -> Result<()> {
    let folder = context.fresh_folder("picture")?;
    let program = context.stalemap().env("CLICOLOR_FORCE", "1").args(COMMAND).arg("--out").arg(folder.join("findings"));
    let (code, printed) = code_and_stdout(program)?;
    ensure!(code == FOUND, "the campaign ended with exit code {code} and not with a finding:\n{printed}");
    let picture = Term::new().render_svg(finding(&printed)?);
    let path = context.root.join(KEPT);
    if context.sh.read_file(&path).is_ok_and(|kept| kept == picture) {
        return Ok(());
    }
    context.sh.write_file(&path, picture)?;
    anyhow::bail!("{KEPT} was not what is printed today; it is drawn anew: look at it and commit it")
}

/// The finding without what stands behind it, which names a folder.
fn finding(printed: &str) -> Result<&str> {
    let end = printed.lines().position(|line| line.starts_with(END));
    let end = end.with_context(|| format!("what is printed has no line that begins with `{END}`:\n{printed}"))?;
    let end: usize = printed.split_inclusive('\n').take(end).map(str::len).sum();
    // The summary of the campaign stands in front of it, up to the first empty line.
    let start = printed[..end].find("\n\n").map_or(0, |summary| summary + 2);
    let finding = printed[start..end].trim_end();
    ensure!(!finding.is_empty(), "nothing is printed in front of `{END}`:\n{printed}");
    Ok(finding)
}

#[cfg(test)]
mod tests {
    use super::finding;

    #[test]
    fn a_picture_ends_with_the_finding() {
        let printed = "met\nseed 1\n\nrmap@migrate\n\n  > read\n\n  kept in   a\n  replay b\n";
        assert_eq!(finding(printed).unwrap(), "rmap@migrate\n\n  > read");
        assert!(finding("rmap@migrate\n").is_err());
        assert!(finding("\n  kept in a\n").is_err());
    }
}
