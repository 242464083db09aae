//! Changes that no switch can make: each has a build of its own, in a second copy of the workspace.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::change::Change;
use super::fates::{Fates, MISSED, TIMEOUT, UNVIABLE};
use super::programs::{Test, Verdict, tests_of};
use super::tree::Tree;

/// Makes each change that is alone, builds, and asks the tests, the quick ones first.
pub(super) fn ask_all(
    root: &Path,
    below: &Path,
    traced: &[Test],
    changes: &[(u32, &Change)],
    fates: &mut Fates,
    most_seconds: f64,
) -> Result<()> {
    let is_waiting = |change: &&Change| fates.is_alone(&change.name) && !fates.is_settled(&change.name);
    let waiting: Vec<&Change> = changes.iter().map(|(_, change)| *change).filter(is_waiting).collect();
    if waiting.is_empty() {
        return Ok(());
    }
    println!("{} changes need a build of their own", waiting.len());
    let tree = Tree::copy_whole(root, &below.join("alone"))?;
    let seconds: HashMap<&str, f64> = traced.iter().map(|test| (test.id.as_str(), test.seconds)).collect();
    for (done, change) in waiting.iter().enumerate() {
        let path = tree.folder.join(&change.file);
        let source = fs::read_to_string(root.join(&change.file))?;
        let (before, after) = (&source[..change.place.start], &source[change.place.end..]);
        fs::write(&path, format!("{before}{}{after}", change.replacement))?;
        let fate = fate(&tree, &seconds, most_seconds);
        fs::write(&path, &source).with_context(|| format!("cannot write {}", path.display()))?;
        let fate = fate?;
        println!("{} of {}: {}: {fate}", done + 1, waiting.len(), change.name);
        fates.set(&change.name, &fate);
        fates.keep()?;
    }
    Ok(())
}

fn fate(tree: &Tree, seconds: &HashMap<&str, f64>, most_seconds: f64) -> Result<String> {
    if !tree.compiles()? {
        return Ok(UNVIABLE.to_owned());
    }
    let mut tests = Vec::new();
    for (program, folder) in tree.build_tests()? {
        tests.extend(tests_of(&program, &folder)?);
    }
    for test in &mut tests {
        test.seconds = seconds.get(test.id.as_str()).copied().unwrap_or(0.0);
    }
    tests.retain(|test| test.seconds <= most_seconds);
    tests.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
    for test in tests {
        match test.ask(0)? {
            Verdict::Passed => {}
            Verdict::Failed => return Ok(test.id),
            Verdict::Endless => return Ok(TIMEOUT.to_owned()),
        }
    }
    Ok(MISSED.to_owned())
}
