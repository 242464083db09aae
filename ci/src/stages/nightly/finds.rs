//! What a nightly campaign has found: each input minimised, grouped by signature, replayed, and written up as an issue.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::stages::workshop::{Call, Workshop, entries_of};

/// The exit code of `stalemap run` when both sides differ.
const DIFFERS: i32 = 1;

/// An issue has room for 65,536 characters; so many inputs that are no traces are named of each target.
const NAMED: usize = 10;

/// The finds of all targets.
pub(super) struct Finds {
    /// The planted bug, if there is one.
    bug: Option<String>,
    /// Where minimised traces go.
    traces: PathBuf,
    /// By signature.
    groups: BTreeMap<String, Group>,
    /// By target: the names of inputs that stop it and are no traces that diverge.
    others: BTreeMap<String, Vec<String>>,
}

/// The inputs that came to one signature, by the shortest trace among them.
#[derive(Default)]
struct Group {
    text: String,
    inputs: usize,
    targets: BTreeSet<String>,
}

impl Finds {
    pub(super) fn new(bug: Option<&str>, traces: PathBuf) -> Finds {
        Finds { bug: bug.map(str::to_owned), traces, groups: BTreeMap::new(), others: BTreeMap::new() }
    }

    /// How many different things were found: signatures, and inputs that have none.
    pub(super) fn count(&self) -> usize {
        self.groups.len() + self.others.values().map(Vec::len).sum::<usize>()
    }

    /// Minimises what a target has found, and replays the trace that each came to.
    pub(super) fn collect(&mut self, workshop: &Workshop, target: &str, artifacts: &Path) -> Result<()> {
        for input in entries_of(artifacts)? {
            let name = input.file_name().context("an input has a name")?.to_string_lossy().into_owned();
            let trace = self.traces.join(format!("{target}-{name}.trace"));
            let minimize = self.stalemap("minimize").argument(&input).argument("-o").argument(&trace);
            // What stops the target of texts may be no trace at all.
            let (code, said) = workshop.hear(&minimize)?;
            if code != 0 {
                println!("{target} stops at {name}, and `minimize` says: {}", said.trim_end());
                self.others.entry(target.to_owned()).or_default().push(name);
                continue;
            }
            let (code, said) = workshop.hear(&self.stalemap("run").argument(&trace))?;
            ensure!(code == DIFFERS, "the trace {} does not replay:\n{said}", trace.display());
            let text = fs::read_to_string(&trace).with_context(|| format!("cannot read {}", trace.display()))?;
            let signature = signature_of(&text).with_context(|| format!("{} tells no signature", trace.display()))?;
            self.groups.entry(signature.to_owned()).or_default().add(target, &text);
        }
        Ok(())
    }

    /// The text of an issue.
    pub(super) fn report(&self) -> String {
        let mut report = String::new();
        let bug = self.bug.as_ref().map(|bug| format!("--features seeded-bugs -- run --bug {bug}"));
        let replay = format!("cargo run --release {} find.trace", bug.as_deref().unwrap_or("-- run"));
        for (signature, Group { text, inputs, targets }) in &self.groups {
            let targets: Vec<_> = targets.iter().map(|target| format!("`{target}`")).collect();
            // Where the file was when it was made helps nobody who reads this.
            let lines = text.lines().filter(|line| !line.starts_with("# Replay with:"));
            let text = lines.collect::<Vec<_>>().join("\n");
            let _ = writeln!(report, "## `{signature}`: {inputs} inputs of {}\n", targets.join(", "));
            let _ = writeln!(report, "```\n{text}\n```\n\nSave it as `find.trace` and replay it with:\n");
            let _ = writeln!(report, "```sh\n{replay}\n```\n");
        }
        for (target, inputs) in &self.others {
            let _ =
                writeln!(report, "## `{target}` stops at inputs that are no traces which diverge: {}\n", inputs.len());
            let _ =
                writeln!(report, "They are among the artifacts, in `artifacts/{target}`; replay one with:\n\n```sh");
            for input in inputs.iter().take(NAMED) {
                let _ = writeln!(report, "cargo fuzz run {target} -s none {input}");
            }
            let _ = writeln!(report, "```\n");
        }
        report
    }

    /// The program, with the planted bug where there is one.
    fn stalemap(&self, command: &str) -> Call {
        Call::stalemap(&["--release"], self.bug.as_deref(), &[command])
    }
}

impl Group {
    /// Takes an input in that came to this text.
    fn add(&mut self, target: &str, text: &str) {
        self.inputs += 1;
        self.targets.insert(target.to_owned());
        if self.text.is_empty() || text.lines().count() < self.text.lines().count() {
            text.clone_into(&mut self.text);
        }
    }
}

/// The first line of a find's trace, without its mark.
fn signature_of(text: &str) -> Option<&str> {
    text.lines().next()?.strip_prefix("# ").filter(|words| words.contains('@'))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Finds, signature_of};

    #[test]
    fn a_report_has_the_shortest_trace_of_each_signature_and_the_command_that_replays_it() {
        let mut finds = Finds::new(None, PathBuf::new());
        let group = finds.groups.entry("rmap.places@migrate".to_owned()).or_default();
        group.add("lockstep", "# rmap.places@migrate\n# Replay with: x\nmachine ram=1\nlong\nlonger\n");
        group.add("migration", "# rmap.places@migrate\n# Replay with: x\nmachine ram=1\nshort\n");
        group.add("lockstep", "# rmap.places@migrate\n# Replay with: x\nmachine ram=1\nlong\nlonger\n");
        let names = (0..12).map(|number| format!("crash-{number}")).collect();
        finds.others.insert("trace_text".to_owned(), names);
        let report = finds.report();
        assert!(report.starts_with("## `rmap.places@migrate`: 3 inputs of `lockstep`, `migration`\n"));
        assert!(report.contains("```\n# rmap.places@migrate\nmachine ram=1\nshort\n```\n"));
        assert!(report.contains("```sh\ncargo run --release -- run find.trace\n```\n"));
        assert!(report.contains("diverge: 12\n") && report.contains("cargo fuzz run trace_text -s none crash-9\n"));
        assert!(!report.contains("crash-10") && !report.contains("longer"));
        assert_eq!(finds.count(), 13);
    }

    #[test]
    fn a_planted_bug_is_in_the_command_that_replays() {
        let mut finds = Finds::new(Some("stale_mapping"), PathBuf::new());
        finds.groups.entry("a@b".to_owned()).or_default().add("lockstep", "# a@b\n");
        let replay = "\ncargo run --release --features seeded-bugs -- run --bug stale_mapping find.trace\n";
        assert!(finds.report().contains(replay), "{}", finds.report());
    }

    #[test]
    fn the_signature_is_the_first_line_of_a_find() {
        assert_eq!(signature_of("# rmap.places@migrate\n# expected: x\n"), Some("rmap.places@migrate"));
        assert_eq!(signature_of("machine ram=1\n"), None);
    }
}
