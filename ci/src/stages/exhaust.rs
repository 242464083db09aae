//! The stage `exhaust`: the states that are kept in the repository are reached again.

use anyhow::{Context as _, Result, ensure};

use crate::context::Context;

/// What an exploration came to, kept in the repository: machine, headings, and a line for each depth.
pub(super) struct Certificate {
    /// The file, from the root of the workspace.
    pub(super) kept: &'static str,
    /// The options that choose the subject.
    pub(super) subject: &'static [&'static str],
    /// How deep a stage goes; the kept file goes deeper.
    pub(super) depth: usize,
}

pub(super) fn run(context: &Context) -> Result<()> {
    Certificate { kept: "ci/exhaust.txt", subject: &[], depth: 5 }.check(context)?;
    Certificate { kept: "ci/exhaust-huge.txt", subject: &[], depth: 4 }.check(context)
}

impl Certificate {
    /// Reaches the first depths again.
    pub(super) fn check(&self, context: &Context) -> Result<()> {
        let Certificate { kept, subject, depth } = self;
        let text = context.sh.read_file(kept)?;
        let lines: Vec<&str> = text.lines().collect();
        let headings = lines.iter().take_while(|line| line.starts_with('#')).count();
        let expected = lines.get(..headings + depth);
        let expected = expected.with_context(|| format!("{kept} has {} lines: too few", lines.len()))?;
        let machine = expected.first().and_then(|line| line.strip_prefix("# machine "));
        let machine = machine.with_context(|| format!("{kept} does not name its machine"))?;
        let search = ["exhaust", "--machine", machine, "--depth", &depth.to_string()];
        let reached = context.stalemap().args(search).args(*subject).read()?;
        ensure!(
            reached.lines().eq(expected.iter().copied()),
            "other states are reached than {kept} has. Where a change of private lists or of a rule explains it, keep them \
             anew with\n  cargo run --release -- exhaust {} --depth {} --out {kept}\nreached:\n{reached}",
            subject.join(" "),
            lines.len() - headings
        );
        Ok(())
    }
}
