//! The stage that changes one line after the other and runs tests: how many of the changes do they notice?
//!
//! cargo-mutants says which changes there are. All of them are compiled at once into a copy of the workspace, each behind a
//! switch, so that one build serves them all. Each test runs once without a change and tells which places it runs; a change is
//! then asked of the tests that run its place, the likely and quick ones first, until one fails. What no switch can make (a
//! constant, a `const fn`) has a build of its own. What is settled of a file is kept while the file stays the same, so that the
//! stage can be interrupted.

mod alone;
mod asking;
mod change;
mod fates;
mod programs;
mod sites;
mod switched;
mod table;
mod tree;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::thread;

use anyhow::{Result, ensure};

use super::tool::CARGO_MUTANTS;
use crate::context::Context;
use change::Change;
use fates::Fates;
use table::Score;
use tree::{CHANGED, Tree};

/// The crates in which each change that no test notices needs its reason in `.cargo/mutants.toml`.
const WITH_REASONS: &[&str] = &["reference", "implementation"];

/// The published table, from the root of the workspace.
const PUBLISHED: &str = "ci/mutants.md";

/// Of 100 changed lines that compile, how many the tests must notice.
const GOAL: usize = 95;

/// Seconds of the longest test that is asked, where nothing else is said: longer ones notice little more.
const MOST_SECONDS: u64 = 30;

pub(super) fn run(context: &Context) -> Result<()> {
    let sources = &context.options.sources;
    for source in sources {
        let is_in = |folder: &str| source.starts_with(&format!("{folder}/"));
        ensure!(CHANGED.iter().any(|it| is_in(it.0)), "`{source}` is in no crate whose lines are changed");
        ensure!(context.root.join(source).exists(), "`{source}` is no file or folder of the workspace");
    }
    let below = context.target.join("ci/mutants");
    context.sh.create_dir(&below)?;
    let folders: Vec<PathBuf> = CHANGED.iter().map(|(folder, _)| context.root.join(folder).join("src")).collect();
    let mut fates = Fates::kept(&below, &context.root, &folders)?;
    let (changes, left_out) = list(context)?;
    let is_chosen = |change: &Change| {
        !left_out.contains(&change.name)
            && (sources.is_empty() || sources.iter().any(|source| change.file.starts_with(source.as_str())))
    };
    let chosen: Vec<(u32, &Change)> = (1..).zip(&changes).filter(|(_, change)| is_chosen(change)).collect();
    let settled = chosen.iter().filter(|(_, change)| fates.is_settled(&change.name)).count();
    println!("{settled} of {} changes are settled by earlier runs", chosen.len());
    if !context.options.only_known {
        let jobs = context.options.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
        let most = context.options.test_seconds.unwrap_or(MOST_SECONDS);
        let most = f64::from(u32::try_from(most)?);
        let mut tree = Tree::copy(&context.root, &below)?;
        tree.switch(&context.root, &changes, &mut fates)?;
        let tests = asking::traced(&tree, &below.join("places"), jobs, most)?;
        for (program, (count, seconds)) in asking::by_program(&tests) {
            println!("{program}: {count} tests, {seconds:.1} s");
        }
        asking::ask_all(&tree, &tests, &chosen, &mut fates, (jobs, most))?;
        alone::ask_all(&context.root, &below, &tests, &chosen, &mut fates, most)?;
    }
    let scores: Vec<Score> =
        CHANGED.iter().map(|(folder, _)| Score::new(folder, &changes, &left_out, &fates)).collect();
    scores.iter().for_each(|score| println!("{}", score.line()));
    if sources.is_empty() {
        context.sh.write_file(PUBLISHED, table::markdown(&scores))?;
        println!("The table is in {PUBLISHED}.");
    }
    let names: BTreeSet<&str> = chosen.iter().map(|(_, change)| change.name.as_str()).collect();
    scores.iter().try_for_each(|score| check(score, &names))
}

/// All changes, and the names of those that make no difference that could be seen.
fn list(context: &Context) -> Result<(Vec<Change>, BTreeSet<String>)> {
    let program = CARGO_MUTANTS.path(context)?;
    let packages: Vec<&str> = CHANGED.iter().flat_map(|(_, package)| ["--package", package]).collect();
    let all = change::list(&context.sh, &program, &[packages.as_slice(), &["--no-config"]].concat())?;
    let asked = change::list(&context.sh, &program, &packages)?;
    let asked: BTreeSet<&str> = asked.iter().map(|change| change.name.as_str()).collect();
    let left_out = all.iter().map(|change| &change.name).filter(|name| !asked.contains(name.as_str())).cloned();
    let left_out = left_out.collect();
    Ok((all, left_out))
}

/// Fails where too few changes were noticed, or one without a reason.
fn check(score: &Score, chosen: &BTreeSet<&str>) -> Result<()> {
    let (noticed, viable) = (score.noticed(), score.viable());
    let unnoticed = || score.unnoticed.iter().filter(|name| chosen.contains(name.as_str()));
    unnoticed().for_each(|name| println!("not noticed: {name}"));
    ensure!(noticed * 100 >= viable * GOAL, "{}: {noticed} of {viable} noticed is less than {GOAL} %", score.folder);
    ensure!(
        unnoticed().next().is_none() || !WITH_REASONS.contains(&score.folder),
        "{}: each change that is not noticed needs a trace in corpus/spec or an oracle that notices it, or, where it makes \
         no difference that could be seen, its reason in .cargo/mutants.toml",
        score.folder
    );
    Ok(())
}
