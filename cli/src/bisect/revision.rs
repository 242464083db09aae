//! One revision of a subject: built by the user's command, and asked for the trace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, anyhow};
use serde_json::Value;
use stalemap_commands::Subjects as _;
use stalemap_commands::interrupt::{Interrupted, interrupted};
use stalemap_engines::{Control, EngineError, Group, ToolFailure};
use stalemap_harness::{Compare, Driver};
use stalemap_operations::Trace;

use crate::catalogue::{Choice, Line, SubjectName};

/// What a build makes, as a path from the root of the repository.
pub(super) enum Subject {
    /// A program with the commands of Stalemap.
    Program(PathBuf),
    /// A library with the table of `stalemap.h`.
    Library(PathBuf),
}

/// What a revision shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shows {
    /// A finding with this signature.
    Finding(String),
    /// All sides agree.
    Nothing,
    /// It cannot be told; why.
    Unknown(String),
}

/// A revision that is checked out.
pub(super) struct Revision<'a> {
    pub(super) folder: &'a Path,
    pub(super) build: &'a str,
    pub(super) subject: &'a Subject,
}

/// Lines of a failed build that are told.
const TOLD: usize = 5;

impl Revision<'_> {
    /// Builds it; why it cannot be built, if it cannot.
    pub(super) fn build(&self) -> Result<Option<String>> {
        // What an earlier revision has left would pass for that of this one.
        let _ = fs::remove_file(self.path());
        let mut command = Command::new("sh");
        command.args(["-c", self.build]).current_dir(self.folder);
        match finish(&mut command, "the build")? {
            None if self.path().exists() => Ok(None),
            None => Ok(Some(format!("the build makes no {}", self.path().display()))),
            Some(ToolFailure { status, said, .. }) => {
                let told = said.iter().filter(|line| !line.trim().is_empty());
                let told: Vec<&str> = told.map(String::as_str).collect();
                let told = &told[told.len().saturating_sub(TOLD)..];
                Ok(Some(format!("the build fails ({status}): {}", told.join(" | "))))
            }
        }
    }

    /// Replays a trace on what was built.
    pub(super) fn replay(&self, line: &Line, trace: &Trace) -> Result<Shows> {
        match self.subject {
            Subject::Library(_) => shows(line, SubjectName::Library(self.path()), None, trace),
            Subject::Program(_) => self.replay_by_program(trace),
        }
    }

    fn replay_by_program(&self, trace: &Trace) -> Result<Shows> {
        let folder = tempfile::tempdir().context("cannot make a folder")?;
        let [file, results] = ["finding.trace", "results.json"].map(|name| folder.path().join(name));
        fs::write(&file, Trace::from(trace.program()).to_string()).context("cannot write the trace")?;
        let mut command = Command::new("sh");
        command.args(["-c", r#"exec "$0" run --format json "$1" > "$2""#]).arg(self.path()).arg(&file).arg(&results);
        let failure = finish(command.current_dir(self.folder), "the program")?;
        let results = fs::read_to_string(results).unwrap_or_default();
        Ok(told(&results).unwrap_or_else(|| {
            let said = failure.map_or_else(String::new, |it| format!(" ({}): {}", it.status, it.said.join(" | ")));
            Shows::Unknown(format!("the program does not replay the trace{said}"))
        }))
    }

    fn path(&self) -> PathBuf {
        let (Subject::Program(path) | Subject::Library(path)) = self.subject;
        self.folder.join(path)
    }
}

/// What a subject of this program shows, with a fault of a kernel that is switched on if one is named.
pub(super) fn shows(line: &Line, name: SubjectName, fault: Option<&str>, trace: &Trace) -> Result<Shows> {
    let choice = Choice::of(name, fault)?;
    let chosen = match line.subjects().chosen(&choice) {
        Ok(chosen) => chosen,
        Err(error) => return Ok(Shows::Unknown(format!("{error:#}"))),
    };
    let run = Driver::new(chosen.build).run(&trace.program(), Compare::Everything);
    if interrupted() {
        return Err(Interrupted.into());
    }
    Ok(match run.map(|run| run.divergence) {
        Ok(Some(divergence)) => Shows::Finding(divergence.signature().to_string()),
        Ok(None) => Shows::Nothing,
        Err(why) => Shows::Unknown(why.into()),
    })
}

/// What the results of `run --format json` say of one file.
fn told(results: &str) -> Option<Shows> {
    let results: Value = serde_json::from_str(results).ok()?;
    let verdict = &results["files"][0]["verdict"];
    let text = |value: &Value| value.as_str().map(str::to_string);
    text(&verdict["diverge"]["signature"])
        .map(Shows::Finding)
        .or_else(|| text(&verdict["trouble"]).map(Shows::Unknown))
        .or_else(|| (verdict == "agree").then_some(Shows::Nothing))
}

/// Runs a command with all that it starts; how it failed, if it did.
fn finish(command: &mut Command, name: &str) -> Result<Option<ToolFailure>> {
    let control = Control::new(interrupted, |_| ());
    match Group::finish(command, name, &control, |_| ()) {
        Ok(true) => Ok(None),
        Ok(false) => Err(Interrupted.into()),
        Err(EngineError::Failed(failure)) => Ok(Some(failure)),
        Err(error) => Err(anyhow!(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Shows, told};

    #[test]
    fn what_a_program_prints_is_read() {
        let of = |verdict: &str| {
            told(&format!(r#"{{"version":"1","files":[{{"file":"x","operations":2,"verdict":{verdict}}}]}}"#))
        };
        assert_eq!(of(r#""agree""#), Some(Shows::Nothing));
        let diverge = r#"{"diverge":{"signature":"rmap.places@migrate","step":2}}"#;
        assert_eq!(of(diverge), Some(Shows::Finding("rmap.places@migrate".to_string())));
        assert_eq!(of(r#"{"trouble":"no"}"#), Some(Shows::Unknown("no".to_string())));
        assert_eq!((told(""), told("{}"), of("7")), (None, None, None));
    }
}
