//! The stage that changes one line after the other and runs tests: how many of the changes do they notice?
//!
//! cargo-mutants does the work, in passes: each pass tests what the passes before it have not noticed, the quick ones
//! first. What is settled of a file is kept while the file stays the same, so that the stage can be interrupted.

mod fates;
mod table;

use std::io::{IsTerminal, stdout};
use std::path::Path;

use anyhow::{Result, ensure};
use xshell::cmd;

use super::tool::CARGO_MUTANTS;
use crate::context::{Context, exit_code};
use fates::Fates;
use table::Score;

/// A crate whose lines are changed.
struct Mutated {
    folder: &'static str,
    package: &'static str,
    passes: &'static [Pass],
    /// Whether each change that no test notices needs its reason in `.cargo/mutants.toml`.
    needs_reasons: bool,
}

/// Tests that are run on changed lines.
struct Pass {
    name: &'static str,
    /// Compiling is most of the work of tests that end at once, running them that of the others.
    optimised: &'static str,
    /// As arguments of cargo-mutants.
    tests: &'static str,
}

/// Corpus, seeded bugs and sequences for each rule, with both sides side by side: a second.
const QUICK: Pass = Pass {
    name: "quick",
    optimised: "0",
    tests: "--test-package=stalemap-harness --cargo-arg=--test=strength -- -- --exact quick_checks",
};

/// States, large machines and a campaign, likewise: some seconds.
const THOROUGH: Pass = Pass {
    name: "thorough",
    optimised: "1",
    tests: "--test-package=stalemap-harness --cargo-arg=--test=strength -- -- --exact thorough_checks",
};

const MUTATED: &[Mutated] = &[
    Mutated {
        folder: "reference",
        package: "stalemap-reference",
        passes: &[
            QUICK,
            THOROUGH,
            Pass { name: "tests", optimised: "1", tests: "--test-package=stalemap-harness,stalemap" },
        ],
        needs_reasons: true,
    },
    Mutated {
        folder: "implementation",
        package: "stalemap-implementation",
        passes: &[
            QUICK,
            THOROUGH,
            // Alone: other packages would switch the seeded bugs on, and nothing would run what stands in their place.
            Pass { name: "tests", optimised: "1", tests: "--test-package=stalemap-implementation" },
        ],
        needs_reasons: true,
    },
    Mutated {
        folder: "harness",
        package: "stalemap-harness",
        passes: &[
            // Subjects that lie about one thing, and what a change of the harness's own counts does: a second.
            Pass {
                name: "judge",
                optimised: "0",
                tests: "--test-package=stalemap-harness --cargo-arg=--lib --cargo-arg=--test=judge --cargo-arg=--test=faults",
            },
            QUICK,
            Pass { name: "harness", optimised: "1", tests: "--test-package=stalemap-harness" },
            Pass { name: "tests", optimised: "1", tests: "--test-package=stalemap,stalemap-linux" },
        ],
        needs_reasons: false,
    },
];

/// The published table, from the root of the workspace.
const PUBLISHED: &str = "ci/mutants.md";

/// Of 100 changed lines that compile, how many the tests must notice.
const GOAL: usize = 95;

/// How cargo-mutants ends when it did its work: all noticed, some not, some only by the end of their time.
const WORK_DONE: &[i32] = &[0, 2, 3];

/// Seconds for a build or the tests of a pass.
const MOST_SECONDS: &str = "180";

/// The most memory that a program may ask for, in KiB, since a changed line may ask for more and more.
const MOST_MEMORY: &str = "8000000";

pub(super) fn run(context: &Context) -> Result<()> {
    let sources = &context.options.sources;
    let is_in = |source: &String, mutated: &Mutated| source.starts_with(&format!("{}/", mutated.folder));
    for source in sources {
        ensure!(MUTATED.iter().any(|it| is_in(source, it)), "`{source}` is in no crate whose lines are changed");
        ensure!(context.root.join(source).is_file(), "`{source}` is no file of the workspace");
    }
    let program = CARGO_MUTANTS.path(context)?;
    let mut scores = Vec::new();
    for mutated in MUTATED.iter().filter(|it| sources.is_empty() || sources.iter().any(|source| is_in(source, it))) {
        let score = Run { context, program: &program, mutated }.score()?;
        println!("{}", score.line());
        scores.push(score);
    }
    if sources.is_empty() {
        context.sh.write_file(PUBLISHED, table::markdown(&scores))?;
        println!("The table is in {PUBLISHED}.");
    }
    scores.iter().try_for_each(check)
}

/// Fails where too few changes were noticed, or one without a reason.
fn check(score: &Score) -> Result<()> {
    let (noticed, viable) = (score.noticed(), score.viable());
    score.unnoticed.iter().for_each(|name| println!("not noticed: {name}"));
    ensure!(noticed * 100 >= viable * GOAL, "{}: {noticed} of {viable} noticed is less than {GOAL} %", score.folder);
    ensure!(
        score.unnoticed.is_empty() || !score.needs_reasons,
        "{}: each change that is not noticed needs a trace in corpus/spec or an oracle that notices it, or, where it makes \
         no difference that could be seen, its reason in .cargo/mutants.toml",
        score.folder
    );
    Ok(())
}

/// The lines of a crate, changed one after the other.
struct Run<'a> {
    context: &'a Context,
    program: &'a Path,
    mutated: &'a Mutated,
}

impl Run<'_> {
    fn score(&self) -> Result<Score> {
        let folder = self.context.target.join("ci").join(format!("mutants-{}", self.mutated.folder));
        self.context.sh.create_dir(&folder)?;
        let root = &self.context.root;
        let mut fates = Fates::kept(&folder, root, &root.join(self.mutated.folder).join("src"))?;
        let names = self.list(&[])?;
        let known = names.iter().filter(|name| fates.is_settled(name)).count();
        println!("{}: {known} of {} changes are settled by earlier runs", self.mutated.folder, names.len());
        if !self.context.options.only_known {
            for pass in self.mutated.passes {
                self.pass(pass, &folder, &mut fates)?;
            }
        }
        let all = self.list(&["--no-config"])?;
        let left_out = all.into_iter().filter(|name| !names.contains(name)).collect();
        let Mutated { folder, needs_reasons, .. } = *self.mutated;
        Ok(Score::new(folder, needs_reasons, &names, &fates, left_out))
    }

    /// Lets cargo-mutants test all that is not settled yet.
    fn pass(&self, pass: &Pass, folder: &Path, fates: &mut Fates) -> Result<()> {
        let Pass { name, optimised, tests } = pass;
        fates.begin(name)?;
        let options = ["--no-shuffle", "--colors=never", "--iterate", "--baseline=skip"];
        // Where there is no progress bar, a line for each.
        let lines: &[&str] = if stdout().is_terminal() { &[] } else { &["--caught", "--unviable"] };
        let limited = format!("ulimit -v {MOST_MEMORY}; exec \"$0\" \"$@\"");
        let (program, words) = (self.program, self.words());
        let mutants =
            cmd!(self.context.sh, "sh -c {limited} {program} {words...} {options...} {lines...} --output {folder}");
        let mutants =
            mutants.args(["--timeout", MOST_SECONDS, "--build-timeout", MOST_SECONDS]).args(tests.split_whitespace());
        let mutants = mutants.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_PROFILE_DEV_OPT_LEVEL", optimised);
        let code = exit_code(mutants)?;
        ensure!(
            WORK_DONE.contains(&code),
            "cargo-mutants could not do its work (exit code {code}); its logs are in {}",
            folder.join("mutants.out").display()
        );
        fates.harvest()
    }

    /// The names of the changes that cargo-mutants makes.
    fn list(&self, how: &[&str]) -> Result<Vec<String>> {
        let (program, words) = (self.program, self.words());
        let list = cmd!(self.context.sh, "{program} {words...} --list {how...}").quiet().read()?;
        Ok(list.lines().map(str::to_owned).collect())
    }

    /// A call of cargo-mutants for the chosen sources of the crate.
    fn words(&self) -> Vec<&str> {
        let start = ["mutants", "--package", self.mutated.package];
        let sources = self.context.options.sources.iter().filter(|source| source.starts_with(self.mutated.folder));
        start.into_iter().chain(sources.flat_map(|source| ["--file", source.as_str()])).collect()
    }
}
