//! Which test notices which change: each change is asked of the tests that run its place, until one fails.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use stalemap_ci::files_below;

use super::change::Change;
use super::fates::{Fates, MISSED, TIMEOUT};
use super::programs::{Test, Verdict, tests_of};
use super::tree::Tree;

/// How often the state of the work is printed and kept.
const PERIOD: Duration = Duration::from_secs(20);

/// Seconds that asking a test takes in any case.
const START: f64 = 0.03;

/// All tests of the copy, with the places that each runs that takes at most so many seconds. What is known of the same programs
/// is not measured again.
pub(super) fn traced(tree: &Tree, kept: &Path, jobs: usize, most_seconds: f64) -> Result<Vec<Test>> {
    fs::create_dir_all(kept)?;
    // Tests read the corpus when they run.
    let corpus = digest(&files_below(&tree.folder.join("corpus"))?)?;
    let mut tests = Vec::new();
    for (program, folder) in tree.build_tests()? {
        let digest = digest(std::slice::from_ref(&program))? ^ corpus;
        tests.extend(tests_of(&program, &folder)?.into_iter().map(|test| (test, digest)));
    }
    println!("{} tests run once without a change, to see which places each runs", tests.len());
    let (waiting, done) = (Mutex::new(VecDeque::from(tests)), Mutex::new(Vec::new()));
    let work = || -> Result<()> {
        while let Some((mut test, digest)) = waiting.lock().ok().and_then(|mut waiting| waiting.pop_front()) {
            let path = kept.join(format!("{:016x}", digest ^ hash(&test.id)));
            if !test.recall(&path, most_seconds)? {
                test.trace(&path, most_seconds)?;
                test.remember(&path, most_seconds)?;
            }
            done.lock().ok().context("another thread panicked")?.push(test);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().ok().context("a thread panicked")?)
    })?;
    let mut tests = done.into_inner().ok().context("a thread panicked")?;
    tests.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(tests)
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// A number for the contents of files.
fn digest(paths: &[std::path::PathBuf]) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        fs::read(path)?.hash(&mut hasher);
    }
    Ok(hasher.finish())
}

/// What is known of how well tests notice changes of a file: how often each was asked, and noticed.
type Record = HashMap<(String, usize), (u32, u32)>;

/// The work of all threads.
struct Work<'a> {
    tests: &'a [Test],
    tree: &'a Tree,
    state: Mutex<State<'a>>,
}

struct State<'a> {
    waiting: VecDeque<(u32, &'a Change)>,
    fates: &'a mut Fates,
    record: Record,
    printed: Instant,
    noticed: usize,
    missed: usize,
}

/// Asks the tests of at most `most_seconds` about each change that is not settled.
pub(super) fn ask_all(
    tree: &Tree,
    tests: &[Test],
    changes: &[(u32, &Change)],
    fates: &mut Fates,
    (jobs, most_seconds): (usize, f64),
) -> Result<()> {
    let waiting = changes.iter().copied().filter(|(number, change)| {
        tree.places.contains_key(number) && !fates.is_settled(&change.name) && !fates.is_alone(&change.name)
    });
    let waiting: VecDeque<_> = waiting.collect();
    println!("{} changes are asked about", waiting.len());
    let state = State { waiting, fates, record: Record::new(), printed: Instant::now(), noticed: 0, missed: 0 };
    let work = Work { tests, tree, state: Mutex::new(state) };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(|| work.work(most_seconds))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().ok().context("a thread panicked")?)
    })?;
    work.locked()?.fates.keep()
}

impl<'a> Work<'a> {
    fn locked(&self) -> Result<std::sync::MutexGuard<'_, State<'a>>> {
        self.state.lock().ok().context("another thread panicked")
    }

    fn work(&self, most_seconds: f64) -> Result<()> {
        loop {
            let Some((number, change)) = self.locked()?.waiting.pop_front() else { return Ok(()) };
            let fate = self.fate(number, change, most_seconds)?;
            let mut state = self.locked()?;
            if fate == MISSED {
                state.missed += 1
            } else {
                state.noticed += 1
            }
            state.fates.set(&change.name, &fate);
            if fate == MISSED {
                println!("not noticed: {}", change.name);
            }
            if state.printed.elapsed() > PERIOD {
                state.printed = Instant::now();
                println!("{} wait, {} are noticed, {} are not", state.waiting.len(), state.noticed, state.missed);
                state.fates.keep()?;
            }
        }
    }

    fn fate(&self, number: u32, change: &Change, most_seconds: f64) -> Result<String> {
        let place = self.tree.places[&number];
        let runs_it = |test: &&(usize, &Test)| test.1.places.contains(&place) && test.1.seconds <= most_seconds;
        let mut tests: Vec<(usize, &Test)> = self.tests.iter().enumerate().filter(|test| runs_it(&test)).collect();
        {
            let state = self.locked()?;
            // The tests that notice most changes of this file in a second come first.
            let value = |&(at, test): &(usize, &Test)| {
                let (asked, noticed) = state.record.get(&(change.file.clone(), at)).copied().unwrap_or_default();
                (f64::from(noticed) + 0.5) / (f64::from(asked) + 1.0) / (test.seconds + START)
            };
            tests.sort_by(|one, other| value(other).total_cmp(&value(one)));
        }
        for (at, test) in tests {
            let verdict = test.ask(number)?;
            let mut state = self.locked()?;
            let (asked, noticed) = state.record.entry((change.file.clone(), at)).or_default();
            *asked += 1;
            *noticed += u32::from(verdict != Verdict::Passed);
            match verdict {
                Verdict::Passed => {}
                Verdict::Failed => return Ok(test.id.clone()),
                Verdict::Endless => return Ok(TIMEOUT.to_owned()),
            }
        }
        Ok(MISSED.to_owned())
    }
}

/// How many tests each program has, and how long they take.
pub(super) fn by_program(tests: &[Test]) -> BTreeMap<String, (usize, f64)> {
    let mut programs: BTreeMap<String, (usize, f64)> = BTreeMap::new();
    for test in tests {
        let program = test.id.rsplit_once('/').map_or(test.id.as_str(), |(program, _)| program);
        let entry = programs.entry(program.to_owned()).or_default();
        *entry = (entry.0 + 1, entry.1 + test.seconds);
    }
    programs
}
