//! What a run of conformance has compared so far, kept in a file, so that the next one goes on where it was stopped or killed.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use stalemap_campaign::CampaignStats;
use stalemap_commands::output;
use stalemap_harness::{Generator, Settings, Tally, Transitions};
use stalemap_operations::{Kind, Outcome, Trace};
use stalemap_reference::MARKS;

/// What is compared. A file of anything else is not gone on from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Compared {
    /// The name of the subject.
    pub(super) subject: String,
    /// The name of the kernel's folder in the cache, which changes with everything that changes the kernel.
    pub(super) kernel: String,
    /// Seed of the executions.
    pub(super) seed: u64,
    /// The most operations in an execution.
    pub(super) operations: u32,
    /// The first executions: with another generator they would be others.
    pub(super) first: Vec<String>,
}

/// Executions that tell one generator from another.
const FIRST: u64 = 4;

impl Compared {
    pub(super) fn new(subject: &str, kernel: &Path, seed: u64, operations: u32, settings: Settings) -> Compared {
        let kernel = kernel.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let first = Generator::new(settings).executions(seed, 0..FIRST);
        let first = first.into_iter().map(|program| Trace::from(program).to_string()).collect();
        Compared { subject: subject.to_string(), kernel, seed, operations, first }
    }
}

/// What executions have met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Met {
    /// Operation × outcome.
    pub(super) tally: Tally,
    /// Transitions.
    pub(super) transitions: Transitions,
    /// How often each coverage mark was met, in the order of the marks.
    pub(super) marks: Vec<u64>,
}

impl Default for Met {
    fn default() -> Met {
        Met { tally: Tally::default(), transitions: Transitions::default(), marks: vec![0; MARKS.len()] }
    }
}

impl Met {
    /// Together with what a campaign has met.
    fn and(mut self, stats: &CampaignStats) -> Met {
        self.tally.merge(&stats.tally);
        self.transitions.merge(&stats.transitions);
        for (sum, count) in self.marks.iter_mut().zip(&stats.marks) {
            *sum += count;
        }
        self
    }
}

/// How far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "File", into = "File")]
pub(super) struct Saved {
    compared: Compared,
    /// Executions that were done: all below this index.
    pub(super) next: u64,
    /// What they have met.
    pub(super) met: Met,
    /// Signatures of differences, how often, and where the first was.
    pub(super) differences: BTreeMap<String, (u64, String)>,
}

/// The same as it stands in the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct File {
    compared: Compared,
    next: u64,
    /// Operation and class of its outcome, by their words.
    answers: BTreeMap<String, BTreeMap<String, u64>>,
    /// The numbers of the transitions that were met.
    transitions: Vec<usize>,
    /// How often each coverage mark was met.
    marks: BTreeMap<String, u64>,
    differences: BTreeMap<String, (u64, String)>,
}

impl From<Saved> for File {
    fn from(Saved { compared, next, met, differences }: Saved) -> File {
        let of_kind = |kind: Kind| -> BTreeMap<String, u64> {
            let counts = (0..Outcome::CLASSES).map(|class| (Outcome::class_name(class), met.tally.of(kind, class)));
            counts.filter(|(_, count)| *count > 0).map(|(name, count)| (name.to_string(), count)).collect()
        };
        let answers = Kind::ALL.iter().map(|&kind| (kind.row().word.to_string(), of_kind(kind)));
        let marks = MARKS.iter().zip(&met.marks).filter(|(_, count)| **count > 0);
        File {
            compared,
            next,
            answers: answers.filter(|(_, counts)| !counts.is_empty()).collect(),
            transitions: met.transitions.iter().collect(),
            marks: marks.map(|(mark, count)| (mark.to_string(), *count)).collect(),
            differences,
        }
    }
}

/// Names that mean nothing any more are passed over.
impl From<File> for Saved {
    fn from(File { compared, next, answers, transitions, marks, differences }: File) -> Saved {
        let mut met = Met { transitions: transitions.into_iter().collect(), ..Met::default() };
        for (word, counts) in &answers {
            for class in 0..Outcome::CLASSES {
                if let (Some(kind), Some(&count)) = (Kind::by_word(word), counts.get(Outcome::class_name(class))) {
                    met.tally.add(kind, class, count);
                }
            }
        }
        for (mark, sum) in MARKS.iter().zip(&mut met.marks) {
            *sum = marks.get(*mark).copied().unwrap_or(0);
        }
        Saved { compared, next, met, differences }
    }
}

impl Saved {
    /// Nothing was done.
    pub(super) fn new(compared: Compared) -> Saved {
        Saved { compared, next: 0, met: Met::default(), differences: BTreeMap::new() }
    }

    /// The file in which it is kept.
    pub(super) fn path(folder: &Path, compared: &Compared) -> PathBuf {
        let Compared { subject, seed, operations, .. } = compared;
        folder.join(format!("{subject}-seed-{seed}-ops-{operations}.json"))
    }

    /// What an earlier run of the same has come to. A file of another comparison is told, and is none; so is one that
    /// cannot be read as this.
    ///
    /// # Errors
    /// When the file is there and cannot be opened.
    pub(super) fn load(path: &Path, compared: Compared) -> Result<Saved> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Saved::new(compared)),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let saved: Option<Saved> = serde_json::from_str(&text).ok();
        Ok(saved.filter(|saved| saved.compared == compared).unwrap_or_else(|| {
            let place = path.display();
            output::tell(format_args!("{place} is of another kernel, generator or form; it begins afresh"));
            Saved::new(compared)
        }))
    }

    /// Writes the file as a whole.
    pub(super) fn save(&self, path: &Path) -> Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        output::write_file(path, &serde_json::to_vec(self)?)
    }

    /// Behind what `before` says, a campaign has come to this.
    pub(super) fn go_on(&mut self, before: &Met, stats: &CampaignStats) {
        if stats.executions > 0 {
            self.next = stats.end;
            self.met = before.clone().and(stats);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use stalemap_campaign::{Campaign, CampaignStats, Diverged, Observer, Progress};
    use stalemap_harness::Settings;
    use std::ops::ControlFlow;

    use super::{Compared, Saved};
    use crate::catalogue;

    fn compared(seed: u64) -> Compared {
        Compared::new("a subject", Path::new("cache/6.1-native-0"), seed, 64, Settings::default())
    }

    struct Keeps(Vec<CampaignStats>);

    impl Observer for Keeps {
        fn diverged(&mut self, _: Diverged) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }
        fn progress(&mut self, _: &Progress) {}
        fn checkpoint(&mut self, stats: &CampaignStats) {
            self.0.push(stats.clone());
        }
    }

    /// Goes on up to this index, with this many jobs.
    fn go_on(mut saved: Saved, runs: u64, jobs: u32) -> Saved {
        let campaign = Campaign::new(catalogue::implementation()).begin(saved.next).runs(runs).jobs(jobs);
        let (before, mut keeps) = (saved.met.clone(), Keeps(Vec::new()));
        let stats = campaign.run(&mut keeps).expect("the implementation can be every machine");
        for stats in keeps.0.iter().chain([&stats]) {
            saved.go_on(&before, stats);
        }
        saved
    }

    #[test]
    fn pieces_come_to_what_one_run_comes_to() {
        let whole = go_on(Saved::new(compared(0)), 1_000, 2);
        let pieces = [300, 301, 1_000].into_iter().fold(Saved::new(compared(0)), |saved, runs| go_on(saved, runs, 1));
        assert_eq!(whole.next, 1_000);
        assert_eq!(whole, pieces);
        assert!(whole.met.tally.operations() > 10_000);
    }

    #[test]
    fn a_run_goes_on_from_its_file_and_from_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Saved::path(&folder.path().join("deep"), &compared(0));
        assert_eq!(Saved::load(&path, compared(0)).expect("no file"), Saved::new(compared(0)));
        let mut saved = go_on(Saved::new(compared(0)), 100, 1);
        saved.differences.insert("x".to_string(), (2, "execution 7".to_string()));
        saved.save(&path).expect("it is written");
        assert_eq!(Saved::load(&path, compared(0)).expect("a file"), saved);
        assert_eq!(Saved::load(&path, compared(1)).expect("a file of another seed").next, 0);
        std::fs::write(&path, "{").expect("it is written");
        assert_eq!(Saved::load(&path, compared(0)).expect("a file that is cut").next, 0);
    }
}
