//! The stage that changes one line of the two sides after the other, and asks that a test notices each change.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::tool::CARGO_MUTANTS;
use super::workshop::{Call, Workshop};

/// A package whose lines are changed, and the packages whose tests must notice.
struct Changed {
    package: &'static str,
    /// The room of the package.
    room: &'static str,
    noticed_by: &'static str,
}

/// The harness holds the corpus and generated operations against both sides.
const CHANGED: &[Changed] = &[
    Changed {
        package: "stalemap-implementation",
        room: "implementation",
        noticed_by: "stalemap-implementation,stalemap-harness",
    },
    Changed { package: "stalemap-reference", room: "reference", noticed_by: "stalemap-harness" },
];

/// How cargo-mutants ends when it did its work: all noticed, some not, some only by the end of their time.
const WORK_DONE: &[i32] = &[0, 2, 3];

pub(super) fn run(workshop: &Workshop) -> Result<()> {
    for source in workshop.sources() {
        let is_changed = CHANGED.iter().any(|changed| is_in(source, changed.room));
        ensure!(is_changed, "`{source}` is in neither of the two sides, whose lines are changed");
        ensure!(workshop.root().join(source).is_file(), "`{source}` is no file of the workspace");
    }
    let program = CARGO_MUTANTS.path(workshop)?;
    let mut survivors = Vec::new();
    for changed in CHANGED {
        let chosen: Vec<&String> = workshop.sources().iter().filter(|source| is_in(source, changed.room)).collect();
        if chosen.is_empty() && !workshop.sources().is_empty() {
            continue;
        }
        let folder = workshop.fresh_folder(&format!("mutants-{}", changed.room))?;
        let mut call = Call::new(&program).arguments(["mutants", "--no-shuffle", "--colors=never", "--package"]);
        call = call.arguments([changed.package, "--test-package", changed.noticed_by, "--output"]).argument(&folder);
        for source in chosen {
            call = call.arguments(["--file", source]);
        }
        let code = workshop.code(&call)?;
        ensure!(
            WORK_DONE.contains(&code),
            "cargo-mutants could not do its work (exit code {code}); its logs are in {}",
            folder.join("mutants.out").display()
        );
        survivors.extend(report(changed.package, &folder.join("mutants.out"))?);
    }
    for survivor in &survivors {
        println!("survived: {survivor}");
    }
    ensure!(survivors.is_empty(), "no test noticed {} changed lines; each is listed above", survivors.len());
    Ok(())
}

fn is_in(source: &str, room: &str) -> bool {
    source.strip_prefix(room).is_some_and(|rest| rest.starts_with('/'))
}

/// Prints what became of the mutants of a package, and gives those that no test noticed.
fn report(package: &str, folder: &Path) -> Result<Vec<String>> {
    let list = |name: &str| -> Result<Vec<String>> {
        let path = folder.join(name);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(text.lines().map(str::to_owned).collect())
    };
    let survivors = list("missed.txt")?;
    println!(
        "{package}: {} killed by a test, {} by the end of their time, {} unviable, {} survived",
        list("caught.txt")?.len(),
        list("timeout.txt")?.len(),
        list("unviable.txt")?.len(),
        survivors.len()
    );
    Ok(survivors)
}
