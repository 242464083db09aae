//! What became of the changed lines: read from cargo-mutants' own record and logs, and kept from call to call.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::tree::Tree;

/// Who noticed in the build without the seeded bugs.
const PLAIN: &str = "plain";

/// Who noticed what the judge did not.
pub(super) const TEST: &str = "test";

/// Who noticed, and what was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Killer {
    /// `replay`, `bugs`, `campaign`, …: a part of the judge, [`PLAIN`] among them, or [`TEST`].
    pub(super) by: String,
    /// The objection, which begins with the oracle's name where one objected.
    pub(super) objection: String,
}

impl Killer {
    /// Who noticed, as the judge itself says in its output.
    pub(super) fn of_judge(log: &str) -> Killer {
        let last = |start: &str| log.lines().filter_map(|line| line.trim().strip_prefix(start)).next_back();
        let by = last("asked: ").unwrap_or("start").to_owned();
        let objection = last("objection: ").unwrap_or("abort: the program was stopped").to_owned();
        Killer { by, objection }
    }

    /// The replay in the build without the seeded bugs.
    pub(super) fn of_plain(log: &str) -> Killer {
        Killer { by: PLAIN.to_owned(), ..Killer::of_tests(log) }
    }

    /// The first test that failed.
    pub(super) fn of_tests(log: &str) -> Killer {
        let failed = |line: &str| Some(line.strip_prefix("test ")?.split_once(" ... FAILED")?.0.to_owned());
        let objection = log.lines().find_map(failed).unwrap_or_else(|| "a test program that was stopped".to_owned());
        Killer { by: TEST.to_owned(), objection }
    }
}

/// What became of a changed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It does not compile, or the compiler does not end.
    Unviable,
    Killed(Killer),
    /// A test did not come to its end, and nobody knows why.
    TimedOut,
    Survived,
}

impl Fate {
    /// As words of a line, without tabs.
    fn words(&self) -> String {
        match self {
            Fate::Unviable => "unviable".to_owned(),
            Fate::Killed(Killer { by, objection }) => format!("killed\t{by}\t{}", objection.replace('\t', " ")),
            Fate::TimedOut => "timeout".to_owned(),
            Fate::Survived => "survived".to_owned(),
        }
    }

    fn parse(words: &str) -> Option<Fate> {
        Some(match words.split('\t').collect::<Vec<_>>()[..] {
            ["unviable"] => Fate::Unviable,
            ["killed", by, objection] => Fate::Killed(Killer { by: by.to_owned(), objection: objection.to_owned() }),
            ["timeout"] => Fate::TimedOut,
            ["survived"] => Fate::Survived,
            _ => return None,
        })
    }
}

/// What became of each changed line, by its name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fates {
    by_name: BTreeMap<String, Fate>,
    /// The day of the last judgement, as `2026-11-24`.
    pub(super) day: String,
}

/// The file in which fates are kept.
const KEPT: &str = "fates.tsv";

impl Fates {
    #[cfg(test)]
    pub(super) fn of(fates: impl IntoIterator<Item = (String, Fate)>, day: &str) -> Fates {
        Fates { by_name: fates.into_iter().collect(), day: day.to_owned() }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Fate> {
        self.by_name.get(name)
    }

    /// Was it judged and not noticed?
    pub(super) fn survived(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Fate::Survived | Fate::TimedOut))
    }

    /// The names of those about which the judge need not be asked again. About what it did not notice it is: meanwhile
    /// there may be a trace or an oracle that does.
    pub(super) fn settled(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str).filter(|name| self.is_settled(name))
    }

    pub(super) fn is_settled(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Fate::Unviable) => true,
            Some(Fate::Killed(killer)) => killer.by != TEST,
            Some(Fate::TimedOut | Fate::Survived) | None => false,
        }
    }

    /// Forgets those that are not settled: somebody is still to be asked about them.
    pub(super) fn forget_unsettled(&mut self) {
        let settled: BTreeSet<String> = self.settled().map(str::to_owned).collect();
        self.by_name.retain(|name, _| settled.contains(name));
    }

    /// What was kept in a folder.
    pub(super) fn kept(folder: &Path) -> Result<Fates> {
        let path = folder.join(KEPT);
        if !path.is_file() {
            return Ok(Fates::default());
        }
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut lines = text.lines();
        let day = lines.next().unwrap_or_default().to_owned();
        let parse = |line: &str| {
            let (name, words) = line.split_once('\t')?;
            Some((name.to_owned(), Fate::parse(words)?))
        };
        let fates = lines.map(|line| parse(line).with_context(|| format!("{} has the line `{line}`", path.display())));
        Ok(Fates { by_name: fates.collect::<Result<_>>()?, day })
    }

    /// Keeps it, whole or not at all.
    pub(super) fn keep(&self, folder: &Path) -> Result<()> {
        let mut text = format!("{}\n", self.day);
        for (name, fate) in &self.by_name {
            text.push_str(&format!("{name}\t{}\n", fate.words()));
        }
        write_whole(&folder.join(KEPT), &text)
    }

    /// Adds what the record of a run that may have been interrupted settles. What the run did not notice is not settled:
    /// it may not have been the last.
    pub(super) fn harvest_settled(&mut self, folder: &Path, killer: &dyn Fn(&str) -> Killer) -> Result<()> {
        let mut recorded = Fates { by_name: BTreeMap::new(), day: self.day.clone() };
        recorded.harvest(folder, killer)?;
        recorded.forget_unsettled();
        self.by_name.extend(recorded.by_name);
        self.day = recorded.day;
        Ok(())
    }

    /// Adds what cargo-mutants recorded in its folder.
    pub(super) fn harvest(&mut self, folder: &Path, killer: &dyn Fn(&str) -> Killer) -> Result<()> {
        let folder = folder.join("mutants.out");
        // An interruption may have left a record that was being written: what it had is judged again.
        let record = fs::read_to_string(folder.join("outcomes.json")).unwrap_or_default();
        let Ok(record) = serde_json::from_str::<Value>(&record) else { return Ok(()) };
        if let Some(day) = record["start_time"].as_str().and_then(|time| time.get(..10)) {
            self.day = day.to_owned();
        }
        for outcome in record["outcomes"].as_array().context("cargo-mutants' record has no outcomes")? {
            let Some(name) = outcome["scenario"]["Mutant"]["name"].as_str() else { continue };
            let fate = match outcome["summary"].as_str() {
                Some("Unviable") => Fate::Unviable,
                Some("MissedMutant") => Fate::Survived,
                Some("Timeout") if last_phase(outcome) == Some("Test") => Fate::TimedOut,
                Some("Timeout") => Fate::Unviable,
                Some("CaughtMutant") => {
                    let log = folder.join(outcome["log_path"].as_str().context("an outcome has no log")?);
                    let log = fs::read(&log).with_context(|| format!("cannot read {}", log.display()))?;
                    Fate::Killed(killer(&String::from_utf8_lossy(&log)))
                }
                other => bail!("cargo-mutants says {other:?} of {name}"),
            };
            self.by_name.insert(name.to_owned(), fate);
        }
        Ok(())
    }

    /// Tells cargo-mutants, which goes on from its own list, what is settled.
    pub(super) fn tell_settled(&self, folder: &Path) -> Result<()> {
        let folder = folder.join("mutants.out");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let list: String = self.settled().map(|name| format!("{name}\n")).collect();
        write_whole(&folder.join("previously_caught.txt"), &list)
    }
}

/// What cargo-mutants did last: build or test.
fn last_phase(outcome: &Value) -> Option<&str> {
    outcome["phase_results"].as_array()?.last()?["phase"].as_str()
}

/// Writes a file, whole or not at all.
pub(super) fn write_whole(path: &Path, text: &str) -> Result<()> {
    let beside = path.with_extension("part");
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, path));
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// A number for the contents of folders of the workspace, files of tests apart: no line of theirs is changed, and none of
/// theirs shifts one that is.
pub(super) fn digest(root: &Path, folders: &[&str]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for file in &Tree::read(root)?.files {
        let is_test = file.path.ends_with("/tests.rs");
        if !is_test && folders.iter().any(|folder| file.is_in(folder)) {
            (&file.path, &file.text).hash(&mut hasher);
        }
    }
    Ok(format!("{:016x}", hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::{Fate, Fates, Killer, PLAIN, TEST};
    use std::fs;

    #[test]
    fn the_judge_says_who_noticed() {
        let log =
            "asked: replay\nasked: campaign\nobjection: rmap.places@migrate in execution 7\n*** result: Failure(1)";
        let killer = Killer { by: "campaign".to_owned(), objection: "rmap.places@migrate in execution 7".to_owned() };
        assert_eq!(Killer::of_judge(log), killer);
        assert_eq!(Killer::of_judge("asked: replay\n").objection, "abort: the program was stopped");
        let tests = "test one ... ok\ntest a::two ... FAILED\ntest three ... FAILED\n";
        assert_eq!(Killer::of_tests(tests).objection, "a::two");
        assert_eq!((Killer::of_plain(tests).by.as_str(), Killer::of_tests(tests).by.as_str()), (PLAIN, TEST));
    }

    /// As cargo-mutants 27.0 writes it.
    const RECORD: &str = r#"{ "start_time": "2026-11-24T09:25:57Z", "outcomes": [
        { "scenario": "Baseline", "summary": "Success", "log_path": "log/baseline.log" },
        { "scenario": { "Mutant": { "name": "a.rs:1:2: replace a" } }, "summary": "CaughtMutant", "log_path": "a.log" },
        { "scenario": { "Mutant": { "name": "a.rs:3:4: replace b" } }, "summary": "MissedMutant", "log_path": "b.log" },
        { "scenario": { "Mutant": { "name": "a.rs:5:6: replace c" } }, "summary": "Unviable", "log_path": "c.log" },
        { "scenario": { "Mutant": { "name": "a.rs:7:8: replace d" } }, "summary": "Timeout", "log_path": "d.log",
          "phase_results": [{ "phase": "Build" }, { "phase": "Test" }] },
        { "scenario": { "Mutant": { "name": "a.rs:9:1: replace e" } }, "summary": "Timeout", "log_path": "e.log",
          "phase_results": [{ "phase": "Build" }] } ] }"#;

    #[test]
    fn what_was_recorded_is_kept_and_only_survivors_are_asked_about_again() {
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("mutants.out");
        fs::create_dir(&record).unwrap();
        fs::write(record.join("outcomes.json"), RECORD).unwrap();
        fs::write(record.join("a.log"), "asked: bugs\nobjection: x\n").unwrap();
        let mut fates = Fates::default();
        fates.harvest(folder.path(), &Killer::of_judge).unwrap();
        let killed = Fate::Killed(Killer { by: "bugs".to_owned(), objection: "x".to_owned() });
        assert_eq!(fates.get("a.rs:1:2: replace a"), Some(&killed));
        assert_eq!(fates.day, "2026-11-24");
        assert!(fates.survived("a.rs:3:4: replace b") && fates.survived("a.rs:7:8: replace d"));
        assert_eq!(
            fates.settled().collect::<Vec<_>>(),
            ["a.rs:1:2: replace a", "a.rs:5:6: replace c", "a.rs:9:1: replace e"]
        );
        let mut of_an_interrupted_run = Fates::default();
        of_an_interrupted_run.harvest_settled(folder.path(), &Killer::of_judge).unwrap();
        assert_eq!(of_an_interrupted_run.get("a.rs:1:2: replace a"), Some(&killed));
        assert_eq!(of_an_interrupted_run.get("a.rs:3:4: replace b"), None);
        fates.keep(folder.path()).unwrap();
        assert_eq!(Fates::kept(folder.path()).unwrap(), fates);
        fates.tell_settled(folder.path()).unwrap();
        let told = fs::read_to_string(record.join("previously_caught.txt")).unwrap();
        assert_eq!(told, "a.rs:1:2: replace a\na.rs:5:6: replace c\na.rs:9:1: replace e\n");
        assert!(!record.join("outcomes.json").exists(), "an old record is not read twice");
    }

    #[test]
    fn a_record_that_was_not_written_to_its_end_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("mutants.out")).unwrap();
        fs::write(folder.path().join("mutants.out/outcomes.json"), &RECORD[..80]).unwrap();
        let mut fates = Fates::default();
        fates.harvest(folder.path(), &Killer::of_judge).unwrap();
        assert_eq!(fates, Fates::default());
    }

    #[test]
    fn a_room_is_another_when_a_line_that_can_be_changed_is() {
        let folder = tempfile::tempdir().unwrap();
        let digest = |room: &str| super::digest(folder.path(), &[room]).unwrap();
        fs::create_dir_all(folder.path().join("a/src/b")).unwrap();
        let write = |path: &str, text: &str| fs::write(folder.path().join(path), text).unwrap();
        write("a/src/b.rs", "one\n");
        let before = digest("a/src");
        write("a/src/b/tests.rs", "two\n");
        write("b.rs", "three\n");
        assert_eq!(digest("a/src"), before);
        write("a/src/b.rs", "one, but another\n");
        assert_ne!(digest("a/src"), before);
    }
}
