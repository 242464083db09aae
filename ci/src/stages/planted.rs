//! The stage that plants bugs and wrong lines and lets each engine look for them, from an empty corpus and through the
//! command that users type. What one engine has found must come out as the same trace whoever runs it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::targets;
use super::workshop::{Call, Workshop};
use crate::tree::Tree;

const ENGINES: [&str; 2] = ["libfuzzer", "afl"];

/// Seeded bugs of migration and of the reverse map.
const BUGS: &[&str] =
    &["stale_mapping", "subpage_pointer", "newest_anon_vma", "readonly_slow_path", "frame_leak_on_abort"];

/// How long each may hide, in seconds.
const LIMIT: u64 = 60;

/// A line of the implementation, and a wrong one instead.
struct Line {
    name: &'static str,
    file: &'static str,
    right: &'static str,
    wrong: &'static str,
}

const LINES: &[Line] = &[
    Line {
        name: "a migration entry forgets the writable bit",
        file: "implementation/src/rmap/mod.rs",
        right: "PteView::Migration { frame, writable }, &mut",
        wrong: "PteView::Migration { frame, writable: writable && frame.0 == 0 }, &mut",
    },
    Line {
        name: "a restored entry is not counted",
        file: "implementation/src/rmap/mod.rs",
        right: "self.add_rmap(new, place)?;",
        wrong: "",
    },
    Line {
        name: "the content is not copied",
        file: "implementation/src/migration/mod.rs",
        right: "self.frames.memmap.set_content(frame, stamp);",
        wrong: "self.frames.memmap.set_content(old, stamp);",
    },
    Line {
        name: "a second setup does not count its lock",
        file: "implementation/src/migration/mod.rs",
        right: "machine.spaces[space.index()].locks += 1;",
        wrong: "machine.spaces[space.index()].locks |= 1;",
    },
];

pub(super) fn run(workshop: &Workshop) -> Result<()> {
    let folder = workshop.fresh_folder("planted")?;
    let mut table = Vec::new();
    for &bug in BUGS {
        let (root, target) = (workshop.root().to_owned(), workshop.target().to_owned());
        table.extend(Place { root, target, bug: Some(bug) }.hunts(workshop, bug, &folder)?);
    }
    let checkout =
        Place { bug: None, root: folder.join("checkout"), target: workshop.target().join("ci/planted-target") };
    copy(workshop.root(), &checkout.root)?;
    lend_tools(workshop, &checkout.target)?;
    for line in LINES {
        let file = checkout.root.join(line.file);
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let count = text.matches(line.right).count();
        ensure!(count == 1, "{} has `{}` {count} times: which one is to be wrong?", line.file, line.right);
        fs::write(&file, text.replace(line.right, line.wrong))?;
        table.extend(checkout.hunts(workshop, line.name, &folder)?);
        fs::write(&file, text)?;
    }
    println!(
        "{:<44} {:<10} {:>7} {:>10} {:>10}  signature",
        "planted", "engine", "seconds", "executions", "operations"
    );
    for Found { what, engine, seconds, executions, trace, signature, .. } in &table {
        let operations = trace.len() - 1;
        println!("{what:<44} {engine:<10} {seconds:>7.1} {executions:>10} {operations:>10}  {signature}");
    }
    Ok(())
}

/// Where engines are let loose: sources, target folder, and the seeded bug that is switched on there.
struct Place {
    root: PathBuf,
    target: PathBuf,
    bug: Option<&'static str>,
}

/// What an engine has found.
struct Found {
    what: &'static str,
    engine: &'static str,
    seconds: f64,
    executions: u64,
    /// The machine and the operations of the minimised trace.
    trace: Vec<String>,
    signature: String,
    /// The input as the engine has found it.
    artifact: PathBuf,
}

impl Place {
    /// Lets each engine look for what is planted here, and holds what becomes of each artifact against the others.
    fn hunts(&self, workshop: &Workshop, what: &'static str, folder: &Path) -> Result<Vec<Found>> {
        let hunt = |&engine| self.hunt(workshop, engine, what, folder);
        let found = ENGINES.iter().map(hunt).collect::<Result<Vec<_>>>()?;
        for Found { trace, artifact, engine, .. } in &found {
            let minimised = workshop.ask(&self.stalemap(&["minimize", &artifact.to_string_lossy()]))?;
            let mut by = vec![("stalemap minimize".to_owned(), minimised)];
            for built_for in ENGINES {
                let said = workshop.ask(&self.target_on(workshop, built_for, artifact)?)?;
                by.push((format!("the target of {built_for}"), said));
            }
            for (who, said) in by {
                let theirs = steps_of(&said);
                ensure!(
                    theirs == *trace,
                    "{who} makes of the find of {engine}, {}, another trace:\n{}\ninstead of\n{}",
                    artifact.display(),
                    theirs.join("\n"),
                    trace.join("\n")
                );
            }
        }
        Ok(found)
    }

    /// Lets an engine look for what is planted here; fails unless it finds it in time.
    fn hunt(&self, workshop: &Workshop, engine: &'static str, what: &'static str, folder: &Path) -> Result<Found> {
        let (finds, seconds) = (folder.join("finds").to_string_lossy().into_owned(), LIMIT.to_string());
        let fuzz = ["fuzz", "--engine", engine, "--from-nothing", "--finds", "1", "--seed", "1"];
        let call = self.stalemap(&[&fuzz[..], &["--seconds", &seconds, "--format", "json", "--out", &finds]].concat());
        let (code, said) = workshop.listen(&call)?;
        ensure!(code == 1, "{engine} did not find within {LIMIT} s: {what} (exit code {code})");
        let said: Value = serde_json::from_str(&said).context("the report of the campaign is no JSON")?;
        let (find, summary) = (&said["finds"][0], &said["summary"]);
        let text =
            |value: &Value| value.as_str().map(str::to_owned).context("the report has no text where one belongs");
        // The next campaign empties the engine's folder.
        let artifact = folder.join(format!("{}-{engine}", what.replace(' ', "-")));
        fs::copy(text(&find["origin"]["input"])?, &artifact).context("the input that was found is not there")?;
        let trace = steps_of(&text(&find["trace"])?);
        ensure!(trace.len() > 1, "the find of {engine} has no operation");
        let (seconds, executions) = (summary["seconds"].as_f64(), summary["executions"].as_u64());
        let (seconds, executions) = (seconds.unwrap_or(f64::NAN), executions.unwrap_or(0));
        Ok(Found { what, engine, seconds, executions, trace, signature: text(&find["signature"])?, artifact })
    }

    /// The program as users call it.
    fn stalemap(&self, arguments: &[&str]) -> Call {
        // The engine's work counts here, not the program's: it need not be optimised.
        let call = Call::stalemap(&[], self.bug, arguments);
        call.with("CARGO_TARGET_DIR", &self.target).from(&self.root)
    }

    /// The target as it was built for this engine, on an input; it dies of it.
    fn target_on(&self, workshop: &Workshop, engine: &str, input: &Path) -> Result<Call> {
        let is_libfuzzer = engine == "libfuzzer";
        let name = if self.bug.is_some() { format!("{engine}-bugs") } else { engine.to_owned() };
        let folder = self.target.join("engines").join(name).join(targets::host(workshop)?);
        // Without AFL++ beside it that target reads what comes in; that of libFuzzer wants a name.
        let how = if is_libfuzzer { "\"$0\" \"$1\" 2>&1; true" } else { "\"$0\" 2>&1 <\"$1\"; true" };
        let call = Call::new("sh").arguments(["-c", how]).argument(folder.join("release").join("lockstep"));
        Ok(self.bug.into_iter().fold(call.argument(input), |call, bug| call.with("STALEMAP_BUG", bug)))
    }
}

/// The machine and the operations of the first trace in a text, without answers and whatever else stands beside them.
fn steps_of(text: &str) -> Vec<String> {
    let line = |line: &str| line.trim_start_matches(['>', ' ']).split(" = ").next().unwrap_or_default().to_owned();
    let words = |line: String| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines = text.lines().map(line).map(words);
    let trace = lines.skip_while(|line| !line.starts_with("machine ")).take_while(|line| !line.is_empty());
    trace.filter(|line| !line.starts_with('#')).collect()
}

/// Copies sources, so that they can be changed.
fn copy(from: &Path, to: &Path) -> Result<()> {
    for file in Tree::read(from)?.files {
        let path = to.join(file.path);
        let folder = path.parent().context("a file is in a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::write(&path, file.text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Lets another target folder have the engines that the first hunts have brought.
fn lend_tools(workshop: &Workshop, target: &Path) -> Result<()> {
    let (ours, theirs) = (workshop.target().join("engines"), target.join("engines"));
    fs::create_dir_all(&theirs).with_context(|| format!("cannot make {}", theirs.display()))?;
    for folder in ["bin", "share"] {
        if ours.join(folder).exists() && !theirs.join(folder).exists() {
            std::os::unix::fs::symlink(ours.join(folder), theirs.join(folder))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::steps_of;

    #[test]
    fn a_trace_is_found_in_a_report_and_in_a_file() {
        let file = "# Why.\nmachine ram=1 spaces=1 pages=1\nmap      s0 v0 rw          = ok\n# Here.\nread s0 v0\n";
        let report = "x@read\n\n  machine ram=1 spaces=1 pages=1\n  map  s0 v0 rw  = ok\n> read s0 v0   = ok value=#0\n\n  expected";
        assert_eq!(steps_of(file), ["machine ram=1 spaces=1 pages=1", "map s0 v0 rw", "read s0 v0"]);
        assert_eq!(steps_of(report), steps_of(file));
        assert!(steps_of("nothing of the kind").is_empty());
    }
}
