//! The stage that changes one line of the two sides after the other, and asks who notices: how strong the oracles are.
//!
//! Each changed line is judged by `harness/tests/strength.rs`: the corpus is replayed, then a campaign runs, both sides
//! side by side, so that a changed implementation disagrees with the reference and a changed reference with the
//! implementation. That build has the seeded bugs; what it does not notice of the implementation is judged by the replay
//! of the corpus in a build without them. What is left is given to all other tests, whose kills do not count for the
//! score.

mod equivalent;
mod fate;
mod table;

use std::ffi::OsString;
use std::fs;
use std::io::{IsTerminal, stdout};
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::tool::CARGO_MUTANTS;
use super::workshop::{Call, Workshop};
use equivalent::Equivalent;
use fate::{Fate, Fates, Killer};
use table::Score;

/// One of the two sides.
struct Room {
    name: &'static str,
    package: &'static str,
    /// The package's own test program that replays the corpus, in a build without the seeded bugs: lines that only such
    /// a build has are compiled nowhere else.
    plain: Option<&'static str>,
    /// Packages whose other tests are asked about what the judge did not notice.
    tests: &'static str,
}

const ROOMS: &[Room] = &[
    Room { name: "reference", package: "stalemap-reference", plain: None, tests: "stalemap-harness,stalemap" },
    Room {
        name: "implementation",
        package: "stalemap-implementation",
        plain: Some("corpus"),
        // Alone: the other packages would switch the seeded bugs on, and nobody would run what stands in their place.
        tests: "stalemap-implementation",
    },
];

/// The judge's package and test program.
const JUDGE: [&str; 2] = ["stalemap-harness", "strength"];

/// The judge's tests, one after the other, each about what those before it did not notice; and how much the sources are
/// optimised, since compiling them is most of the work of the first, and running them of the second.
const SESSIONS: &[(&str, &str)] = &[("nobody_objects_at_once", "0"), ("nobody_objects_at_last", "1")];

/// The published table, from the root of the workspace.
const PUBLISHED: &str = "ci/mutants.md";

/// Of 100 changed lines that compile, how many the judge must notice.
const GOAL: usize = 95;

/// How cargo-mutants ends when it did its work: all noticed, some not, some only by the end of their time.
const WORK_DONE: &[i32] = &[0, 2, 3];

/// Seconds for a build or a test. The judge itself objects to an execution that does not end, so this is needed where
/// the compiler does not end only, which computes constants.
const MOST_SECONDS: &str = "180";

/// The most memory that a program may ask for, in KiB, since a changed line may ask for more and more.
const MOST_MEMORY: &str = "8000000";

pub(super) fn run(workshop: &Workshop) -> Result<()> {
    for source in workshop.sources() {
        let is_changed = ROOMS.iter().any(|room| is_in(source, room));
        ensure!(is_changed, "`{source}` is in neither of the two sides, whose lines are changed");
        ensure!(workshop.root().join(source).is_file(), "`{source}` is no file of the workspace");
    }
    let program = CARGO_MUTANTS.path(workshop)?;
    if !workshop.is_known_enough() {
        check_judge(workshop)?;
    }
    let is_everything = workshop.sources().is_empty();
    let mut scores = Vec::new();
    for room in ROOMS.iter().filter(|room| is_everything || workshop.sources().iter().any(|it| is_in(it, room))) {
        let score = Shop { workshop, program: &program, room }.score()?;
        println!("{}", score.line());
        scores.push(score);
    }
    if is_everything {
        table::write(&workshop.root().join(PUBLISHED), &scores)?;
        println!("The table is in {PUBLISHED}.");
    }
    judge(&scores)
}

/// The judge must not object to what is not changed.
fn check_judge(workshop: &Workshop) -> Result<()> {
    println!("Can be interrupted: the next call goes on from there, as long as the sources of the room are the same.");
    let unchanged = Call::cargo(["test", "-q", "-p", JUDGE[0], "--test", JUDGE[1], "--", "--ignored"]);
    workshop.run(&unchanged).context("the judge objects to the unchanged sources")
}

fn is_in(source: &str, room: &Room) -> bool {
    source.strip_prefix(room.name).is_some_and(|rest| rest.starts_with('/'))
}

/// Fails where a changed line was not noticed and nobody says why, and where too few were noticed.
fn judge(scores: &[Score]) -> Result<()> {
    let unjudged: usize = scores.iter().map(|score| score.unjudged).sum();
    ensure!(unjudged == 0, "{unjudged} changed lines are not judged yet: call the stage again");
    for score in scores {
        score.survivors.keys().for_each(|name| println!("survived: {name}"));
    }
    let survivors: usize = scores.iter().map(|score| score.survivors.len()).sum();
    ensure!(
        survivors == 0,
        "{survivors} changed lines were not noticed, each is listed above; each needs a trace in corpus/spec or an oracle \
         that notices it, or, where it makes no difference that could be seen, its reason in .cargo/mutants.toml"
    );
    for score in scores {
        let (killed, viable) = (score.killed(), score.viable());
        ensure!(killed * 100 >= viable * GOAL, "{}: {killed} of {viable} noticed is less than {GOAL} %", score.room);
    }
    Ok(())
}

/// Who is asked about changed lines.
struct Asked<'a> {
    optimised: &'a str,
    /// How cargo-mutants calls them.
    words: Vec<OsString>,
    /// Who noticed, given the log.
    killer: &'a dyn Fn(&str) -> Killer,
}

/// How cargo-mutants calls a test program, and with which words the program is called.
fn tested([package, program]: [&str; 2], words: &[&str]) -> Vec<OsString> {
    let program = format!("--cargo-arg=--test={program}");
    let whole = ["--test-package", package, &program, "--", "--"];
    whole.iter().chain(words).map(OsString::from).collect()
}

/// Where the lines of a room are changed.
struct Shop<'a> {
    workshop: &'a Workshop,
    program: &'a Path,
    room: &'a Room,
}

impl Shop<'_> {
    fn score(&self) -> Result<Score> {
        let asked: Vec<String> = self.list(&["--list"])?;
        let folder = self.workshop.target().join("ci").join(format!("mutants-{}", self.room.name));
        let mut fates = self.earlier(&folder)?;
        if !self.workshop.is_known_enough() {
            self.ask(&asked, &folder, &mut fates)?;
        }
        let equivalent = self.equivalent(&fates)?;
        let is_left_out = |name: &String| equivalent.iter().any(|it| it.names.contains(name));
        let asked: Vec<String> = asked.into_iter().filter(|name| !is_left_out(name)).collect();
        Ok(Score::new(self.room.name, &asked, &fates, equivalent))
    }

    /// Asks the judge about all that is not settled, with the seeded bugs and without, and then all other tests about
    /// what is left.
    fn ask(&self, asked: &[String], folder: &Path, fates: &mut Fates) -> Result<()> {
        for (session, optimised) in SESSIONS {
            if asked.iter().all(|name| fates.is_settled(name)) {
                break;
            }
            fates.forget_unsettled();
            let words = tested(JUDGE, &["--ignored", "--nocapture", "--exact", session]);
            self.pass(folder, fates, &Asked { optimised, words, killer: &Killer::of_judge })?;
            fates.keep(folder)?;
        }
        let count = |fates: &Fates| asked.iter().filter(|&name| fates.survived(name)).count();
        if let Some(program) = self.room.plain.filter(|_| count(fates) > 0) {
            let words = tested([self.room.package, program], &[]);
            let plain = Asked { optimised: "1", words, killer: &Killer::of_plain };
            self.pass(&folder.join("plain"), fates, &plain)?;
            fates.keep(folder)?;
        }
        let survivors = count(fates);
        if survivors > 0 {
            println!("{}: {survivors} were not noticed; all other tests are asked about them", self.room.name);
            let words = ["--test-package", self.room.tests].map(OsString::from).into();
            let tests = Asked { optimised: "1", words, killer: &Killer::of_tests };
            self.pass(&folder.join("tests"), fates, &tests)?;
            fates.keep(folder)?;
        }
        Ok(())
    }

    /// What an earlier, interrupted run came to, if it ran on the same sources of the room: changed lines go by their
    /// places in it.
    fn earlier(&self, folder: &Path) -> Result<Fates> {
        let sources = format!("{}/src", self.room.name);
        let state = fate::digest(self.workshop.root(), &["operations/src", &sources])?;
        let kept = folder.join("sources");
        if fs::read_to_string(&kept).is_ok_and(|it| it == state) {
            let mut fates = Fates::kept(folder)?;
            fates.harvest_settled(folder, &Killer::of_judge)?;
            fates.keep(folder)?;
            println!("{}: {} changed lines were judged by an earlier run", self.room.name, fates.settled().count());
            return Ok(fates);
        }
        self.workshop.fresh_folder(&format!("mutants-{}", self.room.name))?;
        fs::write(&kept, state).with_context(|| format!("cannot write {}", kept.display()))?;
        Ok(Fates::default())
    }

    /// Lets cargo-mutants judge all that is not settled yet, and notes what became of it.
    fn pass(&self, folder: &Path, fates: &mut Fates, asked: &Asked<'_>) -> Result<()> {
        fates.tell_settled(folder)?;
        let mut words: Vec<OsString> = self.words(&["--no-shuffle", "--colors=never", "--iterate", "--baseline=skip"]);
        words.extend(["--timeout", MOST_SECONDS, "--build-timeout", MOST_SECONDS, "--output"].map(OsString::from));
        words.push(folder.into());
        if !stdout().is_terminal() {
            // Where there is no progress bar, a line for each.
            words.extend(["--caught", "--unviable"].map(OsString::from));
        }
        words.extend_from_slice(&asked.words);
        let limited = format!("ulimit -v {MOST_MEMORY}; exec \"$0\" \"$@\"");
        let call = Call::new("sh").arguments(["-c".into(), OsString::from(limited), self.program.into()]);
        let call = call.arguments(words).with("CARGO_PROFILE_DEV_DEBUG", "0");
        let call = call.with("CARGO_PROFILE_DEV_OPT_LEVEL", asked.optimised);
        let code = self.workshop.code(&call)?;
        let logs = folder.join("mutants.out");
        ensure!(
            WORK_DONE.contains(&code),
            "cargo-mutants could not do its work (exit code {code}); its logs are in {}",
            logs.display()
        );
        fates.harvest(folder, asked.killer)
    }

    /// A call of cargo-mutants that says something about the room's changed lines.
    fn words(&self, more: &[&str]) -> Vec<OsString> {
        let mut words: Vec<OsString> = ["mutants", "--package", self.room.package].map(OsString::from).into();
        words.extend(more.iter().map(OsString::from));
        for source in self.workshop.sources().iter().filter(|source| is_in(source, self.room)) {
            words.extend(["--file".into(), OsString::from(source)]);
        }
        words
    }

    fn list(&self, how: &[&str]) -> Result<Vec<String>> {
        let said = self.workshop.ask(&Call::new(self.program).arguments(self.words(how)))?;
        Ok(said.lines().map(str::to_owned).collect())
    }

    /// The changed lines of the room that are left out, by the reason why; but those that are known not to compile.
    fn equivalent(&self, fates: &Fates) -> Result<Vec<Equivalent>> {
        let mut found = equivalent::read(&self.workshop.root().join(".cargo/mutants.toml"))?;
        for Equivalent { pattern, names, .. } in &mut found {
            *names = self.list(&["--list", "--no-config", "--re", pattern])?;
            // cargo-mutants 27.0 lists a deleted field whatever the pattern is, and does not leave it out either.
            names.retain(|name| !name.contains(": delete field ") || name.contains(pattern.as_str()));
            names.retain(|name| fates.get(name) != Some(&Fate::Unviable));
        }
        found.retain(|it| !it.names.is_empty());
        Ok(found)
    }
}
