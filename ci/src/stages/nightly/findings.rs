//! What a nightly campaign has found: each input minimised, grouped by signature, replayed, and written up as an issue.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use xshell::{Cmd, cmd};

use crate::context::{Context, code_and_text};

/// The exit code of `stalemap run` when both sides differ.
const DIFFERS: i32 = 1;

/// The findings of all targets.
pub(super) struct Findings {
    /// The planted bug, if there is one.
    bug: Option<String>,
    /// Where minimised traces go.
    folder: PathBuf,
    /// By signature: the shortest trace, and how many inputs came to it.
    traces: BTreeMap<String, (String, usize)>,
    /// Inputs that stop a target and are no traces that diverge: the target and the name.
    others: Vec<(String, String)>,
}

impl Findings {
    pub(super) fn new(bug: Option<&str>, folder: PathBuf) -> Findings {
        Findings { bug: bug.map(str::to_owned), folder, traces: BTreeMap::new(), others: Vec::new() }
    }

    /// How many different things were found: signatures, and inputs that have none.
    pub(super) fn count(&self) -> usize {
        self.traces.len() + self.others.len()
    }

    /// Minimises what a target has found, and replays the trace that each came to.
    pub(super) fn collect(&mut self, context: &Context, target: &str, artifacts: &Path) -> Result<()> {
        for input in context.sh.read_dir(artifacts)? {
            let name = input.file_name().context("an input has a name")?.to_string_lossy().into_owned();
            let trace = self.folder.join(format!("{target}-{name}.trace"));
            let minimize = self.stalemap(context, "minimize").arg(&input).arg("-o").arg(&trace);
            // What stops the target of texts may be no trace at all.
            let (code, said) = code_and_text(minimize)?;
            if code != 0 {
                println!("{target} stops at {name}, and `minimize` says: {}", said.trim_end());
                self.others.push((target.to_owned(), name));
                continue;
            }
            let (code, said) = code_and_text(self.stalemap(context, "run").arg(&trace))?;
            ensure!(code == DIFFERS, "the trace {} does not replay:\n{said}", trace.display());
            self.add(&context.sh.read_file(&trace)?)?;
        }
        Ok(())
    }

    /// Takes a minimised trace, whose first line is its signature.
    fn add(&mut self, text: &str) -> Result<()> {
        let signature = text.lines().next().and_then(|line| line.strip_prefix("# ")).filter(|it| it.contains('@'));
        let signature = signature.with_context(|| format!("no signature stands in the first line of\n{text}"))?;
        let (shortest, inputs) = self.traces.entry(signature.to_owned()).or_default();
        *inputs += 1;
        if shortest.is_empty() || text.lines().count() < shortest.lines().count() {
            text.clone_into(shortest);
        }
        Ok(())
    }

    /// The text of an issue.
    pub(super) fn report(&self) -> String {
        let mut report = String::new();
        let bug = self.bug.as_ref().map(|bug| format!("--features seeded-bugs -- run --bug {bug}"));
        let replay = format!("cargo run --release {} finding.trace", bug.as_deref().unwrap_or("-- run"));
        for (signature, (text, inputs)) in &self.traces {
            // Where the file was when it was made helps no reader.
            let lines: Vec<_> = text.lines().filter(|line| !line.starts_with("# Replay with:")).collect();
            let _ = writeln!(report, "## `{signature}`: {inputs} inputs\n\n```\n{}\n```\n", lines.join("\n"));
            let _ = writeln!(report, "Save it as `finding.trace` and replay it with:\n\n```sh\n{replay}\n```\n");
        }
        if !self.others.is_empty() {
            let _ = writeln!(report, "## {} inputs that are no traces which diverge\n", self.others.len());
            let _ = writeln!(report, "They are among the artifacts; replay one with:\n\n```sh");
            // An issue has room for 65,536 characters.
            for (target, name) in self.others.iter().take(10) {
                let _ = writeln!(report, "cargo fuzz run {target} -s none artifacts/{target}/{name}");
            }
            report.push_str("```\n");
        }
        report
    }

    /// The program, with the planted bug where there is one.
    fn stalemap<'a>(&self, context: &'a Context, command: &str) -> Cmd<'a> {
        let features: &[&str] = if self.bug.is_some() { &["--features", "seeded-bugs"] } else { &[] };
        let bug = self.bug.iter().flat_map(|bug| ["--bug", bug]);
        cmd!(context.sh, "cargo run --release -q --locked -p stalemap-cli {features...} -- {command} {bug...}")
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::Findings;

    #[test]
    fn a_report_has_the_shortest_trace_of_each_signature_and_the_command_that_replays_it() {
        for (bug, replay) in
            [(None, "-- run finding.trace"), (Some("x"), "--features seeded-bugs -- run --bug x finding.trace")]
        {
            let mut findings = Findings::new(bug, PathBuf::new());
            findings.add("# rmap.places@migrate\n# Replay with: x\nmachine ram=1\nlong\nlonger\n").unwrap();
            findings.add("# rmap.places@migrate\n# Replay with: x\nmachine ram=1\nshort\n").unwrap();
            assert!(findings.add("machine ram=1\n").is_err());
            findings.others = (0..12).map(|number| ("trace_text".to_owned(), format!("crash-{number}"))).collect();
            let report = findings.report();
            assert!(report.starts_with("## `rmap.places@migrate`: 2 inputs\n"), "{report}");
            assert!(report.contains("```\n# rmap.places@migrate\nmachine ram=1\nshort\n```\n"), "{report}");
            assert!(report.contains(&format!("```sh\ncargo run --release {replay}\n```\n")), "{report}");
            assert!(report.contains("crash-9\n") && !report.contains("crash-10") && !report.contains("longer"));
            assert_eq!(findings.count(), 13);
        }
    }
}
