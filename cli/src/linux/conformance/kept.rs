//! What runs of conformance have compared, kept in files, so that the next run goes on where one was stopped or killed.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use stalemap_campaign::{CampaignStats, Piece, Shard, transition_table};
use stalemap_commands::output;
use stalemap_harness::{Generator, Settings};
use stalemap_linux::{Cache, Recipe, Target};
use stalemap_operations::Trace;

/// All that was compared with a kernel on executions of one seed and length. It is a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The name of the subject.
    pub(super) subject: String,
    /// The release of the kernel as it names itself; empty until one was asked.
    pub(super) release: String,
    /// Seed of the executions.
    pub(super) seed: u64,
    /// The most operations in an execution.
    pub(super) operations: u32,
    /// A digest of what the numbers of transitions mean.
    transitions: String,
    /// The traces that were replayed last.
    pub(super) corpus: Corpus,
    /// What each build of the kernel has done, in the order of time.
    pub(super) parts: Vec<Part>,
}

/// Traces that were replayed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Corpus {
    /// Traces that the kernel can run.
    pub(super) traces: usize,
    /// Their operations.
    pub(super) operations: usize,
    /// Signatures of differences, how often, and in which file first.
    pub(super) differences: Signatures,
}

/// A build of a kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Build {
    /// The name of its folder in the cache, which changes with everything that changes the kernel.
    pub(super) kernel: String,
    /// The code of the kernel itself ([`Recipe::code`]), without our agent.
    pub(super) code: String,
}

impl Build {
    /// The build of today.
    pub(super) fn of(cache: &Cache, target: Target) -> Build {
        let folder = cache.kernel(target);
        let kernel = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Build { kernel, code: Recipe::from(target).code() }
    }
}

/// What one build has done: executions that follow one another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) build: Build,
    /// The first executions of the seed: with another generator they would be others.
    first: Vec<String>,
    /// The index of the first execution that was done.
    pub(super) begin: u64,
    /// What the executions have met.
    pub(super) sums: Piece,
    /// Signatures of differences, how often, and where the first was.
    pub(super) differences: Signatures,
}

/// How often each signature was met, and where first.
pub(super) type Signatures = BTreeMap<String, (u64, String)>;

/// Executions that tell one generator from another.
const FIRST: u64 = 4;

impl Part {
    /// Nothing was done.
    fn new(build: Build, first: Vec<String>, begin: u64) -> Part {
        Part { build, first, begin, sums: Piece::none(), differences: Signatures::new() }
    }

    /// The index of the next execution.
    pub(super) fn next(&self) -> u64 {
        self.begin + self.sums.executions
    }

    /// Behind what `before` says, a campaign has come to this.
    pub(super) fn go_on(&mut self, before: &Piece, stats: &CampaignStats) {
        self.sums = before.clone().and_coverage(&Piece::new(Shard::WHOLE, stats, []));
    }
}

/// The first executions of a seed.
pub(super) fn first(seed: u64, settings: Settings) -> Vec<String> {
    let first = Generator::new(settings).executions(seed, 0..FIRST);
    first.into_iter().map(|program| Trace::from(program).to_string()).collect()
}

impl Kept {
    /// Nothing was done.
    pub(super) fn new(subject: &str, seed: u64, operations: u32) -> Kept {
        let (corpus, parts) = (Corpus::default(), Vec::new());
        let (subject, release, transitions) = (subject.to_string(), String::new(), transition_table());
        Kept { subject, release, seed, operations, transitions, corpus, parts }
    }

    /// The file in which it is kept.
    pub(super) fn path(folder: &Path, subject: &str, seed: u64, operations: u32) -> PathBuf {
        folder.join(format!("{subject}-seed-{seed}-ops-{operations}.json"))
    }

    /// What earlier runs of the same have come to. A file that cannot be read as this is told, and is none.
    ///
    /// # Errors
    /// When the file is there and cannot be opened.
    pub(super) fn load(path: &Path, subject: &str, seed: u64, operations: u32) -> Result<Kept> {
        let new = || Kept::new(subject, seed, operations);
        let Some(kept) = read(path)? else { return Ok(new()) };
        let same = |kept: &Kept| (kept.subject.as_str(), kept.seed, kept.operations) == (subject, seed, operations);
        Ok(kept.filter(same).unwrap_or_else(|| {
            output::tell(format_args!("{} has another form; it begins afresh", path.display()));
            new()
        }))
    }

    /// All that a folder keeps, in the order of the names.
    ///
    /// # Errors
    /// When a file cannot be opened.
    pub(super) fn all(folder: &Path) -> Result<Vec<Kept>> {
        let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        let paths: std::io::Result<Vec<PathBuf>> = entries.map(|entry| entry.map(|it| it.path())).collect();
        let mut paths = paths.with_context(|| format!("cannot read {}", folder.display()))?;
        paths.retain(|path| path.extension().is_some_and(|it| it == "json"));
        paths.sort();
        let mut all = Vec::new();
        for path in paths {
            match read(&path)?.flatten() {
                Some(kept) => all.push(kept),
                None => output::tell(format_args!("{} has another form; it is left out", path.display())),
            }
        }
        Ok(all)
    }

    /// Makes the part of this build the last one. What an earlier build has done stays where the kernel's own code is the same
    /// and nothing differed; the executions go on behind it.
    pub(super) fn begin(&mut self, build: &Build, first: Vec<String>) {
        self.read_transitions_again();
        let before = self.executions();
        self.parts.retain(|part| part.build == *build || part.build.code == build.code && part.differences.is_empty());
        let dropped = before - self.executions();
        if dropped > 0 {
            let subject = &self.subject;
            output::tell(format_args!(
                "{subject}: {dropped} executions are of another kernel, or differed on an earlier build: they count no more"
            ));
        }
        let part = match self.parts.iter().position(|part| part.build == *build && part.first == first) {
            Some(at) => self.parts.remove(at),
            None => {
                let same = self.parts.iter().filter(|part| part.first == first);
                let begin = same.map(Part::next).max().unwrap_or(0);
                Part::new(build.clone(), first, begin)
            }
        };
        self.parts.push(part);
    }

    /// Numbers of transitions that another version of the program has written mean nothing to this one.
    fn read_transitions_again(&mut self) {
        if self.transitions != transition_table() {
            self.transitions = transition_table();
            let parts = std::mem::take(&mut self.parts);
            let without = |part: Part| Part { sums: part.sums.without_transitions(), ..part };
            self.parts = parts.into_iter().map(without).collect();
        }
    }

    /// Executions of all builds.
    fn executions(&self) -> u64 {
        self.parts.iter().map(|part| part.sums.executions).sum()
    }

    /// What all parts together have met.
    pub(super) fn sums(&self) -> Piece {
        self.parts.iter().fold(Piece::none(), |sum, part| sum.and_coverage(&part.sums))
    }

    /// What differed, in traces and in executions.
    pub(super) fn differences(&self) -> Signatures {
        let mut sum = self.corpus.differences.clone();
        for (signature, (count, first)) in self.parts.iter().flat_map(|part| &part.differences) {
            sum.entry(signature.clone()).or_insert((0, first.clone())).0 += count;
        }
        sum
    }

    /// Writes the file as a whole.
    pub(super) fn save(&self, path: &Path) -> Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        output::write_file(path, &text)
    }
}

/// What a file holds: nothing where there is none, and nothing in it where it has another form.
fn read(path: &Path) -> Result<Option<Option<Kept>>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(serde_json::from_str(&text).ok())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use stalemap_campaign::{Campaign, CampaignStats, Diverged, Observer, Progress};
    use std::ops::ControlFlow;

    use super::{Build, Kept};
    use crate::catalogue;

    fn build(kernel: &str, code: &str) -> Build {
        Build { kernel: kernel.to_string(), code: code.to_string() }
    }

    fn kept(seed: u64) -> Kept {
        let mut kept = Kept::new("a subject", seed, 64);
        kept.begin(&build("6.1-native-0", "a"), generator("x"));
        kept
    }

    fn generator(name: &str) -> Vec<String> {
        vec![name.to_string()]
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

    /// Goes on with the last build up to this index, with this many jobs.
    fn go_on(mut kept: Kept, end: u64, jobs: u32) -> Kept {
        let part = kept.parts.last_mut().expect("a build has begun");
        let campaign = Campaign::new(catalogue::implementation()).begin(part.next()).runs(end).jobs(jobs);
        let (before, mut keeps) = (part.sums.clone(), Keeps(Vec::new()));
        let stats = campaign.run(&mut keeps).expect("the implementation can be every machine");
        for stats in keeps.0.iter().chain([&stats]) {
            part.go_on(&before, stats);
        }
        kept
    }

    #[test]
    fn pieces_come_to_what_one_run_comes_to() {
        let whole = go_on(kept(0), 1_000, 2);
        let pieces = [300, 301, 1_000].into_iter().fold(kept(0), |kept, end| go_on(kept, end, 1));
        assert_eq!(whole.sums().executions, 1_000);
        assert_eq!(whole, pieces);
        assert!(whole.sums().operations > 10_000);
    }

    #[test]
    fn a_run_goes_on_from_its_file_and_from_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Kept::path(&folder.path().join("deep"), "a subject", 0, 64);
        let load = |seed| Kept::load(&path, "a subject", seed, 64).expect("a file or none");
        assert_eq!(load(0), Kept::new("a subject", 0, 64));
        let mut saved = go_on(kept(0), 100, 1);
        saved.parts[0].differences.insert("x".to_string(), (2, "execution 7".to_string()));
        saved.save(&path).expect("it is written");
        assert_eq!(load(0), saved);
        assert_eq!(load(1).parts, []);
        assert_eq!(Kept::all(&folder.path().join("deep")).expect("a folder"), [saved]);
        std::fs::write(&path, "{").expect("it is written");
        assert_eq!(load(0).parts, []);
    }

    #[test]
    fn what_an_earlier_build_of_the_same_code_has_done_counts_and_is_not_done_again() {
        let mut kept = go_on(kept(0), 300, 1);
        kept.begin(&build("6.1-native-1", "a"), generator("x"));
        let kept = go_on(kept, 700, 1);
        assert_eq!(kept.parts.iter().map(|part| (part.begin, part.next())).collect::<Vec<_>>(), [(0, 300), (300, 700)]);
        let whole = go_on(self::kept(0), 700, 1).sums();
        assert_eq!(kept.sums(), whole);
        // With another generator the executions are others, from the first one on.
        let mut other = kept.clone();
        other.begin(&build("6.1-native-1", "a"), generator("y"));
        assert_eq!((other.parts.len(), other.parts[2].begin), (3, 0));
    }

    #[test]
    fn what_another_kernel_has_done_or_what_differed_on_an_earlier_build_counts_no_more() {
        let mut other_code = go_on(kept(0), 300, 1);
        other_code.begin(&build("6.1-native-1", "b"), generator("x"));
        assert_eq!((other_code.parts.len(), other_code.parts[0].begin), (1, 0));
        let mut differed = go_on(kept(0), 300, 1);
        differed.parts[0].differences.insert("x".to_string(), (1, "execution 7".to_string()));
        let same_build = differed.clone();
        differed.begin(&build("6.1-native-1", "a"), generator("x"));
        assert_eq!((differed.parts.len(), differed.sums().executions), (1, 0));
        // The build on which it differed keeps that.
        let mut again = same_build.clone();
        again.begin(&build("6.1-native-0", "a"), generator("x"));
        assert_eq!(again, same_build);
    }

    #[test]
    fn transitions_of_another_table_are_forgotten_and_the_rest_is_not() {
        let mut old = go_on(kept(0), 300, 1);
        old.transitions = "another".to_string();
        old.begin(&build("6.1-native-0", "a"), generator("x"));
        let sums = old.sums();
        assert_eq!((sums.executions, sums.transitions().map(|it| it.count())), (300, Some(0)));
        assert!(!sums.tally.is_empty());
    }
}
